"""TOML into frozen dataclasses: types and keys checked, every error with the line of its key.

A dataclass names the keys of one table; its annotations say the types: `str`, `int`, `float`,
`bool`, `Literal[...]`, `tuple[str, ...]`, `tuple[int, ...]`, each also `| None`. A field made with
`checked`, `number` or `words` has further conditions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from jobdsl.errors import EstateError, Problem, Where, suggestion

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Reader", "checked", "number", "words"]

Check = Callable[[Any], str]
"""Returns what is wrong with a value of the right type; empty if nothing is."""
Path = tuple[str, ...]
T = TypeVar("T", bound="DataclassInstance")


def checked(default: Any, check: Check) -> Any:
    """Return a dataclass field whose value must also pass `check`."""
    return field(default=default, metadata={"check": check})


_LARGEST = 10_000_000
"""Of numbers without a bound of their own: more seconds or megabytes than clocks and system calls take."""


def number(default: Any, low: float, high: float | None = None) -> Any:
    """Return a dataclass field for a number not below `low` and not above `high`."""
    bound = f"{low} or more" if high is None else f"between {low} and {high}"

    def check(value: float) -> str:
        if high is None and value > _LARGEST:
            return f"must be {_LARGEST} or less"
        return "" if low <= value and (high is None or value <= high) else f"must be {bound}, not {value}"

    return checked(default, check)


def words(
    default: Any, known: Iterable[str], noun: str, also: Callable[[str], bool] = lambda _: False
) -> Any:
    """Return a dataclass field for a list of words, each a `noun` that is `known`, or that `also` accepts."""
    return field(default=default, metadata={"words": _Words(tuple(dict.fromkeys(known)), noun, also)})


class _Words(NamedTuple):
    known: tuple[str, ...]
    noun: str
    also: Callable[[str], bool]


class Reader:
    """One TOML text; problems gather in `problems` until `finish`."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = text
        self.problems: list[Problem] = []
        self.document = self._parse()

    def finish(self) -> None:
        """EstateError if anything was wrong."""
        if self.problems:
            raise EstateError(sorted(self.problems, key=lambda problem: problem.where or Where("", 0)))

    def __contains__(self, path: Path) -> bool:
        """Whether the document has a key at this path."""
        node: object = self.document
        for name in path:
            if not isinstance(node, dict) or name not in node:
                return False
            node = node[name]
        return True

    def table(self, kind: type[T], value: object, path: Path, **fixed: object) -> T:
        """Return `value` as a `kind`, with defaults where a key is wrong; `fixed` fields are not read."""
        table = self.mapping(value, path)
        named = [entry for entry in fields(kind) if entry.name not in fixed]
        self.known(table, [entry.name for entry in named], path)
        hints = _hints(kind)
        values = dict(fixed)
        for entry in named:
            if entry.name in table:
                check = entry.metadata.get("check", lambda _: "")
                if self._valid(table[entry.name], hints[entry.name], check, (*path, entry.name)):
                    values[entry.name] = _plain(table[entry.name])
                    self._check_words(table[entry.name], entry.metadata.get("words"), (*path, entry.name))
        return kind(**values)

    def value(self, key: str, annotation: object) -> Any:
        """Return a key at the top of the document, None where it is absent or wrong."""
        value = self.document.get(key)
        return value if value is not None and self._valid(value, annotation, lambda _: "", (key,)) else None

    def mapping(self, value: object, path: Path) -> Mapping[str, Any]:
        """`value` as a table; empty, and a problem, if it is none."""
        if isinstance(value, dict):
            return value
        self.error(
            path, f"{'.'.join(path)} must be a table, not {_shown(value)}", f"write [{'.'.join(path)}]"
        )
        return {}

    def known(self, table: Iterable[str], names: Iterable[str], path: Path = ()) -> None:
        """A problem for every key that is not one of `names`."""
        known = list(names)
        for key in table:
            if key not in known:
                hint = suggestion(key, known) or f"known are {', '.join(known)}"
                self.error((*path, key), f"unknown key {'.'.join((*path, key))}", hint)

    def error(self, path: Path, message: str, hint: str = "", word: str = "") -> None:
        """A problem at the line of a key, of a `word` in its list, or of the nearest table around it."""
        lines = _key_lines(self.text)
        line = next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), 0)
        if word:
            after = enumerate(self.text.split("\n")[max(line - 1, 0) :], start=line)
            line = next((at for at, text in after if f'"{word}"' in text or f"'{word}'" in text), line)
        self.problems.append(Problem(message, where=Where(self.file, line), hint=hint))

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line = int(at[1]) if at else self.text.count("\n") + 1
            message = f"this is not valid TOML: {str(error).partition(' (at ')[0]}"
        except RecursionError:
            line, message = 0, "this is not valid TOML: nested too deeply"
        except ValueError as error:  # a number of more digits than Python reads
            line, message = 0, f"this is not valid TOML: {str(error).partition(';')[0]}"
        raise EstateError([Problem(message, where=Where(self.file, line))])

    def _valid(self, value: object, annotation: object, check: Check, path: Path) -> bool:
        name = ".".join(path)
        if not _fits(value, annotation):
            message = f"{name} must be {_expected(annotation)}, not {_shown(value)}"
            self.error(path, message, suggestion(str(value), _choices(annotation)))
        elif value == "" or (isinstance(value, list) and "" in value):
            self.error(path, f"{name} has an empty text", "leave the key out for the default")
        elif wrong := check(_plain(value)):
            self.error(path, f"{name} {wrong}")
        else:
            return True
        return False

    def _check_words(self, values: Iterable[str], words: _Words | None, path: Path) -> None:
        if words is None:
            return
        for word in values:
            if word not in words.known and not words.also(word):
                hint = suggestion(word, words.known) or f"known are {', '.join(words.known)}"
                self.error(path, f"{'.'.join(path)}: there is no {words.noun} {_shown(word)}", hint, word)


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _plain(value: object) -> object:
    return tuple(map(_plain, value)) if isinstance(value, list) else value


def _bare(annotation: object) -> Any:
    """Return an annotation without its `| None`: TOML has no null, only absent keys."""
    options = [option for option in get_args(annotation) if option is not NoneType]
    return options[0] if NoneType in get_args(annotation) else annotation


def _choices(annotation: object) -> tuple[str, ...]:
    bare = _bare(annotation)
    return get_args(bare) if get_origin(bare) is Literal else ()


def _fits(value: object, annotation: object) -> bool:
    bare = _bare(annotation)
    if choices := _choices(annotation):
        return value in choices
    if get_origin(bare) is tuple:
        return isinstance(value, list) and all(_fits(entry, get_args(bare)[0]) for entry in value)
    if bare is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is bare


def _expected(annotation: object) -> str:
    bare = _bare(annotation)
    if choices := [f'"{choice}"' for choice in _choices(annotation)]:
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    words = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
    words[tuple[int, ...]] = "a list of whole numbers, as in [1, 2]"
    words[tuple[float, ...]] = "a list of numbers, as in [0.9, 1.1]"
    words[tuple[tuple[str, ...], ...]] = 'a list of lists of texts, as in [["a"], ["b", "c"]]'
    return words.get(bare, 'a list of texts, as in ["a", "b"]')


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "a table"
    return str(value)


_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_KEY_LINE = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")
_HEADER = re.compile(rf"\s*\[\[?\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]\]?\s*(?:#.*)?$")


@lru_cache(maxsize=8)
def _key_lines(text: str) -> dict[Path, int]:
    """Return the line of every table and key, the first where it comes twice.

    A scan by line, for error messages only: a line inside a text of several lines may be taken for a key.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    for line, content in enumerate(text.split("\n"), start=1):
        if match := _HEADER.match(content):
            table = _key_path(match[1])
            for size in range(1, len(table) + 1):  # [a.b] is a table of `a` too
                lines.setdefault(table[:size], line)
        elif match := _KEY_LINE.match(content):
            lines.setdefault(table + _key_path(match[1]), line)
    return lines


def _key_path(key: str) -> Path:
    """Return the parts of a dotted key, as TOML reads it."""
    node: Any
    try:
        node = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return (key,)
    path: list[str] = []
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        path.append(name)
    return tuple(path)
