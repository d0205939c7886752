"""What the child process that reads YAML gives back: plain values, as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Definition", "Finding", "Group", "MacroCall", "Parameter", "Reading", "Row", "Variant"]


@dataclass(slots=True, kw_only=True)
class Finding:
    """Something that could not be read, and where."""

    file: str
    line: int
    message: str
    hint: str = ""
    what: str = ""
    """The definition that it concerns, such as `job template 'x'`."""


@dataclass(slots=True, kw_only=True)
class Parameter:
    """A variable of a definition."""

    name: str
    kind: str
    """`text`, `number`, `list` (of components), or `choice` (a value that decides what is there)."""
    token: Any
    """What the documents have in its place; for a choice, its value in the base document."""
    default: Any = None
    has_default: bool = False
    component: str = ""
    """For a list, the type of its components."""


@dataclass(slots=True, kw_only=True)
class Variant:
    """The document with another value of one choice."""

    parameter: str
    value: Any
    inline: str
    calls: str


@dataclass(slots=True, kw_only=True)
class MacroCall:
    """A call of a macro; the element `token` is where it is."""

    token: str
    macro: str
    """Key of the macro: `builder:name`."""
    arguments: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Definition:
    """A template, a macro or a single job, as documents with placeholders."""

    key: str
    """`job:id`, `view:id`, `builder:name` and so on."""
    name: str
    file: str
    line: int
    is_view: bool = False
    parameters: list[Parameter] = field(default_factory=list)
    inline: str = ""
    """The document with macros written out."""
    calls: str = ""
    """The document with macros as elements of the name of a token."""
    variants: list[Variant] = field(default_factory=list)
    macro_calls: list[MacroCall] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Row:
    """A job or view: which definition makes it, with which values, and its document."""

    name: str
    definition: str
    file: str
    line: int
    document: str
    values: dict[str, Any]
    """Values of the definition's parameters that are not by default."""
    lists: dict[str, str] = field(default_factory=dict)
    """Documents of a job that has nothing but the components of a list, by parameter."""
    fixed: list[str] = field(default_factory=list)
    """Parameters whose values come from a group."""
    axes: list[str] = field(default_factory=list)
    """Parameters whose values are from lists that are multiplied."""
    project: str = ""
    spec: int = 0
    """Position in the project's list of jobs."""
    group: str = ""
    is_view: bool = False


@dataclass(slots=True, kw_only=True)
class Group:
    """A group of jobs or views."""

    key: str
    name: str
    file: str
    line: int
    members: list[str]
    """Keys of templates, in order."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """All that was read."""

    definitions: list[Definition] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reading:
        """Return the values that `dataclasses.asdict` made plain."""
        definitions = [
            Definition(
                **{
                    **one,
                    "parameters": [Parameter(**each) for each in one["parameters"]],
                    "variants": [Variant(**each) for each in one["variants"]],
                    "macro_calls": [MacroCall(**each) for each in one["macro_calls"]],
                }
            )
            for one in data["definitions"]
        ]
        return cls(
            definitions=definitions,
            groups=[Group(**one) for one in data["groups"]],
            rows=[Row(**one) for one in data["rows"]],
            findings=[Finding(**one) for one in data["findings"]],
        )
