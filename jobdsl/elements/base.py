"""What a typed element is: a class whose fields are declared once and compiled to a constructor and a writer.

    class archive(Publisher, xml="hudson.tasks.ArtifactArchiver"):
        \"\"\"Keep files of the workspace with the build.\"\"\"

        artifacts: str = text(first=True)
        allow_empty: bool = flag("allowEmptyArchive", default=False)

The order of the fields is the order in the document. Elements are frozen values.

A class of fields, the compiler of its constructor and writer, its reader and what refuses a wrong argument
import each other: they are one engine in several files, and each handles the classes that the others make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from jobdsl.documents.aliases import names_of
from jobdsl.documents.tree import Node, tag_name
from jobdsl.elements.compiling import constructor, writer
from jobdsl.elements.kinds import REQUIRED, Field
from jobdsl.elements.untyped import Value
from jobdsl.errors import DslError

if TYPE_CHECKING:
    from inspect import Signature

__all__ = ["Element", "Form", "Record", "RecordType", "registry", "typed"]

registry: dict[str, type[Record]] = {}
"""Every typed class by the Jenkins class it stands for."""

_COMMON = ("layout", "extra")


def typed(name: str) -> type[Record] | None:
    """Return the typed class of a Jenkins class, by whichever of its names; `load_all` comes first."""
    if name in registry:
        return registry[name]
    return next((registry[alias] for alias in names_of(name) if alias in registry), None)


class Form(NamedTuple):
    """How another tool or an old plugin writes a class; `layout="jjb"` stands for it."""

    layout: str
    """The tags in order; those without a value are left out, and `tag?` also where it has its default."""
    extra: Mapping[str, Value] = {}
    """What it always writes and the class has no argument for."""


def _first_made(self: Record, *args: Any, **arguments: Any) -> None:
    """Compile the class's constructor, which takes the place of this function."""
    cls: Any = type(self)
    cls.__init__ = constructor(cls)
    cls.__init__(self, *args, **arguments)


def _first_written(self: Record, indent: str) -> str:
    """Compile the class's writer, which takes the place of this function."""
    cls: Any = type(self)
    cls._body = writer(cls)
    text: str = cls._body(self, indent)
    return text


class RecordType(type):
    """Collects the fields of a class in order and gives it slots."""

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        xml: str = "",  # noqa: ARG004  # __init__ reads them
        plugin: str = "",  # noqa: ARG004
        **kw: Any,
    ) -> RecordType:
        """The class, with its fields as slots."""
        own = {key: value for key, value in body.items() if isinstance(value, Field)}
        for key, field in own.items():
            taken = any(hasattr(base, key) and key not in base.__dict__["_fields"] for base in bases)
            assert not taken, f"{name}.{key} would hide an attribute that every element has"
            del body[key]
            field.named(key)
        body["__slots__"] = (*(key for key, field in own.items() if field.stored), *body.get("__slots__", ()))
        new_class = super().__new__(cls, name, bases, body, **kw)
        inherited: dict[str, Field] = {}
        for base in reversed(bases):
            inherited.update(base.__dict__.get("_fields", {}))
        new_class._fields = _in_order(inherited, own, body.get("inherits_after", ""))
        return new_class

    _fields: dict[str, Field]

    def __init__(
        cls,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        xml: str = "",
        plugin: str = "",
        **kw: Any,
    ) -> None:
        super().__init__(name, bases, body, **kw)
        record_class: Any = cls
        if bases:  # each class compiles its own: those of the class it extends know fewer fields
            record_class.__init__, record_class._body = _first_made, _first_written
        if xml:
            record_class.java, record_class.xml_tag, record_class.plugin = xml, tag_name(xml), plugin
            by_tag = {field.tag: field for field in record_class._fields.values() if field.tag}
            record_class.by_tag = (
                {tag: by_tag[tag] for tag in record_class.order.split()} if record_class.order else by_tag
            )
            registry[xml] = record_class
            registry.update(dict.fromkeys(record_class.aliases, record_class))

    @property
    def __signature__(cls) -> Signature:
        """The arguments, for `help()` and completion: the constructor is compiled on first use."""
        from inspect import Parameter, Signature

        argument_fields = [field for field in cls._fields.values() if field.is_argument]
        first = [field for field in argument_fields if field.first]
        rest = [field for field in argument_fields if not field.first]
        return Signature(
            [
                Parameter(
                    field.name, kind, default=Parameter.empty if field.default is REQUIRED else field.default
                )
                for kind, fields in ((Parameter.POSITIONAL_OR_KEYWORD, first), (Parameter.KEYWORD_ONLY, rest))
                for field in sorted(fields, key=lambda field: field.default is not REQUIRED)
            ]
        )


def _in_order(inherited: Mapping[str, Field], own: Mapping[str, Field], after: str) -> dict[str, Field]:
    """Return all fields: the inherited ones first, or after one of the class's own."""
    names = list(own)
    first = names[: names.index(after) + 1] if after else []
    return {name: own[name] for name in first} | {**inherited, **own}


class Record(metaclass=RecordType):
    """Anything with declared fields that is written as one XML element: elements and items."""

    __slots__ = ("extra", "layout")

    java: ClassVar[str] = ""
    """The Jenkins class, as Java spells it."""
    xml_tag: ClassVar[str] = ""
    """The same as an XML tag."""
    plugin: ClassVar[str] = ""
    """Short name of the plugin that brings it; empty for Jenkins itself."""
    by_tag: ClassVar[dict[str, Field]] = {}
    order: ClassVar[str] = ""
    """Tags in the order they are written, where inheritance does not give it."""
    inherits_after: ClassVar[str] = ""
    """The own field after which the inherited ones come; they come first where it is empty."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other tags documents have for it; the class then takes `root=`, the tag to write."""
    orders: ClassVar[frozenset[str]] = frozenset()
    """Tags of children whose own order a layout may give: `properties[keep,*]`."""
    forms: ClassVar[Mapping[str, Form]] = {}
    """Well-known other layouts, by name."""
    also: ClassVar[Mapping[str, str]] = {}
    """Types that `_expand` accepts for an argument next to those of its field, for type stubs."""
    _fields: ClassVar[dict[str, Field]]

    layout: str | None
    """The children in their order, where that is not the class's own; see reading.py."""
    extra: dict[str, Value] | None
    """Children the class has no field for, by tag."""

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **arguments: Any) -> None: ...

        def _body(self, indent: str) -> str:
            """Return the children as text, each on a line that starts with `indent`."""

    @classmethod
    def dsl_name(cls) -> str:
        """Return how a DSL file calls it, e.g. `publish.archive`."""
        module = cls.__module__.rpartition(".")[2].partition("_")[0]
        return cls.__name__ if module in ("jobs", "viewkinds") else f"{module}.{cls.__name__}"

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:  # noqa: ARG003  # for those that override it
        """Arguments that make the computed child `tag` what it is in a document. Raises Unfit.

        A `layout` among them is the order its members need, `tag[a,*,b]`.
        """
        return {}

    @classmethod
    def kinds_with(cls, argument: str) -> list[str]:  # noqa: ARG003  # for those that override it
        """Return names of classes that take an argument this one does not, and that stand where it stands."""
        return []

    def arguments(self) -> dict[str, Any]:
        """The arguments that make this value again, as short as may be, without those at their default."""
        return {
            name: _as_given(field, getattr(self, name))
            for name, field in self._fields.items()
            if field.stored and not field.is_default(getattr(self, name))
        }

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"{self.dsl_name()}({arguments if len(arguments) < 80 else arguments[:76] + '...'})"

    @classmethod
    def _from(cls, values: Mapping[str, Any], layout: str | None, extra: Mapping[str, Value]) -> Any:
        """Return a value read from a document: its arguments as they are stored, nothing expanded."""
        return cls(**values, layout=layout, extra=dict(extra) or None)

    def write_plain(self, tag: str, indent: str) -> str:
        """As the field `tag`, its class being understood."""
        body = self._body(indent + "  ")
        return f"{indent}<{tag}>{body}{indent}</{tag}>" if body else f"{indent}<{tag}/>"


def _as_given(field: Field, value: Any) -> Any:
    """Parts as the plain values they are made from, where the field makes them itself."""
    made_by = getattr(field, "convert", None)
    if not isinstance(made_by, type) or value is None:
        return value
    if field.kind == "children":
        return tuple([_plain(made_by, part) for part in value])
    return _plain(made_by, value) if field.kind in ("child", "meta") else value


def _plain(made_by: Any, part: Any) -> Any:
    """Return the plain value a part is made from: its first argument, where no other is given."""
    arguments = part.arguments() if type(part) is made_by and not part.layout and not part.extra else {}
    if len(arguments) != 1:
        return part
    [(name, value)] = arguments.items()
    first = next((field.name for field in made_by._fields.values() if field.first), "")
    if name != first or not isinstance(value, str | int):
        return part
    return value if made_by(value) == part else part


class Element(Record):
    """One Jenkins element as a frozen value."""

    __slots__ = ()

    slot: ClassVar[str] = "an element"
    """What kind of thing it is, in words."""

    def write(self, indent: str) -> str:
        """As a member of a list."""
        return self.write_plain(self.xml_tag, indent)

    def write_as(self, tag: str, indent: str) -> str:
        """As the field `tag` of another element, with its class."""
        body = self._body(indent + "  ")
        start = f'{indent}<{tag} class="{self.java}"'
        return f"{start}>{body}{indent}</{tag}>" if body else f"{start}/>"

    def but(self, **changes: Any) -> Self:
        """Return a copy with some arguments changed."""
        values = {name: getattr(self, name) for name, field in self._fields.items() if field.stored}
        return type(self)(**{**values, "layout": self.layout, "extra": self.extra, **changes})

    if not TYPE_CHECKING:  # type checkers would take any attribute for one that may be set

        def __setattr__(self, name: str, value: object) -> None:
            raise DslError(
                f"{self.dsl_name()} cannot be changed after it was made",
                hint="use .but(field=value) for a changed copy",
            )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name)
            for name in (*_COMMON, *(name for name, field in self._fields.items() if field.stored))
        )

    def __hash__(self) -> int:
        return hash(self._body("\n"))
