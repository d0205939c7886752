"""Find what the script of a Pipeline calls: steps, symbols and classes, each in its place.

This reads tokens, not a grammar: enough to distinguish a call from a definition, a map's key, a comment or
a text, in scripted and Declarative Pipelines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["Place", "ScriptCall", "ScriptCalls", "calls_of"]

Place = Literal[
    "step",
    "agent",
    "tool",
    "option",
    "trigger",
    "parameter",
    "property",
    "when",
    "binding",
    "scm",
    "class",
    "",
]
"""What a name means where it is called; `class` is a value of `$class`, "" a place that is not looked at."""


class ScriptCall(NamedTuple):
    """A name that a script calls."""

    place: Place
    name: str
    line: int
    """Line of the script, from 1."""


@dataclass(slots=True)
class ScriptCalls:
    """What one script calls."""

    calls: list[ScriptCall] = field(default_factory=list)
    """The first call of each name in each place."""
    has_library: bool = False
    """Whether it loads a shared library, which may define any name."""


class _Token(NamedTuple):
    kind: Literal["word", "text", "number", "mark", "newline"]
    value: str
    line: int
    is_spaced: bool
    """Whether blanks stand before it."""


_DIRECTIVES: dict[str, Place] = {
    "agent": "agent",
    "tools": "tool",
    "options": "option",
    "triggers": "trigger",
    "parameters": "parameter",
    "when": "when",
    "environment": "",
    "libraries": "",
    "axes": "",
    "excludes": "",
    "steps": "step",
    "script": "step",
    "expression": "step",
}
"""Blocks of a Declarative Pipeline, and what names mean in them."""
_ARGUMENTS: dict[str, Place] = {
    "properties": "property",
    "pipelineTriggers": "trigger",
    "parameters": "parameter",
    "input": "parameter",
    "withCredentials": "binding",
    "checkout": "scm",
    "build": "",
}
"""Steps, and what names mean in their parentheses."""
_RESERVED = (
    "abstract as assert break case catch class const continue def default do else enum extends false final"
    " finally for goto if implements import in instanceof interface native new null package private protected"
    " public return static strictfp super switch synchronized this throw throws trait transient true try void"
    " volatile while"
)
_KEYWORDS = frozenset(_RESERVED.split())
_BEFORE_EXPRESSION = frozenset({"return", "else", "in", "case", "throw", "do", "assert", "try", "finally"})
_DECLARES = "def final static var boolean byte char double float int long short void"
_TYPES = frozenset(_DECLARES.split())
_BINARY = frozenset({"in", "instanceof", "as"})
_ITSELF = frozenset({"steps", "this", "script"})
"""Qualifiers that stand for the script: `steps.lock(...)` is `lock(...)`."""
_DOTS = frozenset({".", "?.", "*.", ".&", "@", "::"})
_PLAIN = re.compile(
    r"(?P<skip>[ \t\r\f]+|\\\r?\n|//[^\n]*|/\*.*?(?:\*/|\Z)|\A\#![^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<text>'''(?:\\.|(?!''').)*(?:'''|\Z)|'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z)|\$/.*?(?:/\$|\Z))"
    r"|(?P<word>[A-Za-z_$][\w$]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<mark>\?\.|\*\.|\.&|::|->|==|=~|[-+*/%&|^<>!]=|.)",
    re.DOTALL,
)
_SLASHY = re.compile(r"/(?![/*\s])(?:\\.|[^/\\\n]){1,2000}/")
_BEFORE_SLASHY = frozenset("(,=[{:;~!?&|>")
"""Ends of what stands before a text in slashes; elsewhere a slash divides."""
_DEEPEST = 10
"""Texts within expressions within texts that are still looked into."""


@lru_cache(maxsize=512)
def calls_of(script: str) -> ScriptCalls:
    """Find what a script calls; many jobs share one, so answers are kept."""
    calls = ScriptCalls()
    by_name: dict[tuple[Place, str], ScriptCall] = {}
    tokens = list(_tokens(script, 1, 0))
    own = _defined(tokens)
    for call in _calls(tokens, calls):
        if call.name not in own or call.place == "class":
            by_name.setdefault((call.place, call.name), call)
    calls.calls = sorted(by_name.values(), key=lambda call: call.line)
    return calls


def _tokens(script: str, line: int, depth: int) -> Iterator[_Token]:
    """Split a script; the expressions in its texts follow the text they stand in, each in parentheses."""
    at, is_spaced, before = 0, False, ""
    while at < len(script):
        inner: list[tuple[int, str]] = []
        if script[at] == '"':
            end, inner = _double_quoted(script, at)
            kind, value = "text", script[at:end]
        elif script[at] == "/" and before in _BEFORE_SLASHY and (slashy := _SLASHY.match(script, at)):
            end, kind, value = slashy.end(), "text", slashy[0]
        else:
            match = _PLAIN.match(script, at)
            assert match is not None  # its last alternative takes any character
            end, kind, value = match.end(), match.lastgroup or "mark", match[0]
        if kind == "skip":
            is_spaced = True
        else:
            yield _Token(kind, value, line, is_spaced)  # type: ignore[arg-type]
            is_spaced = kind == "newline"
            before = value[-1] if kind == "mark" else ""
        if depth < _DEEPEST:
            for offset, expression in inner:
                first = line + script.count("\n", at, offset)
                yield _Token("mark", "(", first, is_spaced=False)
                yield from _tokens(expression, first, depth + 1)
                yield _Token("mark", ")", first, is_spaced=False)
        line += value.count("\n")
        at = end


def _double_quoted(script: str, at: int) -> tuple[int, list[tuple[int, str]]]:
    """Return where a text in double quotes ends, and its expressions with their offsets."""
    mark = '"""' if script.startswith('"""', at) else '"'
    position, expressions = at + len(mark), []
    while position < len(script):
        if script[position] == "\\":
            position += 2
        elif script.startswith("${", position):
            end = _closing_brace(script, position + 2)
            expressions.append((position + 2, script[position + 2 : end]))
            position = end + 1
        elif script.startswith(mark, position):
            return position + len(mark), expressions
        elif script[position] == "\n" and mark == '"':
            break
        else:
            position += 1
    return min(position, len(script)), expressions


def _closing_brace(script: str, at: int) -> int:
    """Return where the brace closes that was opened before `at`; the end of the script if it does not."""
    depth = 0
    for position in range(at, len(script)):
        if script[position] == "{":
            depth += 1
        elif script[position] == "}":
            if not depth:
                return position
            depth -= 1
    return len(script)


def _defined(tokens: list[_Token]) -> set[str]:
    """Return the names a script defines itself: methods, variables, parameters of closures."""
    names = set()
    for at, token in enumerate(tokens):
        if token.kind != "word":
            continue
        before, after = _beside(tokens, at - 1), _beside(tokens, at + 1)
        is_typed = before.kind == "word" and (before.value in _TYPES or before.value[0].isupper())
        is_assigned = after.value == "=" and before.value not in {".", "?.", ","}
        if (is_typed and after.kind != "text") or is_assigned or after.value in {"->", "in"}:
            names.add(token.value)
    return names


_NOTHING = _Token("newline", "", 0, is_spaced=True)


def _beside(tokens: list[_Token], at: int) -> _Token:
    return tokens[at] if 0 <= at < len(tokens) else _NOTHING


class _Opened(NamedTuple):
    """A bracket that is open."""

    owner: str
    """The name it belongs to: `stage` of `stage('x') {`."""
    place: Place
    """What names mean in it."""
    is_declarative: bool


def _calls(tokens: list[_Token], script: ScriptCalls) -> Iterator[ScriptCall]:
    """Yield every call, with the place that the brackets around it make."""
    opened = [_Opened("", "step", is_declarative=False)]
    closed = ""
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.value in "([{":
            before = _beside(tokens, at - 1)
            name = before.value if before.kind == "word" and before.value not in _KEYWORDS else ""
            opened.append(_open(token.value, closed if before.value == ")" else name, opened[-1]))
        elif token.kind == "mark" and token.value in ")]}":
            closed = opened.pop().owner if len(opened) > 1 else ""
        elif token.kind in ("word", "text") and token.value.strip("'\"") == "$class":
            value = _beside(tokens, at + 2)
            if _beside(tokens, at + 1).value == ":" and value.kind == "text":
                yield ScriptCall("class", value.value.strip("'\""), value.line)
        elif token.kind == "word" and token.value not in _KEYWORDS:
            if token.value == "Library" and _beside(tokens, at - 1).value == "@":
                script.has_library = True
            elif _is_call(tokens, at):
                script.has_library |= token.value == "library"
                yield ScriptCall(opened[-1].place, token.value, token.line)


def _open(bracket: str, owner: str, outer: _Opened) -> _Opened:
    """Return what a bracket means: by its owner, else by the bracket around it."""
    place, is_declarative = outer.place, outer.is_declarative
    if bracket == "(":
        place = _ARGUMENTS.get(owner, place)
    elif bracket == "{" and is_declarative:
        place = _DIRECTIVES.get(owner, place)
    elif bracket == "{" and owner == "pipeline":
        is_declarative = True
    return _Opened(owner, place, is_declarative)


def _is_call(tokens: list[_Token], at: int) -> bool:
    before, after = _beside(tokens, at - 1), _beside(tokens, at + 1)
    if before.value in _DOTS:
        qualifier = _beside(tokens, at - 2).value
        if before.value != "." or qualifier not in _ITSELF or _beside(tokens, at - 3).value in _DOTS:
            return False
    elif before.kind == "word" and before.value not in _BEFORE_EXPRESSION:
        return False  # it is defined here, or what a call without parentheses is given
    if after.kind in ("text", "number"):
        return True
    if after.kind == "word":
        return after.value not in _BINARY
    return after.value in {"(", "{", ".", "?."} or (after.value == "[" and after.is_spaced)
