"""Expressions with names in them: a parameter, a constant, a text with parameters. Pure."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from jobdsl.importer.pretty import Code, show

__all__ = ["Constant", "Reference", "TextOf", "is_closed", "shown", "text_of", "text_value"]

_CLOSING = re.compile('"{3,}|"+\\Z')
"""Quotes that would end a text too early."""


class Reference(str):
    """The name of a parameter or a local variable, or a condition on one."""

    __slots__ = ()


class Constant(str):
    """The name of a value that a module has."""

    __slots__ = ()


class TextOf(str):
    """The source of a text with parameters in it; its pieces, for those that are written as files."""

    __slots__ = ("pieces",)
    pieces: list[tuple[bool, str]]
    """Whether each is the name of a parameter, and the text or name."""


def shown(code: Code) -> str:
    """Return an expression on its lines."""
    return code if isinstance(code, str) else show(code, "", 0)


def is_closed(code: Code) -> bool:
    """Return whether an expression depends on no parameter."""
    if isinstance(code, str):
        return not isinstance(code, Reference | TextOf)
    return all(is_closed(part) for _, part in code.parts)


def text_value(code: Code) -> str | None:
    """Return the text of a literal; None for any other expression."""
    return _text_of_literal(code) if isinstance(code, str) and is_closed(code) else None


@lru_cache(maxsize=20_000)
def _text_of_literal(code: str) -> str | None:
    if code[:1] not in "\"'r" or code[-1:] not in "\"'":
        return None
    value = ast.literal_eval(code)
    return value if isinstance(value, str) else None


def text_of(pieces: list[tuple[bool, str]]) -> TextOf:
    """Return an f-string."""
    expression = TextOf(_f_string(pieces))
    expression.pieces = pieces
    return expression


def _f_string(pieces: list[tuple[bool, str]]) -> str:
    texts = [text.replace("{", "{{").replace("}", "}}") for is_name, text in pieces if not is_name]
    is_long = any("\n" in text for text in texts)
    fixed = "".join(texts)
    one_line = "'" if fixed.count('"') > fixed.count("'") else '"'
    quote = '"""' if is_long else one_line
    is_raw = any("\\" in text for text in texts) and not any(
        quote in text or _odd(text, is_long) for text in texts
    )
    is_raw = is_raw and (pieces[-1][0] or texts[-1][-1] not in f"{quote[0]}\\")
    bodies = iter(texts if is_raw else [_escaped(text, is_long, quote) for text in texts])
    body = "".join(f"{{{text}}}" if is_name else next(bodies) for is_name, text in pieces)
    if is_long and not is_raw:
        body = _CLOSING.sub(lambda quotes: '\\"' * len(quotes[0]), body)
    return f"{'r' if is_raw else ''}f{quote}{body}{quote}"


def _escaped(text: str, is_long: bool, quote: str) -> str:
    """Return text as between the quotes of an f-string."""
    text = text.replace("\\", "\\\\")
    if not is_long:
        text = text.replace(quote, f"\\{quote}")
    keep = "\n\t" if is_long else ""
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def _odd(text: str, is_long: bool) -> bool:
    """Return whether a character needs an escape."""
    return not all(c.isprintable() or (is_long and c in "\n\t") for c in text)
