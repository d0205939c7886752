"""The command `jobdsl words`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from jobdsl.printable import one_line

if TYPE_CHECKING:
    from jobdsl.elements.base import Record
    from jobdsl.elements.search import Match

__all__ = ["words"]


@click.command("words")
@click.argument("text", nargs=-1, required=True)
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of elements to print.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def words(text: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Find elements by any name: ours, a Java class, a plugin, a field, a name of JJB or Job DSL."""
    from jobdsl.cli.console import say_json
    from jobdsl.dsl import jobs, viewkinds  # noqa: F401  # kinds of items are found as well
    from jobdsl.elements import load_all
    from jobdsl.elements.search import search

    load_all()
    matches = [match for match in search(" ".join(text)) if not match.cls.java.startswith("#")]
    if as_json:
        say_json([_values(match) for match in matches[:limit]])
        return 0 if matches else 1
    for match in matches[:limit]:
        click.echo(_entry(match))
    if len(matches) > limit:
        click.echo(f"{len(matches) - limit} more: narrow the search, or --limit {len(matches)}")
    if not matches:
        click.echo(f"no element is known by {one_line(' '.join(text))!r}", err=True)
        click.echo('  element("its.Java.Class", field=value) writes any element', err=True)
    return 0 if matches else 1


def _entry(match: Match) -> str:
    values = _values(match)
    signature = click.style(values["signature"], bold=True)
    lines = [signature, f"    {values['about'].splitlines()[0] if values['about'] else ''}"]
    origin = f"{values['class']}{', plugin ' + values['plugin'] if values['plugin'] else ''}"
    lines.append(f"    {origin}{', measured with ' + values['measured'] if values['measured'] else ''}")
    for tool, names in (("Jenkins Job Builder", "job_builder"), ("Job DSL", "job_dsl")):
        if values[names]:
            lines.append(f"    {tool}: {', '.join(values[names])}")
    if match.because.startswith(("argument", "field")):
        lines.append(f"    found by its {match.because}")
    return "\n".join(lines)


def _values(match: Match) -> dict[str, Any]:
    from jobdsl.elements.search import elsewhere, measured_version

    cls, names = match.cls, elsewhere(match.cls)
    return {
        "name": cls.dsl_name(),
        "signature": f"{cls.dsl_name()}{_signature(cls)}",
        "about": inspect.cleandoc(cls.__doc__ or ""),
        "class": cls.java,
        "plugin": cls.plugin,
        "measured": measured_version(cls.plugin),
        "job_builder": list(names.job_builder),
        "job_dsl": list(names.job_dsl),
    }


def _signature(cls: type[Record]) -> str:
    text = str(inspect.signature(cls)).replace("=()", "=[]")
    return text if len(text) <= 90 else f"{text[:86]}...)"
