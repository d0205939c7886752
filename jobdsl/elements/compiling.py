"""How a class of fields becomes a constructor and a writer: the source of both, compiled on first use.

Rendering is mostly these two, so the constructor passes what is plainly right without a call, and
the writer is one f-string.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobdsl.documents.tree import escape
from jobdsl.elements.kinds import REQUIRED, Field, FlagField
from jobdsl.elements.kinds_other import ComputedField
from jobdsl.elements.layouts import laid_out
from jobdsl.elements.refusing import accept, accept_layout, expand, refuse

if TYPE_CHECKING:
    from jobdsl.elements.base import Record

__all__ = ["constructor", "writer"]


def constructor(cls: type[Record]) -> Any:
    """Return the `__init__` of a class."""
    return _compiled(cls, "__init__", _constructor)


def writer(cls: type[Record]) -> Any:
    """Return the `_body` of a class."""
    return _compiled(cls, "_body", _writer)


def _compiled(cls: type[Record], name: str, source: Callable[[type[Record]], str]) -> Any:
    names: dict[str, Any] = {"escape": escape, "accept": accept, "refuse": refuse, "expand": expand}
    names["accept_layout"] = accept_layout
    names |= {"__name__": __name__, "laid_out": laid_out}
    for field in cls._fields.values():
        names[f"_f_{field.name}"], names[f"_d_{field.name}"] = field, field.default
        names[f"_a_{field.name}"], names[f"_c_{field.name}"] = getattr(field, "accepts", object), field.check
    code = compile(source(cls), f"<{cls.__name__}>", "exec")
    exec(code, names)  # noqa: S102  # our own field declarations, as dataclasses do
    return names[name]


def _constructor(cls: type[Record]) -> str:
    stored = [field for field in cls._fields.values() if field.is_argument]
    first = "".join(f"{field.name}=_d_{field.name}, " for field in stored if field.first)
    rest = "".join(f"{field.name}=_d_{field.name}, " for field in stored if not field.first)
    lines = [f"def __init__(self, {first}*more, {rest}layout=None, extra=None, **unknown):"]
    lines.append("    if more or unknown: refuse(self, more, unknown, locals())")
    if hasattr(cls, "_expand"):
        sugar = ", ".join(f"{field.name!r}: {field.name}" for field in stored)
        lines.append(f"    given = expand(self, {{{sugar}}})")
        lines += [f"    {field.name} = given[{field.name!r}]" for field in stored if field.stored]
    for field in stored:
        if field.stored:
            lines += _check_lines(field)
    lines.append("    if layout is not None: layout = accept_layout(self, layout, extra)")
    lines.append("    put = object.__setattr__")
    lines += [f"    put(self, {field.name!r}, {field.name})" for field in stored if field.stored]
    lines += ["    put(self, 'layout', layout)", "    put(self, 'extra', extra)"]
    if hasattr(cls, "_finish"):
        lines.append("    self._finish()")
    return "\n".join(lines)


def _check_lines(field: Field) -> list[str]:
    """Return the check of one argument; values that are plainly right pass without a call."""
    name = field.name
    call = f"{name} = accept(self, _f_{name}, {name})"
    easy = (
        field.kind in ("text", "secret")
        and not getattr(field, "choices", ())
        and getattr(field, "checker", None) is None
    )
    if easy:
        none = f" and {name} is not None" if field.default is None else ""
        return [f"    if {name}.__class__ is not str{none}: {call}"]
    if field.kind == "flag":
        none = f" and {name} is not None" if field.default is None else ""
        return [f"    if {name} is not True and {name} is not False{none}: {call}"]
    if field.kind == "number":
        none = f" and {name} is not None" if field.default is None else ""
        least = getattr(field, "least", None)
        small = f" or {name} < {least}" if least is not None else ""
        return [f"    if ({name}.__class__ is not int{small}){none}: {call}"]
    if field.kind == "child":
        default = f"{name} is not _d_{name} and " if field.default is not REQUIRED else ""
        return [f"    if {default}not isinstance({name}, _a_{name}): {call}"]
    if field.default is REQUIRED:
        return [f"    {call}"]
    guarded = field.kind != "slot" and (field.default is None or field.default == ())
    return [
        f"    if {name} is not _d_{name}:" if guarded else "    if True:",
        f"        try: {name} = _c_{name}({name})",
        f"        except Exception: {call}",  # once more, to be reported with the names of element and field
    ]


def _writer(cls: type[Record]) -> str:
    lines = ["def _body(self, i):", "    if self.layout is not None or self.extra: return laid_out(self, i)"]
    parts = [_part(field, lines) for field in cls.by_tag.values()]
    text = "".join(parts)
    lines.append(f'    return f"""{text}"""' if text else "    return ''")
    return "\n".join(lines)


def _part(field: Field, lines: list[str]) -> str:
    """Return what the f-string of the writer holds for one field."""
    if field.kind == "absent":
        return ""
    name, attrs = field.name, field.attributes(None).replace("{", "{{").replace("}", "}}")
    optional = field.default is None
    if field.kind == "constant":
        return "{i}" + field.write(None, "").replace("{", "{{").replace("}", "}}")
    if field.kind in ("text", "secret", "number", "flag") and not optional and type(field).write in _SIMPLE:
        value = {"flag": f"'true' if self.{name} else 'false'", "number": f"self.{name}"}.get(
            field.kind, f"escape(self.{name})"
        )
        return f"{{i}}<{field.tag}{attrs}>{{{value}}}</{field.tag}>"
    source = f"self.{field.method}()" if isinstance(field, ComputedField) else f"self.{name}"
    lines.append(f"    {name} = {source}")
    guarded = f"_f_{name}.write({name}, i)"
    return f"{{{guarded} if {name} is not None else ''}}"


_SIMPLE: tuple[Callable[..., str], ...] = (Field.write, FlagField.write)
