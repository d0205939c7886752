"""Jenkins' label expressions: parsed, judged against an agent's labels, printed as Jenkins prints them.

Grammar, from weakest to strongest: `a<->b` (any number), `a->b` (one only), `a||b`, `a&&b`,
`!a` (one only), then a label, a "quoted label" or an expression in parentheses.
Source: hudson/model/labels/LabelExpression{Lexer,Parser}.g4 and LabelAtom.escape of Jenkins 2.568.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

from jobdsl.errors import DslError

__all__ = [
    "And",
    "Atom",
    "Expr",
    "Iff",
    "Implies",
    "LabelError",
    "Not",
    "Or",
    "Paren",
    "assigned",
    "parse",
    "split",
]


class LabelError(DslError):
    """Text that is no label expression; `column` counts from 1."""

    def __init__(self, text: str, column: int, message: str, *, hint: str = "") -> None:
        shown = text if len(text) <= 80 else f"{text[:77]}..."
        super().__init__(f"label expression {shown!r}, column {column}: {message}", hint=hint)
        self.text = text
        self.column = column


class Expr:
    """A label expression. `str()` gives it as Jenkins prints it: no spaces, the user's parentheses kept."""

    __slots__ = ()
    _rank: ClassVar[int] = 0
    """Weaker operators rank higher."""

    def matches(self, labels: Collection[str]) -> bool:
        """Return whether an agent with these labels will do. A node's own name is one of its labels."""
        return self._holds(labels if isinstance(labels, set | frozenset) else frozenset(labels))

    def atoms(self) -> frozenset[str]:
        """Return every label the expression names, whether wanted or not."""
        return frozenset().union(*(part.atoms() for part in self._parts()))

    def _holds(self, labels: Collection[str]) -> bool:
        raise NotImplementedError

    def _parts(self) -> tuple[Expr, ...]:
        raise NotImplementedError

    def _print(self, part: Expr) -> str:
        """Return a part as text, in parentheses if it would be read otherwise."""
        return f"({part})" if part._rank >= self._rank else str(part)


@dataclass(frozen=True, slots=True)
class Atom(Expr):
    """One label: true where an agent has it."""

    name: str

    def atoms(self) -> frozenset[str]:
        """Return the label."""
        return frozenset((self.name,))

    def _holds(self, labels: Collection[str]) -> bool:
        return self.name in labels

    def __str__(self) -> str:
        return _quote(self.name) if _needs_quotes(self.name) else self.name


@dataclass(frozen=True, slots=True)
class Paren(Expr):
    """Parentheses the user wrote: they change nothing here, but Jenkins keeps and prints them."""

    base: Expr

    def _parts(self) -> tuple[Expr, ...]:
        return (self.base,)

    def _holds(self, labels: Collection[str]) -> bool:
        return self.base._holds(labels)

    def __str__(self) -> str:
        return f"({self.base})"


@dataclass(frozen=True, slots=True)
class Not(Expr):
    """`!a`: agents for which `a` does not hold."""

    base: Expr
    _rank: ClassVar[int] = 1

    def _parts(self) -> tuple[Expr, ...]:
        return (self.base,)

    def _holds(self, labels: Collection[str]) -> bool:
        return not self.base._holds(labels)

    def __str__(self) -> str:
        return f"!{self._print(self.base)}"


@dataclass(frozen=True, slots=True)
class _Chain(Expr):
    operands: tuple[Expr, ...]
    """Two or more, read from the left."""
    sign: ClassVar[str]

    def _parts(self) -> tuple[Expr, ...]:
        return self.operands

    def __str__(self) -> str:
        return self.sign.join(map(self._print, self.operands))


class And(_Chain):
    """`a&&b&&c`."""

    __slots__ = ()
    sign, _rank = "&&", 2

    def _holds(self, labels: Collection[str]) -> bool:
        return all(part._holds(labels) for part in self.operands)


class Or(_Chain):
    """`a||b||c`."""

    __slots__ = ()
    sign, _rank = "||", 3

    def _holds(self, labels: Collection[str]) -> bool:
        return any(part._holds(labels) for part in self.operands)


class Implies(_Chain):
    """`a->b`, always of two: agents without `a`, and those with both."""

    __slots__ = ()
    sign, _rank = "->", 4

    def _holds(self, labels: Collection[str]) -> bool:
        condition, consequence = self.operands
        return not condition._holds(labels) or consequence._holds(labels)


class Iff(_Chain):
    """`a<->b`: agents with both or with neither; of more than two, `(a<->b)<->c`."""

    __slots__ = ()
    sign, _rank = "<->", 5

    def _holds(self, labels: Collection[str]) -> bool:
        # A chain of equivalences holds when an even number of its parts does not.
        return sum(not part._holds(labels) for part in self.operands) % 2 == 0


_UNSAFE = re.compile(r"""[?*/\\%!@#$^&|<>\[\]:;() '"\x00-\x1f\x7f-\x9f]|\.\s*\Z|\A\Z""")
"""Names Jenkins quotes (LabelAtom.needsEscape), and those with a quotation mark: Jenkins prints
them bare, but could not read them back."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b"}
_UNESCAPES = {escape[1]: char for char, escape in _ESCAPES.items()}


def _needs_quotes(name: str) -> bool:
    return _UNSAFE.search(name) is not None


def _quote(name: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in name) + '"'


def _unquote(text: str) -> str:
    # Every escape the lexer lets through stands for one character; \' is an apostrophe.
    return re.sub(r"\\(.)", lambda match: _UNESCAPES.get(match[1], match[1]), text[1:-1])


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)
      | (?P<sign>&&|\|\||!|->|<->|\(|\))
      | (?P<atom>(?:-(?!>)|[^-&|!<>()\ \t"'])+)
      | (?P<quoted>"(?:\\[btnfr"'\\]|[^\\"\r\n])*")""",
    re.VERBOSE,
)
_HINTS = {
    "&": "and is written &&",
    "|": "or is written ||",
    "<": 'if and only if is written <->; a label with < in it needs quotes: "a<b"',
    ">": 'implies is written ->; a label with > in it needs quotes: "a>b"',
    "'": 'quote a label with double quotes: "my label"',
    '"': 'the quotation mark is not closed; inside, write \\" and \\\\',
}


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise LabelError(text, at + 1, f"unexpected {text[at]}", hint=_HINTS.get(text[at], ""))
        if match.lastgroup != "blank":
            tokens.append(_Token(match.lastgroup or "", match.group(), at + 1))
        at = match.end()
    return [*tokens, _Token("end", "", len(text) + 1)]


_LEVELS: tuple[type[_Chain], ...] = (Iff, Implies, Or, And)
_DEEPEST = 40
"""Maximum depth of parentheses; Jenkins sets no limit, but more is unreadable."""


class _Parser:
    """Recursive descent: one step down per level of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def whole(self) -> Expr:
        expr = self.chain()
        if self.tokens[self.at].kind != "end":
            raise self.unexpected()
        return expr

    def chain(self, level: int = 0) -> Expr:
        if level == len(_LEVELS):
            return Not(self.primary()) if self.take("!") else self.primary()
        kind = _LEVELS[level]
        operands = [self.chain(level + 1)]
        while (kind is not Implies or len(operands) < 2) and self.take(kind.sign):
            operands.append(self.chain(level + 1))
        return kind(tuple(operands)) if len(operands) > 1 else operands[0]

    def primary(self) -> Expr:
        if self.take("("):
            return self.parenthesis()
        token = self.tokens[self.at]
        if token.kind not in ("atom", "quoted"):
            raise self.unexpected()
        self.at += 1
        return Atom(self.name(token))

    def parenthesis(self) -> Expr:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(f"more than {_DEEPEST} parentheses inside each other")
        expr = self.chain()
        if not self.take(")"):
            raise self.unexpected()
        self.depth -= 1
        return Paren(expr)

    def name(self, token: _Token) -> str:
        bare = token.kind == "atom"
        name = token.text if bare else _unquote(token.text)
        # Jenkins takes a line break for a part of the label; that is never what was meant.
        if not name or (bare and any(char < " " for char in name)):
            self.at -= 1
            raise self.error(f"no agent can have the label {name!r}")
        return name

    def take(self, sign: str) -> bool:
        token = self.tokens[self.at]
        if token.kind != "sign" or token.text != sign:
            return False
        self.at += 1
        return True

    def error(self, message: str, hint: str = "") -> LabelError:
        return LabelError(self.text, self.tokens[self.at].column, message, hint=hint)

    def unexpected(self) -> LabelError:
        token = self.tokens[self.at]
        return self.error(
            f"unexpected {token.text}" if token.text else "the end comes too early", self.hint(token)
        )

    def hint(self, token: _Token) -> str:
        if token.kind in ("atom", "quoted"):
            return "a space is not an operator: write && or || between labels, or quote a label with a space"
        if token.text == "->":
            return "say which implication comes first: a->(b->c)"
        if token.text == "!":
            return "! goes before one label or parenthesis"
        if self.depth and not token.text:
            return "a parenthesis is not closed"
        sign = token.text or self.tokens[self.at - 1].text
        return f"{sign} stands between two labels: write both, or leave it out"


@lru_cache(maxsize=4096)
def parse(text: str) -> Expr:
    """Return the expression in `text`; LabelError with column and hint where Jenkins would refuse it."""
    if not text.strip():
        raise LabelError(text, 1, "the expression is empty", hint="leave the label out to build anywhere")
    return _Parser(text).whole()


@lru_cache(maxsize=4096)
def assigned(text: str) -> Expr:
    """The expression a controller makes of a job's label: never an error, as it takes what it cannot parse
    for the name of one label; and quotation marks around all of it are taken off first.

    Source: jenkins.model.Jenkins.getLabel, hudson.util.QuotedStringTokenizer.unquote.
    """
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = _unquote(text)
    try:
        return parse(text)
    except LabelError:
        return Atom(text)


_WORD = re.compile(r"""(?:\\.|'(?:\\.|[^\\'])*'?|"(?:\\.|[^\\"])*"?|[^ \t\r\n'"\\])+""", re.DOTALL)
_PIECE = re.compile(r"""\\([\\'"])|(\\.)|(['"])|(.)""", re.DOTALL)


def split(text: str) -> frozenset[str]:
    """The labels in an agent's label field: words between spaces; a label with a space stands in quotes.

    Source: hudson.model.Label.parse, hudson.util.QuotedStringTokenizer.
    """
    return frozenset(filter(None, map(_bare, _WORD.findall(text))))


def _bare(word: str) -> str:
    """Return a word without the quotation marks around its pieces, `"a b"c` as `a bc`."""
    out: list[str] = []
    closing = ""
    for escaped, backslash, mark, plain in _PIECE.findall(word):
        if mark and closing in ("", mark):
            closing = "" if closing else mark
        else:
            out.append(escaped or backslash or mark or plain)
    return "".join(out)
