"""What the child process that reads YAML gives back: plain values, as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ChoiceVariant",
    "JobGroup",
    "JobRow",
    "MacroCall",
    "YamlDefinition",
    "YamlParameter",
    "YamlProblem",
    "YamlReading",
]


@dataclass(slots=True, kw_only=True)
class YamlProblem:
    """Something that could not be read, and where."""

    file: str
    line: int
    message: str
    hint: str = ""
    subject: str = ""
    """The definition that it concerns, such as `job template 'x'`."""


@dataclass(slots=True, kw_only=True)
class YamlParameter:
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
class ChoiceVariant:
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
class YamlDefinition:
    """A template, a macro or a single job, as documents with placeholders."""

    key: str
    """`job:id`, `view:id`, `builder:name` and so on."""
    name: str
    file: str
    line: int
    is_view: bool = False
    parameters: list[YamlParameter] = field(default_factory=list)
    inline: str = ""
    """The document with macros written out."""
    calls: str = ""
    """The document with macros as elements of the name of a token."""
    variants: list[ChoiceVariant] = field(default_factory=list)
    macro_calls: list[MacroCall] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class JobRow:
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
class JobGroup:
    """A group of jobs or views."""

    key: str
    name: str
    file: str
    line: int
    members: list[str]
    """Keys of templates, in order."""


@dataclass(slots=True, kw_only=True)
class YamlReading:
    """All that was read."""

    definitions: list[YamlDefinition] = field(default_factory=list)
    groups: list[JobGroup] = field(default_factory=list)
    rows: list[JobRow] = field(default_factory=list)
    findings: list[YamlProblem] = field(default_factory=list)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> YamlReading:
        """Return the values that `dataclasses.asdict` made plain."""
        definitions = [
            YamlDefinition(
                **{
                    **values,
                    "parameters": [YamlParameter(**each) for each in values["parameters"]],
                    "variants": [ChoiceVariant(**each) for each in values["variants"]],
                    "macro_calls": [MacroCall(**each) for each in values["macro_calls"]],
                }
            )
            for values in data["definitions"]
        ]
        return cls(
            definitions=definitions,
            groups=[JobGroup(**values) for values in data["groups"]],
            rows=[JobRow(**values) for values in data["rows"]],
            findings=[YamlProblem(**values) for values in data["findings"]],
        )
