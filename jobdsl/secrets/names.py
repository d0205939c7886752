"""Names that mean that their value is a secret, and values that cannot be one."""

from __future__ import annotations

import re
from functools import lru_cache

from jobdsl.secrets.lines import Lines, lines_with

__all__ = [
    "STEMS",
    "ends_secret",
    "harmless",
    "is_password",
    "lines_about_secrets",
    "literal",
    "names_about",
    "names_secret",
    "refers",
]

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_PASSWORD = re.compile(
    r".*(?:passwords?|passwd|passphrases?|passwort|passcode|kennwort|密码|密碼)|(?:root|user|admin|bind|db|ldap|key|store)?pw|pwd|psw|mdp"
)
_SECRET = re.compile(
    rf"(?:{_PASSWORD.pattern}|.*(?:secret|token|authorization|pwd|(?:api|auth|access|private|secret|ssh)keys?))",
    re.DOTALL,
)
"""One word, in small letters."""
_PASS = re.compile(r"(?!(?:by|com|en?com|over|sur|tres|under)pass\Z)\w*pass")
_KEYS = frozenset(
    {
        "access", "account", "admin", "api", "auth", "client", "consumer", "deploy", "encrypt",
        "encryption", "hmac", "integration", "license", "master", "private", "routing", "secret",
        "service", "shared", "sign", "signing", "ssh", "storage", "subscription",
    }
)  # fmt: skip
"""Words that make a secret of a `key` behind them."""
_TELLING = frozenset({"clear", "default", "plain", "prod", "string", "test", "text", "value"})
"""Last words that change nothing: what stands before them counts."""
_ABOUT = frozenset(
    {
        "action", "algorithm", "arn", "chars", "charset", "check", "class", "config", "count", "cred",
        "credential", "credentials", "creds", "definition", "description", "dir", "disabled", "docs",
        "enabled", "endpoint", "env", "environment", "event", "expiration", "expires", "expiry", "fd",
        "field", "fields", "file", "filename", "files", "filter", "folder", "format", "header", "help",
        "hint", "host", "id", "ids", "index", "input", "issuer", "kind", "label", "len", "length", "limit",
        "location", "lock", "macro", "manager", "map", "max", "min", "mode", "name", "names", "number",
        "param", "parameter", "parameters", "params", "path", "paths", "pattern", "policy", "prefix",
        "prompt", "property", "provider", "ref", "refs", "regex", "required", "reset", "role", "scope",
        "scopes", "size", "source", "status", "stdin", "store", "strength", "strip", "suffix", "template",
        "timeout", "tool", "ttl", "type", "types", "uri", "url", "urls", "usage", "user", "username",
        "uuid", "var", "variable", "variables", "vars", "version",
    }
)  # fmt: skip
"""Last words by which a name is about a secret and holds none."""
_WHOLE = frozenset({"_auth", "sonar.login"})
"""Names that count only as a whole: of npm, and of SonarQube, whose login is a token."""
_REFERENCE = re.compile(
    r"\$\{jobdsl:secret:[^{}<]+\}|\$\{[!#]?\w[\w.\-]*(?:[%#/,^@][^{}]*|:\d[^{}]*|\([^{}]*\)|\[[^{}]*\])?\}"
    r"|\$\{\w+(?::?[-=+](?:\$\w+|\$\{\w+\}|(?i:none|null|nil|unset|undefined|empty))?|:?\?[^{}]*)\}"
    r"|\$\([^()]*\)|\$(?i:env|global|script|using):\w+|\$[\w.]+|%[A-Za-z_]\w*%|![A-Za-z_]\w*!|\{\{[^{}]*\}\}|#\{[^{}]*\}|@\w+@|`[^`]*`"
)
"""A value that stands elsewhere, in the ways of shells, Jenkins, batch files, templates and Ant."""
_ENCRYPTED = r"\{AQAAABAAAA[A-Za-z0-9+/=]+\}"
_HARMLESS = re.compile(
    rf"\s*|{_ENCRYPTED}|REDACTED|\[?(?:MASKED|HIDDEN|FILTERED)\]?|[*•]+|[xX]{{3,}}|\.{{3,}}"
    r"|<[\w .:/-]*>|true|false|null|none|nil|undefined|yes|no",
    re.IGNORECASE,
)
"""Values that are no secret: empty, encrypted by Jenkins, masked before, or a choice."""
_FORMAT = re.compile(r"%(?:\(\w+\))?[sdr](?:\\n)?|\{[A-Za-z_]?[\w.]*(?:![rsa])?\}(?:\\n)?")
"""What a program puts a value into: `%s`, `{token}`."""
_SCHEME = re.compile(r"(?i)(?:basic|bearer|token|apikey|apitoken)[ \t]+")
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w./\\-]*|[\w.-]+\.(?:pem|key|pub|gpg|asc|p12|jks|txt|json)"
)
_PLAIN_WORD = re.compile(r"[A-Za-z_-]+")
_SHORT = 16
"""Characters below which a word of letters alone is the name of a key, not a key."""
_AWS = re.compile(r"(?=[^/]*/[^/]*\Z|.*[0-9])[A-Za-z0-9/+]{40}")
"""A secret key of AWS may begin as a path does."""
_BETWEEN = re.compile(r"[\s:;,/@.+=_-]*")


STEMS = (
    "pass", "key", "secret", "token", "auth", "pw", "word", "wd", "phrase", "sonar.login", "psw", "mdp",
    "pat", "kennwort", "密码", "密碼",
)  # fmt: skip
"""Every name of a secret has one of these in it, in small letters."""

_STEM = re.compile("|".join(map(re.escape, STEMS)))
_SHORT_TEXT = 200
"""Characters below which one search for all of them is faster than one for each."""


def lines_about_secrets(text: str) -> Lines:
    """List the lines of a text that may have the name of a secret in them (fast filter before the rules)."""
    low = text.lower()
    if len(low) < _SHORT_TEXT and _STEM.search(low) is None:
        return ()
    if len(low) != len(text):  # one of its letters has two in lower case
        return [(0, len(text))]
    return lines_with(low, STEMS)


def _words(name: str) -> list[str]:
    return [word for word in _BOUNDARY.sub(" ", name).lower().split(" ") if word]


@lru_cache(maxsize=20_000)
def names_secret(name: str) -> bool:
    """Whether what is called so is a secret: DB_PASSWORD, apiKey, token-prod; not PASSWORD_FILE, tokenId."""
    if name in _WHOLE:
        return True
    words = _words(name)
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if not words or words[-1] in _ABOUT:
        return False
    return any(_secret_at(words, at) for at in range(len(words)))


def names_about(name: str) -> bool:
    """Return whether a name is one of ids, paths, variables: things about something else."""
    words = _words(name)
    return bool(words) and words[-1] in _ABOUT


@lru_cache(maxsize=20_000)
def ends_secret(name: str) -> bool:
    """Whether a name's last words do: `privateKey`, `secretText`; not `secretsEngine`, `tokenMacro`."""
    words = _words(name)
    while len(words) > 1 and (words[-1] in _TELLING or words[-1].isdigit()):
        words.pop()
    return bool(words) and _secret_at(words, len(words) - 1)


def is_password(name: str) -> bool:
    """Return whether it is the name of a password, so that any value at all is one."""
    return any(map(_PASSWORD.fullmatch, _words(name)))


def _secret_at(words: list[str], at: int) -> bool:
    """Return whether the word there makes a secret of the name, with the one before it."""
    word = words[at].rstrip("0123456789")
    before = words[at - 1] if at else ""
    if word in ("key", "keys", "phrase", "word", "wd") and before:
        return before in _KEYS if word.startswith("key") else before == "pass"
    last = all(following in _TELLING or following.isdigit() for following in words[at + 1 :])
    if last and (_PASS.fullmatch(word) or (word == "pat" and before)):
        return True
    return _SECRET.fullmatch(word) is not None


def refers(value: str) -> bool:
    """Return whether a value is only made of references: `${USER}:$PASS`, `%TOKEN%`, `{{ token }}`."""
    return (
        bool(value)
        and _REFERENCE.search(value) is not None
        and not _BETWEEN.sub("", _REFERENCE.sub("", value))
    )


def harmless(value: str) -> bool:
    """Return whether a value is no secret in clear, whatever it is called."""
    value = _SCHEME.sub("", value.strip())
    return _HARMLESS.fullmatch(value) is not None or refers(value)


def literal(name: str, value: str) -> bool:
    """Return whether a value given to a secret's name in the middle of a text is a secret in clear.

    Code that fetches one, expressions, counts and paths are none.
    """
    if harmless(value) or value.startswith(("$(", "`", ".*", "[^", "(.", "\\1", "<%", "http://", "https://")):
        return False
    if _FORMAT.fullmatch(value):
        return False
    if value[0] == "[" and value[-1] == "]":
        return False
    own = _REFERENCE.sub("", value.replace("REDACTED", ""))
    size = sum(map(str.isalnum, own))
    if size < (1 if own == value else 3):
        return False
    if is_password(name):
        return not (name.lower().endswith("pwd") and _PATH.fullmatch(value))
    if len(value) < 3 or (value.isdigit() and len(value) < 6):
        return False
    if name.lower().endswith("key") and len(value) < _SHORT and _PLAIN_WORD.fullmatch(value):
        return False
    return not _PATH.fullmatch(value) or _AWS.fullmatch(value) is not None
