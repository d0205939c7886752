"""Find elements and kinds of items by a name from anywhere: ours, Jenkins', a plugin's, another tool's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from jobdsl.documents.aliases import names_of
from jobdsl.documents.tables import rows
from jobdsl.elements.base import Record, registry

__all__ = ["Elsewhere", "Match", "elsewhere", "measured_version", "search"]

_EXACT, _WORD, _START, _PART, _ARGUMENT, _TEXT = range(6, 0, -1)
"""How well a name answers a search, best first."""


class Elsewhere(NamedTuple):
    """What other tools call an element: `slot: name` and `context { method }`."""

    job_builder: tuple[str, ...] = ()
    job_dsl: tuple[str, ...] = ()


class Match(NamedTuple):
    """A class that answers a search."""

    cls: type[Record]
    quality: int
    because: str
    """The name that was found, with what it is a name of."""


@cache
def _rows(name: str) -> list[list[str]]:
    return rows("jobdsl.elements", name)


@cache
def _elsewhere() -> dict[str, Elsewhere]:
    return {
        java: Elsewhere(*(tuple(filter(None, names.split(" | "))) for names in (job_builder, job_dsl)))
        for java, job_builder, job_dsl in _rows("elsewhere.tsv")
    }


def elsewhere(cls: type[Record]) -> Elsewhere:
    """Return what other tools call an element; empty where none is known."""
    return _elsewhere().get(cls.java, Elsewhere())


def measured_version(plugin: str) -> str:
    """Return the version of a plugin that our elements were compared with on a controller, or empty text."""
    return next((version for name, version in _rows("measured.tsv") if name == plugin), "")


def search(text: str) -> list[Match]:
    """Return the classes that a text names or describes, best first; `load_all` comes first.

    Args:
        text: Words, all of which must be found: an element (`steps.shell`), a Java class, a plugin,
            a field of its document, a name of Jenkins Job Builder or Job DSL.
    """
    words = text.lower().split()
    matches = []
    for cls in dict.fromkeys(registry.values()):
        hits = [_best(cls, word) for word in words]
        if words and all(hits):
            best = max(filter(None, hits))
            matches.append(Match(cls, min(quality for quality, _ in filter(None, hits)), best[1]))
    return sorted(
        matches, key=lambda match: (-match.quality, len(match.cls.dsl_name()), match.cls.dsl_name())
    )


def _best(cls: type[Record], word: str) -> tuple[int, str] | None:
    answers = ((_quality(name.lower(), word, limit), because) for name, because, limit in _names(cls))
    best = max(answers, key=lambda answer: answer[0])
    return best if best[0] else None


def _quality(name: str, word: str, limit: int) -> int:
    if word not in name:
        return 0
    parts = name.replace(":", " ").replace("{", " ").replace("}", " ").split()
    if word in (name, name.rpartition(".")[2], name.rpartition("$")[2], parts[-1] if parts else ""):
        quality = _EXACT
    elif word in name.replace("_", " ").replace("-", " ").replace(".", " ").split():
        quality = _WORD
    else:
        quality = _START if name.rpartition(".")[2].startswith(word) else _PART
    return min(quality, limit)


def _names(cls: type[Record]) -> Iterator[tuple[str, str, int]]:
    """Yield each name of a class, with what it is and how good an answer it can be."""
    yield cls.dsl_name(), "", _EXACT
    for java in (cls.java, *names_of(cls.java)):
        yield java, f"Jenkins: {java}", _EXACT
    if cls.plugin:
        yield cls.plugin, f"plugin: {cls.plugin}", _WORD
    names = elsewhere(cls)
    for name in names.job_builder:
        yield name, f"Jenkins Job Builder: {name}", _EXACT
    for name in names.job_dsl:
        yield name, f"Job DSL: {name}", _EXACT
    for field in cls._fields.values():
        if field.is_argument:
            yield field.name, f"argument: {field.name}", _ARGUMENT
            if field.tag:
                yield field.tag, f"field: <{field.tag}>", _ARGUMENT
    yield cls.__doc__ or "", "its description", _TEXT
