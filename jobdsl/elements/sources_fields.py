"""Fields only branch sources have: numbered strategies, trust, and Java's arrays inside lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.kinds import Field, TextField, Unfit, ordered
from jobdsl.elements.kinds_lists import ChildrenField
from jobdsl.elements.slots import Trait
from jobdsl.errors import DslError, suggestion

__all__ = ["BRANCHES", "REQUESTS", "array", "coded", "fork_trust", "identity", "trait_list"]

BRANCHES = {"without-requests": "1", "only-requests": "2", "all": "3"}
"""Branches without a pull request of their own, those with one, or all."""
REQUESTS = {"merge": "1", "head": "2", "both": "3"}
"""A pull request merged with its target, as it is, or both ways."""


class _Id(TextField):
    """The id of a source; nothing is written for an empty one."""

    def check(self, value: Any) -> Any:
        return None if value is None else super().check(value)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return super().write(value or None, indent, attrs)


def identity() -> Any:
    """Return the `id` of a source: empty, its multibranch job makes a stable one; None writes none at all."""
    return _Id("id", default="")


class _Coded(Field):
    """A word for a number Jenkins stores."""

    kind = "raw"

    def __init__(self, tag: str, codes: Mapping[str, str], **common: Any) -> None:
        super().__init__(tag, **common)
        self.codes = codes

    def check(self, value: Any) -> Any:
        word = next((word for word, code in self.codes.items() if str(value) == code), value)
        if word in self.codes:
            return word
        near = suggestion(str(value), self.codes)
        raise DslError(f"does not know {value!r}", hint=near or "one of: " + ", ".join(self.codes))

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{self.codes[value]}</{self.tag}>"

    def read(self, node: Node) -> Any:
        for word, code in self.codes.items():
            if node.text == code and not node.children and not node.attrs:
                return word
        raise Unfit


class _Trust(Field):
    """Whose forks may bring their own Jenkinsfile: a class named after the word."""

    kind = "raw"

    def __init__(self, tag: str, owner: str, words: tuple[str, ...], **common: Any) -> None:
        super().__init__(tag, **common)
        self.classes = {word: owner + "$Trust" + word.title().replace("-", "") for word in words}

    def check(self, value: Any) -> Any:
        if value in self.classes:
            return value
        near = suggestion(str(value), self.classes)
        raise DslError(f"does not know {value!r}", hint=near or "one of: " + ", ".join(self.classes))

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        return f'{indent}<{self.tag} class="{self.classes[value]}"/>'

    def read(self, node: Node) -> Any:
        for word, java in self.classes.items():
            if node.attrs == {"class": java} and not node.children and not node.text:
                return word
        raise Unfit


class _Array(Field):
    """A list Jenkins keeps as a Java array inside a list; empty it is another class."""

    kind = "raw"

    def __init__(self, tag: str, java: str, accepts: type, convert: Any, **common: Any) -> None:
        super().__init__(tag, **common)
        self.java = java
        self.accepts = accepts
        self.convert = convert

    def check(self, value: Any) -> Any:
        return tuple([self._member(member) for member in ordered(value, "a list")])

    def _member(self, member: Any) -> Any:
        if self.convert is not None and isinstance(member, tuple):
            member = self.convert(member)
        if not isinstance(member, self.accepts) and not getattr(member, "untyped", False):
            raise DslError(f"takes {getattr(self.accepts, 'slot', 'elements')}, not {member!r}")
        return member

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        if not value:
            return f'{indent}<{self.tag} class="empty-list"/>'
        inner = "".join(member.write(indent + "    ") for member in value)
        array = f'{indent}  <a class="{self.java}-array">{inner}{indent}  </a>'
        return f'{indent}<{self.tag} class="java.util.Arrays$ArrayList">{array}{indent}</{self.tag}>'

    def read(self, node: Node) -> Any:
        from jobdsl.elements import reading

        if node.attrs == {"class": "empty-list"} and not node.children:
            return ()
        if node.attrs != {"class": "java.util.Arrays$ArrayList"} or len(node.children) != 1:
            raise Unfit
        held = node.children[0]
        if held.tag != "a" or held.attrs != {"class": f"{self.java}-array"} or not held.children:
            raise Unfit
        return tuple(reading.read_element(child) for child in held.children)


def coded(tag: str, codes: Mapping[str, str], *, default: Any, first: bool = False) -> Any:
    """Return a number of Jenkins' by a word; the number itself is taken too."""
    return _Coded(tag, codes, default=default, first=first)


def fork_trust(owner: str, words: tuple[str, ...], *, default: str) -> Any:
    """Return the `trust` of pull requests from forks; `owner` is the class its choices are nested in."""
    return _Trust("trust", owner, words, default=default)


def array(tag: str, java: str, accepts: type, *, convert: Any = None, first: bool = False) -> Any:
    """Return a list of elements inside an array of the Java class `java`."""
    return _Array(tag, java, accepts, convert, default=(), first=first)


class _Traits(ChildrenField):
    """Traits of a source; a git extension in the list becomes the trait that carries it."""

    also = "_parts.Many[_slots.Trait | _scm.GitExtension]"

    def member(self, value: Any) -> Any:
        carrier = getattr(type(value), "carrier", None)
        return super().member(carrier(extension=value) if carrier is not None else value)


def trait_list(*, default: Any = ()) -> Any:
    """Return the `traits` of a source or navigator."""
    return _Traits("traits", Trait, None, default=default)
