"""Secrets in the middle of a text: what scripts, properties and descriptions give to a secret's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from jobdsl.secrets.commands import commanded, piped
from jobdsl.secrets.formats import Span, formed
from jobdsl.secrets.lines import Lines, having
from jobdsl.secrets.names import literal, names_secret
from jobdsl.secrets.placeholders import without_names
from jobdsl.secrets.signs import has_sign, signs_of
from jobdsl.secrets.values import Quotes, unquoted, value_at

__all__ = ["Span", "joined", "secrets_in"]

_PLAIN = re.compile(r"[\w./-]{0,19}")
"""A text that gives nothing to anything, and is too short for a key; most texts of a document are such."""
_SHORT_TEXT = 200
"""Characters below which a text is looked at for signs before the rules are tried one by one."""
_NAME = r"(?<![\w.])(?P<name>\w[\w.\-]{0,80}+)"
_GIVEN = re.compile(rf"{_NAME}(?:\\?[\"'])?\]?(?P<sep>[ \t]*(?:[:+?]?=(?![=~])>?|:(?![:=]))[ \t]*)")
_OPTION = re.compile(
    r"(?<![\w-])--?(?!(?:no|ask|use|prompt|with|skip|print|show)-)(?P<name>[A-Za-z][\w.-]*+)[ \t]+(?=[^\s-])"
)
_ELSEWHERE = re.compile(r"(?:pass|env|file|fd|stdin):|(?:id|type|src|source)=")
"""`pass:x` is recognised by its command."""
_SWITCH = re.compile(r"(?<!\S)[-/](?P<name>[A-Za-z]\w*+):(?!(?:env|file)\s)(?=[^\s:/])")
_CALL = re.compile(r"\b(?P<name>[A-Za-z]\w*)\([ \t]*(?=\\?[\"'][^\"'\n]*[\"'][ \t]*\))")
_FETCHES = re.compile(
    r"(?i)get|read|find|fetch|load|check|has|is|verify|mask|with|use|credentials?|string|resolve|lookup"
)
_PUT = re.compile(
    r"(?i)\b(?:set|put|add)\w*\([ \t]*\\?[\"'](?P<name>[A-Za-z][\w.-]*)\\?[\"'][ \t]*,[ \t]*(?=\\?[\"'])"
)
_PAIR = re.compile(
    r"(?i)\b(?:name|key|var|variable)\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?(?P<name>[A-Za-z][\w.-]*)\\?[\"']?"
    r"[ \t]*(?P<sep>[,;]?\s*)(?:-[ \t]+)?\\?[\"']?(?:default_?)?val(?:ue)?\\?[\"']?[ \t]*[:=][ \t]*"
)
_FALLBACK = re.compile(rf"{_NAME}[ \t]*=[^\n=;]{{0,200}}?(?:\?:|\|\|)[ \t]*(?=[\"'])")
"""What a program takes where another value is missing: `token = env.TOKEN ?: "..."`."""
_PARAMETER = re.compile(r"\b(?P<name>password)\b[^()\n]{0,20}\([^()\n]{0,200}?\bdefaultValue[ \t]*:[ \t]*")
"""A password parameter of a Jenkinsfile."""
_CREDENTIALS = re.compile(
    r"\bUsername(?P<name>Password)CredentialsImpl\((?:[^()\n]*,)?\s*[\"'][^\"'\n]*[\"']\s*,\s*(?=[\"'])"
)
"""Credentials that a script makes: the password comes last, behind the user."""
_LINE = re.compile(
    r"^[ \t>*#/-]*(?P<name>[A-Za-z][\w .\-]{0,40}?)[ \t]*[:=][ \t]+"
    r"(?P<value>[^\s#,{}\[\]()\"'|>&*!@`][^\s,()\[\]\"']*?)[ \t\r]*;?$",
    re.MULTILINE,
)
_HEADER = re.compile(r"[\"'](?P<name>[A-Za-z][\w-]*)[ \t]*:[ \t]*(?P<value>[^\"'\s]+)[\"']")
_AUTHORIZATION = re.compile(
    r"(?i)\b(?P<name>authorization)(?:\\?[\"'])?[ \t]*"
    r"(?:[:=]|,(?:[ \t]*value[ \t]*[:=])?(?=[ \t]*[\"']))[ \t]*(?:\\?[\"'])?"
    r"(?:[A-Za-z]+[ \t]+(?=[^\s\"']))?(?P<value>[^\s\"'\\,;)]+)"
)
_BATCH = re.compile(
    rf"(?im)^[ \t@]*(?:set[ \t]+|setx[ \t]+|setenv[ \t]+){_NAME}(?:[ \t]*=|[ \t]+)(?P<value>[^\n]*)$"
)
_TAG = re.compile(r"<(?P<name>[A-Za-z][\w.:-]*)>(?P<value>[^<>]+)</(?P=name)>")
_PROPERTY = re.compile(rf"(?m)^[ \t]*(?:export[ \t]+)?{_NAME}[ \t]*[=:](?P<value>[^\n]*)$")
_FETCHED = re.compile(
    r"(?:env|params?|config|vars|settings|this|self|project|props|secrets|steps|binding|System|os)\."
)
_STAND_INS = re.compile(
    r"foo|bar|baz|dummy|fake|xxx|todo|fixme|placeholder|change[_-]?me|change[_-]?this|replace[_-]?(?:me|this)"
    r"|(?:your|my|some|insert|enter|put)[_-](?:\w+[_-])*?(?:password|passwd|token|key|secret)(?:[_-]here)?|new",
    re.IGNORECASE,
)
"""Words in a script that keep a tool quiet, or wait for a real value, and open nothing."""
_PROGRAM = re.compile(r"\bdef |\bnode\b|\bpipeline\b|->|\bsh ?\(?[\"']|=>|\bfunction\b|\breturn\b")
_WORD = re.compile(r"[A-Za-z_]+")
_BLANK = re.compile(r"\s*")


def secrets_in(text: str, *, properties: bool = False) -> tuple[Span, ...]:
    """Return the spans of a text that are secrets in clear, in order, none overlapping another.

    `properties`: each of its lines is a name, and a value to the line's end.
    """
    if _PLAIN.fullmatch(text) or (len(text) < _SHORT_TEXT and not has_sign(text)):
        return ()
    return _secrets_in(text, properties)


@lru_cache(maxsize=2048)  # the jobs of an estate share many of their scripts
def _secrets_in(text: str, properties: bool) -> tuple[Span, ...]:
    text = without_names(text)
    signs, named = signs_of(text)
    spans = [*formed(text)] if signs.is_formed else []
    spans += piped(text)
    if signs.commands:
        spans += commanded(text, signs.commands)
    if named:
        spans += _named(text, named, properties=properties)
    return joined(spans) if spans else ()


def _named(text: str, lines: Lines, *, properties: bool) -> Iterator[Span]:
    """What a text gives to the names of secrets on some of its lines; a rule is tried where it has its signs.

    What has the name and what follows on more lines than one is looked for in all of the text.
    """
    low = text.lower()
    assigned = having(text, lines, "=", ":")
    yield from (*_assigned(text, assigned), *_lines(text, assigned))
    if "val" in low:
        yield from _pairs(text, lines)
    yield from _following(_OPTION, text, having(text, lines, "-"), unless=_is_elsewhere)
    called = having(text, lines, "(")
    yield from _following(_CALL, text, called, unless=_fetches)
    yield from _following(_PUT, text, called)
    with_colon = having(text, assigned, ":")
    yield from _following(_SWITCH, text, with_colon)
    yield from _following(_FALLBACK, text, having(text, assigned, "?:", "||"))
    yield from _following(_PARAMETER, text, having(text, called, "defaultValue"))
    if "CredentialsImpl" in text:
        yield from _following(_CREDENTIALS, text, [(0, len(text))])
    yield from _whole(_HEADER, text, with_colon)
    if "authorization" in low:
        yield from _whole(_AUTHORIZATION, text, lines)
    if "set" in low:
        yield from _whole(_BATCH, text, lines)
    if "</" in text:
        yield from _whole(_TAG, text, [(0, len(text))])
    if properties:
        yield from _whole(_PROPERTY, text, assigned)


def _matches(rule: re.Pattern[str], text: str, lines: Lines) -> Iterator[re.Match[str]]:
    """Yield all matches of a rule on lines of a text."""
    for start, end in lines:
        yield from rule.finditer(text, start, end)


def _assigned(text: str, lines: Lines) -> Iterator[Span]:
    """`NAME=value`, and with quotes around the value also `"name": "value"`, `name => 'value'`."""
    quotes, examined = Quotes(text), 0
    for match in _matches(_GIVEN, text, lines):
        name = _without_flag(text, match)
        if match.start() < examined or not names_secret(name):
            continue
        opened = quotes.at(match.end())
        start, end = value_at(text, match.end(), opened, whole=_is_argument(text, match, opened))
        examined = end
        if start == match.end() and not _takes_bare(text, end, match["sep"], text[start:end]):
            continue
        yield from _span(text, name, start, end)


def _without_flag(text: str, match: re.Match[str]) -> str:
    """`-DapiKey` and `-PapiKey` name an apiKey."""
    name = match["name"]
    flagged = name[:1] in ("D", "P") and text[match.start() - 1 : match.start()] == "-"
    return name[1:] if flagged else name


def _is_argument(text: str, match: re.Match[str], opened: str) -> bool:
    """Return whether all of a quoted text is this name and its value: \"-Dpassword=a b\"."""
    if not opened:
        return False
    before = text[max(0, match.start() - 8) : match.start()]
    if not before.rstrip("-/").endswith(opened):
        return False
    start, end = value_at(text, match.end(), opened, whole=True)
    return before[-1:] in "-/" or before.lower().endswith('set "') or not re.search(r"\s", text[start:end])


def _takes_bare(text: str, end: int, sep: str, value: str) -> bool:
    """Return whether a value without quotes can be one, and not code."""
    return sep == sep.strip() and "=" in sep and text[end : end + 1] != "(" and not _FETCHED.match(value)


def _lines(text: str, lines: Lines) -> Iterator[Span]:
    """`name: value` and `name = value` as lines of their own, as in YAML and INI files and in notes."""
    for match in _matches(_LINE, text, lines):
        name, value = match["name"], match["value"]
        if not names_secret(name) or names_secret(value) or _FETCHED.match(value):
            continue
        if not (_WORD.fullmatch(value) and _in_call(text, match.start()) and _PROGRAM.search(text)):
            yield from _span(text, name, *match.span("value"))


def _in_call(text: str, line: int) -> bool:
    """Return whether a line of a program is an argument of a call, so that a word in it is a variable."""
    return text[max(0, line - 200) : line].rstrip()[-1:] in (",", "(", "[")


def _following(
    rule: re.Pattern[str],
    text: str,
    lines: Lines,
    *,
    unless: Callable[[str, str], bool] | None = None,
) -> Iterator[Span]:
    """Yield a name, and its value behind what the rule matched."""
    quotes = Quotes(text)
    for match in _matches(rule, text, lines):
        name = match["name"]
        if not names_secret(name):
            continue
        start, end = value_at(text, match.end(), quotes.at(match.start()))
        if unless is None or not unless(name, text[start:end]):
            yield from _span(text, name, start, end)


def _fetches(name: str, value: str) -> bool:  # noqa: ARG001  # asked as the others
    """Return whether a function called so gets a secret: what it is given is no secret then."""
    return _FETCHES.match(name) is not None


def _is_elsewhere(name: str, value: str) -> bool:  # noqa: ARG001
    """Return whether an option's value names the place of the secret, or is a manual's description of it."""
    return _ELSEWHERE.match(value) is not None or (
        value.isupper() and (value == "TEXT" or names_secret(value))
    )


def _pairs(text: str, lines: Lines) -> Iterator[Span]:
    """`name: 'X_TOKEN', value: '...'`, also over two lines of YAML."""
    for match in _matches(_PAIR, text, [(start, _next_line(text, end)) for start, end in lines]):
        start, end = value_at(text, match.end())
        if names_secret(match["name"]) and (start > match.end() or "\n" in match["sep"]):
            yield from _span(text, match["name"], start, end)


def _next_line(text: str, end: int) -> int:
    """Return the end of the next line with something in it."""
    blank = _BLANK.match(text, end)
    after = text.find("\n", blank.end() if blank else end)
    return len(text) if after < 0 else after


def _whole(rule: re.Pattern[str], text: str, lines: Lines) -> Iterator[Span]:
    """Yield a name and all of its value in what the rule matched."""
    for match in _matches(rule, text, lines):
        if names_secret(match["name"]):
            yield from _span(text, match["name"], *unquoted(text, *match.span("value")))


def _span(text: str, name: str, start: int, end: int) -> Iterator[Span]:
    if start < end and _STAND_INS.fullmatch(text[start:end]) is None and literal(name, text[start:end]):
        yield start, end, name


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order; those that overlap are one, under the name of the first."""
    joined: list[Span] = []
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if joined and start < joined[-1][1]:
            first, last, own = joined[-1]
            joined[-1] = (first, max(last, end), own)
        else:
            joined.append((start, end, name))
    return tuple(joined)
