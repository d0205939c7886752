"""The reference of elements: one page for each module of them, and a page that leads to these."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from jobdsl.elements import load_all
from jobdsl.elements.base import Element, Record, registry
from jobdsl.elements.kinds import REQUIRED, Field
from jobdsl.elements.search import elsewhere, measured_version
from jobdsl.importer.literals import quoted

__all__ = ["pages", "signature"]

INDEX = """# Elements

Every typed element, by the module a DSL file imports it from: `from jobdsl import steps`, and then
`steps.shell("make")`. An element that has no class is written with `element("its.Class", field=value)`.

`jobdsl words TEXT` finds an element by any of its names: ours, its Java class, its plugin, a field of
its document, its name in Jenkins Job Builder or Job DSL.

| module | what it holds | elements |
|---|---|---|
{rows}

Arguments before the `*` may be given without a name; one that shows no default must be given; what is
`None` is left out unless it is given. Every element also takes `extra={{"xmlField": value}}` for fields
it does not know, and `layout=` (see [importing](importing.md)). "Measured with" is the version of the
plugin whose stored documents the element was compared with, on Jenkins 2.568.2.
"""


def pages() -> dict[str, str]:
    """Return the text of each page by its path below docs/."""
    load_all()
    modules: dict[str, list[type[Element]]] = {}
    for cls in dict.fromkeys(registry.values()):
        if issubclass(cls, Element):
            modules.setdefault(cls.dsl_name().partition(".")[0], []).append(cls)
    rows = "\n".join(
        f"| [{name}](elements/{name}.md) | {_about(name)} | {len(modules[name])} |"
        for name in sorted(modules)
    )
    texts = {f"elements/{name}.md": _page(name, classes) for name, classes in modules.items()}
    return {"elements.md": INDEX.format(rows=rows), **texts}


def _about(module: str) -> str:
    doc = importlib.import_module(f"jobdsl.elements.{module}").__doc__ or ""
    return " ".join(doc.split())


def _page(module: str, classes: list[type[Element]]) -> str:
    entries = sorted(classes, key=lambda cls: cls.__name__)
    return f"# {module}\n\n{_about(module)} See [elements](../elements.md).\n\n" + "\n".join(
        map(_entry, entries)
    )


def _entry(cls: type[Element]) -> str:
    about = " ".join((cls.__doc__ or "").split())
    parts = [
        f"## {cls.__name__}",
        f"```python\n{cls.dsl_name()}({', '.join(signature(cls))})\n```",
        about,
        _origin(cls),
    ]
    fields = _arguments(cls)
    if fields:
        rows = [f"| `{field.name}` | {_document(field)} | {_default(field)} |" for field in fields]
        parts.append("\n".join(["| argument | in the document | default |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _origin(cls: type[Record]) -> str:
    words = [f"Jenkins: `{cls.java}`"]
    if cls.plugin:
        version = measured_version(cls.plugin)
        words.append(f"plugin `{cls.plugin}`{f', measured with {version}' if version else ''}")
    names = elsewhere(cls)
    words += [f"Jenkins Job Builder: `{name}`" for name in names.job_builder]
    words += [f"Job DSL: `{name}`" for name in names.job_dsl]
    return " · ".join(words)


def _arguments(cls: type[Record]) -> list[Field]:
    return [field for field in cls._fields.values() if field.is_argument]


def signature(cls: type[Record]) -> Iterator[str]:
    """Yield the arguments of a class as its pages show them, with the `*` before those that need a name."""
    fields = _arguments(cls)
    first, named = ([one for one in fields if one.first], [one for one in fields if not one.first])
    yield from map(_argument, first)
    if named:
        yield "*"
    yield from map(_argument, named)


def _argument(field: Field) -> str:
    if isinstance(field.default, str) and len(field.default) < 40:
        return f"{field.name}={quoted(field.default)}"
    return field.name if field.default is REQUIRED else f"{field.name}={_shown(field.default)}"


def _shown(default: object) -> str:
    text = "[]" if default == () else repr(default)
    return text if len(text) <= 40 else "..."


def _document(field: Field) -> str:
    words = [f"`<{field.tag}>`" if field.tag else "short for others"]
    if choices := getattr(field, "choices", ()):
        words.append("one of " + ", ".join(f"`{choice}`" for choice in choices))
    return ", ".join(words).replace("|", "\\|")


def _default(field: Field) -> str:
    if field.default is REQUIRED:
        return "required"
    return (
        "left out"
        if field.default is None
        else f"`{inspect.cleandoc(_shown(field.default))}`".replace("|", "\\|")
    )
