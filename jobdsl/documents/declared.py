"""What the typed classes declare of Jenkins' elements, for code that reads documents without making values.

Which children a class has, and which texts are secrets in plain text: declared so, or by their name where
there is no typed class.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from jobdsl.secrets.names import ends_secret, harmless

if TYPE_CHECKING:
    from jobdsl.elements.base import Record

__all__ = [
    "Refers",
    "class_of_child",
    "dsl_call",
    "dsl_field",
    "dsl_name",
    "in_clear",
    "is_secret_attribute",
    "is_typed",
    "known_tags",
    "may_be_secret",
    "referring_tags",
    "refers",
    "secrecy",
    "short_names",
    "slots_of",
]

Refers = Literal["", "credentials", "label", "node"]
"""What the text of a child names: credentials by id, agents by a label expression, or one label or node."""
Secrecy = Literal["", "declared", "named"]

_ADDRESS_ELSEWHERE = re.compile(r"\w+://[\w.:/-]*\$\{[^{}]+\}")
"""An address whose last part stands elsewhere: `https://hooks.example.com/${HOOK}`."""
_IN_CLASS = (("password", "value"), ("password", "defaultvalue"), ("secret", "value"))
"""Leaf tags that are secrets in elements whose class name holds a word: password parameters, entries."""


@cache
def _classes() -> dict[str, type[Record]]:
    """Return every typed class by its Java name; loading them takes a moment."""
    from jobdsl.elements import load_all
    from jobdsl.elements.base import registry

    load_all()
    return registry


def _typed(java: str) -> type[Record] | None:
    """Return the typed class of a Jenkins class, by whichever of its names."""
    from jobdsl.elements.base import typed

    return typed(java) if _classes() else None


@cache
def short_names() -> frozenset[str]:
    """Classes that documents name without a package, such as EnvInjectBuilder."""
    return frozenset(java for java in _classes() if "." not in java)


@lru_cache(maxsize=10_000)
def known_tags(java: str) -> frozenset[str] | None:
    """The tags of every child its typed class can write, in whatever layout; None without such a class."""
    cls = _typed(java)
    if cls is None:
        return None
    tags = set(cls.by_tag)
    for form in cls.forms.values():
        tags |= {token.rstrip("?!").partition("@")[0] for token in form.layout.split()} | set(form.extra)
    return frozenset(tags)


@lru_cache(maxsize=10_000)
def is_typed(java: str) -> bool:
    """Return whether the vocabulary has a class, by whichever of its names."""
    return _typed(java) is not None


@cache
def referring_tags() -> frozenset[str]:
    """Tags of the children that name credentials or agents in some class."""
    return frozenset(
        field.tag for cls in _classes().values() for field in cls.by_tag.values() if field.refers
    )


@lru_cache(maxsize=10_000)
def refers(java: str, tag: str) -> Refers | None:
    """Return what a child of a class names, as it is declared; None where no typed class has such a child."""
    cls = _typed(java)
    field = cls.by_tag.get(tag) if cls is not None else None
    return None if field is None else field.refers


@lru_cache(maxsize=10_000)
def class_of_child(java: str, tag: str) -> str:
    """The class of a child that is written without it, as its field declares it; empty where none does."""
    cls = _typed(java)
    field = cls.by_tag.get(tag) if cls is not None else None
    accepts = getattr(field, "accepts", None) if getattr(field, "plain", False) else None
    return getattr(accepts, "java", "")


@lru_cache(maxsize=10_000)
def slots_of(java: str) -> tuple[str, ...]:
    """Return the slots of a job that a typed class belongs to, by their names; empty without such a class."""
    from jobdsl.elements import slots

    cls = _classes().get(java)
    if cls is None:
        return ()
    return tuple(name for name in slots.__all__ if issubclass(cls, getattr(slots, name)))


@cache
def _secret_tags() -> frozenset[str]:
    fields = [field for cls in _classes().values() for field in cls.by_tag.values()]
    return frozenset(field.tag for field in fields if field.kind == "secret")


@lru_cache(maxsize=10_000)
def may_be_secret(tag: str) -> bool:
    """Return whether a child of this tag is a secret in some class; a quick filter before `secrecy`."""
    low = tag.lower()
    return tag in _secret_tags() or ends_secret(tag) or any(low == leaf for _, leaf in _IN_CLASS)


@lru_cache(maxsize=10_000)
def secrecy(java: str, tag: str) -> Secrecy:
    """Return whether a child of this class is a secret: declared, or in an untyped class named like one."""
    cls = _typed(java)
    field = cls.by_tag.get(tag) if cls is not None else None
    if field is not None:
        return "declared" if field.kind == "secret" else ""
    return "named" if _named(java.lower(), tag) else ""


def _named(kind: str, tag: str) -> bool:
    """Return whether a leaf of an element without a typed class has a secret's name."""
    if ends_secret(tag):
        return not (tag == "token" and "condition" in kind)  # there it is the text that is compared
    return any(word in kind and tag.lower() == leaf for word, leaf in _IN_CLASS)


def is_secret_attribute(name: str) -> bool:
    """Return whether an attribute of this name holds a secret."""
    return ends_secret(name)


def in_clear(text: str) -> bool:
    """Whether a secret child's text is the secret itself, not a reference to it or its encrypted form."""
    return not harmless(text) and _ADDRESS_ELSEWHERE.fullmatch(text) is None


@lru_cache(maxsize=10_000)
def dsl_name(java: str) -> str:
    """Return what a DSL file calls a class, without its slot; its simple name where no typed class is."""
    cls = _classes().get(java)
    return cls.__name__ if cls is not None else java.rpartition(".")[2].rpartition("$")[2]


@lru_cache(maxsize=10_000)
def dsl_call(java: str) -> str:
    """Return what a DSL file calls a class, with its slot: `steps.shell`; empty where no typed class is."""
    cls = _typed(java)
    return cls.dsl_name() if cls is not None else ""


@lru_cache(maxsize=10_000)
def dsl_field(java: str, tag: str) -> str:
    """Return what a DSL file calls a child of a class; the tag where there is no typed class."""
    cls = _classes().get(java)
    field = cls.by_tag.get(tag) if cls is not None else None
    return field.name if field is not None and field.name else tag
