"""Secrets on command lines: what well-known commands take as a password, in an argument or from a pipe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from jobdsl.secrets.formats import Span
from jobdsl.secrets.lines import lines_with
from jobdsl.secrets.names import literal
from jobdsl.secrets.values import value_at

__all__ = ["commanded", "commands_in", "piped"]

_P = r"(?<!\S)-p[ \t]*"
_LOGIN = (
    r"(?<!\S|[\"'])(?:-[A-Za-z]*[uUA]|--user|--proxy-user|-a|--auth|-auth|--creds)(?:[ \t]*|=)"
    r"[\"']?[^\s:\"'/@]+:"
    r"|(?<!\S)(?:-E|--cert)[ \t]+[^\s:]+:"
)
_AFTER_LOGIN = r"\blogin\b.*?(?<!\S)-p[ \t=]*(?=[^\s-])"
_SPACED = r"(?<!\S)-p[ \t]+"
_CAPITAL = r"(?<!\S)-P[ \t]*"
_TABLE = {
    "sshpass": _P,
    "curl wget http xh httpie jenkins-cli ab jfrog jf etcdctl": _LOGIN,
    "docker podman buildah skopeo nerdctl helm oc az ibmcloud heroku": _AFTER_LOGIN,
    "cf": rf"{_AFTER_LOGIN}|\bauth[ \t]+[^\s-]\S*[ \t]+",
    "mysql mysqldump mysqladmin mysqlimport mycli mariadb mariadb-dump 7z 7za 7zr": r"(?<!\S)-p(?=\S)",
    "mongo mongosh mongodump mongorestore influx twine altool poetry": _SPACED,
    "psexec cqlsh hdbsql ncftpput racadm useradd usermod": _SPACED,
    "security": r"(?<!\S)-[pP][ \t]+",
    "sqlcmd bcp isql osql zip unzip ipmitool mosquitto_pub mosquitto_sub p4": _CAPITAL,
    "plink pscp psftp putty nodetool": r"(?<!\S)-pw[ \t]+",
    "sqlplus sqlldr expdp impdp": r"(?<!\S)[\"']?\w+/(?=[^/\s])",
    "redis-cli": r"(?<!\S)-a[ \t]+",
    "ldapsearch ldapmodify ldapadd vsql": r"(?<!\S)-w[ \t]*",
    "signtool schtasks": r"(?<!\S)/p[ \t]+",
    "lftp": r"(?<!\S)-u[ \t]*[\w.@-]+,",
    "smbclient smbget rpcclient": r"(?<!\S)-U[ \t]*[\w\\./-]+%",
    "openssl apksigner keytool": r"\bpass:|(?<=\s)-k[ \t]+(?!\S*[/.])",
    "nuget": r"(?<!\S)-k[ \t]+",
    "cargo vault": r"\blogin[ \t]+(?=[^\s-][^\s=]*(?:\s|\Z))",
    "snyk": r"\bauth[ \t]+(?=[0-9a-f]{8}-)",
    "codecov": r"(?<!\S)-t[ \t]+",
    "composer": r"\bhttp-basic\.\S+[ \t]+\S+[ \t]+",
    "npm yarn pnpm": r"(?:\b|(?<=:))_(?:authToken|auth|password)[\"']?[ \t]+"
    r"|\bset[ \t]+[\"']?\S*?(?:npmAuthToken|npmAuthIdent)[\"']?[ \t]+"
    r"|\b(?:login|adduser)\b.*?(?<!\S)(?:-p|--password|--_?auth|--token)[ \t=]+(?=[^\s-])",
    "npm-cli-login npm-auth-to-token": _SPACED,
    "db2": r"(?i)\buser[ \t]+\S+[ \t]+using[ \t]+",
    "rabbitmqctl": r"\b(?:add_user|change_password)[ \t]+\S+[ \t]+",
    "tf": r"/login:[^\s,]+,",
    "aws": r"\bset[ \t]+\S*(?:secret_access_key|session_token)[ \t]+",
    "net": r"(?i)\buse[ \t]+(?:\w:[ \t]+)?\\\\\S+[ \t]+"
    r"(?:/user:\S+[ \t]+(?![/\s])|(?![/\s])(?=\S+[ \t]+/user:))",
    "htpasswd": r"-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+",
    "ftp quote": r"(?i)\bpass[ \t]+",
    "machine": r"\blogin[ \t]+\S+[ \t]+password[ \t]+",
    "ConvertTo-SecureString": r"\A[ \t]+(?:-String[ \t]+)?(?=[\"'])",
}  # fmt: skip
"""By the names of commands: what stands before the password among their arguments."""
_OPTIONS = {word: re.compile(option) for words, option in _TABLE.items() for word in words.split()}
_COMMANDS = frozenset(_OPTIONS)
_WORD = re.compile(r"[\w-]+")
_BLANKS = {code: " " for code in range(128) if _WORD.match(chr(code)) is None}
"""Makes blanks of what is in no word, which is several times as fast as finding the words of a long text."""
_REST = re.compile(r"(?:\\\r?\n|[^\n;|&]|(?<!&)&(?!&)){0,600}")
"""The arguments of a command: to the end of the line, or to the next command."""
_PRINTS = tuple(
    re.compile(rf"{command}(?<!\w{command})[ \t]+(?:-\w+[ \t]+)*(?=[^\s-])") for command in ("echo", "printf")
)
_TAKES_IT = re.compile(
    r"[ \t]*\|[^\n|;]{0,120}?(?:\bsudo\b[^\n|;]{0,60}?\s-\w*S\b|--password-stdin|--passphrase-fd"
    r"|--token-stdin|--with-token|\bchpasswd\b|\bpasswd\b|\bkinit\b)"
)
_READERS = ("sudo", "-stdin", "passphrase-fd", "with-token", "passwd", "kinit")
"""What each of them has in it."""
_HERE = re.compile(
    r"(?:\bsudo\b[^\n|;]{0,60}?\s-\w*S\b|--password-stdin|--with-token|--token-stdin)[^\n|;]{0,80}?<<<[ \t]*"
)
_SEND = re.compile(r"(?i)ass(?:word|phrase)[^\n]{0,60}\n?[^\n]{0,60}?\bsend(?:[ \t]+--)?[ \t]+(?=\")")
"""How a script for expect answers a password prompt."""
_FTP_USER = re.compile(
    r"(?im)(?:^|[\"';]|\\n)[ \t]*user[ \t]+(?!anonymous\b|ftp\b)[^\s\"']+[ \t]+"
    r"(?P<value>(?:(?!\\n)[^\s\"';])+)[ \t\r]*(?:$|[\"';]|\\n)"
)
"""A line of a script for ftp: `user NAME PASSWORD`."""
_NUMBERS_OR_PATH = re.compile(r"[0-9:]{1,11}|[~.]{0,2}/[\w./-]*")
"""`-p 8080:80`, `-u 1000:1000`, `-p /srv/x`."""


def commands_in(text: str) -> frozenset[str]:
    """Return the commands that take a password as an argument and whose names a text has."""
    words = text.translate(_BLANKS).split() if text.isascii() else _WORD.findall(text)
    return _COMMANDS.intersection(words)


def commanded(text: str, commands: Iterable[str]) -> Iterator[Span]:
    """Yield the spans that some of these commands take as arguments in a text and that are passwords."""
    for command in commands:
        for match in _as_word(command).finditer(text):
            rest = _REST.match(text, match.end())
            assert rest is not None
            for before in _OPTIONS[command].finditer(rest[0]):
                yield from _password(text, match.end() + before.end())


@cache
def _as_word(command: str) -> re.Pattern[str]:
    """A pattern of a command's name as a word of its own; it begins with the name, which is found fast."""
    name = re.escape(command)
    return re.compile(rf"{name}(?<![\w.-]{name})(?![\w-])")


def piped(text: str) -> Iterator[Span]:
    """Yield the spans of a text that commands read as passwords, from a pipe or as an answer."""
    yield from _to_ftp(text)
    if "send" in text:
        for match in _SEND.finditer(text):
            yield from _password(text, match.end())
    if ("|" not in text and "<<<" not in text) or not any(reader in text for reader in _READERS):
        return
    for start, end in lines_with(text, ("<<<",)):
        before = text.rfind("\n", 0, max(start - 1, 0)) + 1  # a command may begin on the line before
        for match in _HERE.finditer(text, before, end):
            yield from _password(text, match.end())
    for match in chain(*(rule.finditer(text) for rule in _PRINTS)) if "|" in text else ():
        _, end = value_at(text, match.end())
        if _TAKES_IT.match(text, end + (text[end : end + 1] in ("'", '"'))):
            yield from _password(text, match.end())


def _to_ftp(text: str) -> Iterator[Span]:
    """Yield the passwords on the lines of a script for ftp."""
    for match in _FTP_USER.finditer(text) if "ftp" in text else ():
        if literal("password", match["value"]):
            yield (*match.span("value"), "password")


def _password(text: str, place: int) -> Iterator[Span]:
    before = text[place - 1 : place]
    start, end = value_at(text, place, before if before in "\"'" else "")
    value = text[start:end]
    if start < end and literal("password", value) and not _NUMBERS_OR_PATH.fullmatch(value):
        yield start, end, "password"
