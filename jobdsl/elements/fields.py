"""How a class declares its fields: one function for each kind.

    artifacts: str = text(first=True)
    allow_empty: bool = flag("allowEmptyArchive", default=False)

The XML tag is the camelCase of the argument's name unless it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobdsl.documents.declared import Refers
from jobdsl.elements.kinds import (
    REQUIRED,
    AmountField,
    CredentialsField,
    DecimalField,
    FlagField,
    LabelField,
    NamesField,
    NumberField,
    SecretTextField,
    TextField,
)
from jobdsl.elements.kinds_lists import ChildField, ChildrenField, SlotField, StringsField
from jobdsl.elements.kinds_other import (
    RESULTS,
    AbsentField,
    ComputedField,
    ConstantField,
    MetaField,
    RawField,
    ResultField,
    ResultsField,
    SugarField,
)

__all__ = [
    "absent",
    "amount",
    "child",
    "children",
    "computed",
    "constant",
    "credentials_id",
    "decimal",
    "flag",
    "label_text",
    "meta",
    "names",
    "number",
    "raw",
    "result",
    "results",
    "secret_text",
    "slot",
    "strings",
    "sugar",
    "text",
]


def text(
    tag: str = "",
    *,
    default: Any = REQUIRED,
    first: bool = False,
    choices: tuple[str, ...] = (),
    check: Callable[[str], object] | None = None,
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """Text; `default=None` leaves the child out when it is not given. `first` fields are positional."""
    return TextField(tag, choices, check, default=default, first=first, attrs=attrs)


def names(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Return names of jobs: text with commas, or a list of names or of the jobs themselves."""
    return NamesField(tag, default=default, first=first)


def secret_text(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Text that is never printed, and on import never written into DSL source in clear."""
    return SecretTextField(tag, default=default, first=first)


def credentials_id(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Return the id of credentials; policy checks whether a team may use them."""
    return CredentialsField(tag, default=default, first=first)


def label_text(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Return a label expression that selects agents; policy checks whether a team may use its labels."""
    return LabelField(tag, default=default, first=first)


def flag(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """True or False; `default=None` leaves the child out when it is not given."""
    return FlagField(tag, default=default, first=first)


def number(tag: str = "", *, default: Any = REQUIRED, first: bool = False, least: int | None = -1) -> Any:
    """Return a whole number, or text with a ${VARIABLE}.

    `least` is 0 for a time or a count, -1 where that is how Jenkins writes "none" or "unlimited", None where
    any number has a meaning.
    """
    return NumberField(tag, least, default=default, first=first)


def amount(tag: str = "", *, default: Any = "", first: bool = False, least: int | None = -1) -> Any:
    """Return a whole number that Jenkins keeps as text; empty text for none."""
    return AmountField(tag, least, default=default, first=first)


def decimal(tag: str = "", *, default: Any = REQUIRED, first: bool = False, least: int | None = -1) -> Any:
    """Return a number with a point, as Java writes it: `1.0`."""
    return DecimalField(tag, least, default=default, first=first)


def child(
    tag: str = "",
    *,
    accepts: type,
    default: Any = REQUIRED,
    first: bool = False,
    plain: bool = False,
    convert: Callable[..., Any] | None = None,
) -> Any:
    """Return one element: `<tag class="...">`; `plain` writes `<tag>`, the class being understood."""
    return ChildField(tag, accepts, plain, convert, default=default, first=first)


def children(
    tag: str = "",
    *,
    accepts: type,
    default: Any = (),
    first: bool = False,
    convert: Callable[..., Any] | None = None,
    inside: str = "",
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """A list of elements; `convert` makes a member from plain text, `inside` is a further tag around them."""
    return ChildrenField(tag, accepts, convert, inside, default=default, first=first, attrs=attrs)


def slot(tag: str = "", *, accepts: type, convert: Callable[..., Any] | None = None) -> Any:
    """Return a list of a job; stays changeable, and a dict names its members."""
    return SlotField(tag, accepts, convert, default=())


def meta(
    check: Callable[[Any], Any] | None = None,
    *,
    default: Any = REQUIRED,
    first: bool = False,
    convert: type | None = None,
) -> Any:
    """An argument that is no child by itself; `convert` is the class its check makes of a plain value."""
    return MetaField(check, convert, default=default, first=first)


def absent(tag: str) -> Any:
    """Return an empty child only found in stored documents; written where a layout names it."""
    return AbsentField(tag)


def strings(
    tag: str = "",
    *,
    default: Any = (),
    first: bool = False,
    item: str = "string",
    inside: tuple[str, Mapping[str, str]] | None = None,
    attrs: Mapping[str, str] | None = None,
    refers: Refers = "",
) -> Any:
    """Return a list of texts; `inside` is a further tag around them."""
    field = StringsField(tag, item, inside, default=default, first=first, attrs=attrs)
    field.refers = refers
    return field


def result(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Return a build result by name: SUCCESS, UNSTABLE, FAILURE, NOT_BUILT or ABORTED."""
    return ResultField(tag, tuple(RESULTS), default=default, first=first)


def results(tag: str = "", *, default: Any = (), first: bool = False) -> Any:
    """Return a list of build results by name."""
    return ResultsField(tag, default=default, first=first)


def raw(tag: str = "", *, default: Any = None, first: bool = False) -> Any:
    """Any value `element(...)` takes; left out when None."""
    return RawField(tag, default=default, first=first)


def constant(tag: str = "", value: str | None = None, *, attrs: Mapping[str, str] | None = None) -> Any:
    """Return a child that is always there; not an argument."""
    return ConstantField(tag, value, attrs)


def computed(tag: str, written_by: Any, method: str, *, is_empty: Callable[[Any], bool] | None = None) -> Any:
    """Return a child whose value `method` works out; not an argument.

    A value that is not `is_empty` is written also where a layout leaves the child out: the arguments it is
    worked out from then take effect. Without `is_empty` a layout has the last word.
    """
    return ComputedField(tag, written_by, method, is_empty)


def sugar(*, default: Any = None, first: bool = False) -> Any:
    """Return an argument for `_expand`."""
    return SugarField("", default=default, first=first)
