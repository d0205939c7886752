"""The commands `jobdsl graph` and `jobdsl stats`: an estate as a picture and in figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobdsl.cli.options import ESTATE, isolation_option
from jobdsl.errors import XmlError

if TYPE_CHECKING:
    from jobdsl.documents.references import References
    from jobdsl.model import Definition, Estate

__all__ = ["graph", "stats"]


@click.command()
@ESTATE
@click.option(
    "--format",
    "kind",
    type=click.Choice(["mermaid", "svg"]),
    help="Format of the graph. [default: that of --out's name, else mermaid]",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for the graph.")
@click.option(
    "--nodes",
    type=click.IntRange(min=1),
    default=120,
    show_default=True,
    help="Maximum number of jobs that are shown by themselves; of more, folders are folded.",
)
@isolation_option
def graph(estate: Path, kind: str | None, out: Path | None, nodes: int, isolation: str | None) -> None:
    """Draw what triggers what, whose artifacts are copied, and which pools build.

    Folders are boxes. Where there are more jobs than --nodes, the deepest folders are folded into a
    node each, then jobs whose names begin with the same words.
    """
    from jobdsl.cli import workflow
    from jobdsl.reports.graph import graph_of
    from jobdsl.reports.mermaid import mermaid
    from jobdsl.reports.svg import svg

    loaded = _load(estate, isolation)
    references_of = {
        definition.full_name: references
        for definition in loaded.definitions
        if not definition.is_view and (references := _references(definition)) is not None
    }
    graph = graph_of(loaded.definitions, references_of, loaded.extra.get("pool", ()), nodes)
    kind = kind or ("svg" if out is not None and out.suffix == ".svg" else "mermaid")
    text = svg(graph) if kind == "svg" else mermaid(graph)
    if out is None:
        click.echo(text, nl=False)
    else:
        workflow.write_text(out, text)
    if graph.folded:
        click.echo(f"{graph.folded} jobs are folded: --nodes {len(references_of)} shows each", err=True)
    for name, count in graph.missing.items():
        click.echo(f"{count} {name} references name jobs that the estate does not define", err=True)


@click.command()
@ESTATE
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@isolation_option
def stats(estate: Path, as_json: bool, isolation: str | None) -> None:
    """Print figures of an estate: jobs, lines, what each function makes, plugins, untyped classes."""
    from jobdsl.cli.console import say_json
    from jobdsl.documents.elementgroups import is_known
    from jobdsl.elements import load_all
    from jobdsl.printable import one_line
    from jobdsl.reports.stats import stats_of

    loaded = _load(estate, isolation)
    load_all()
    references_of = {
        definition.key: references
        for definition in loaded.definitions
        if (references := _references(definition)) is not None
    }
    figures = stats_of(
        loaded.definitions, references_of, _sources(estate), is_known, len(loaded.extra.get("pool", ()))
    )
    if as_json:
        say_json(figures.as_json())
        return
    for line in figures.lines_of_text():
        click.echo(one_line(line))


def _load(estate: Path, isolation: str | None) -> Estate:
    from jobdsl.loading.load import load
    from jobdsl.settings import config

    return load(estate, config.load(estate), isolation=isolation)


def _references(definition: Definition) -> References | None:
    """Return what a document refers to; None where it cannot be read, which lint reports."""
    from jobdsl.documents.references import look

    references = look(definition)
    return None if isinstance(references, XmlError) else references


def _sources(estate: Path) -> dict[str, str]:
    """Return the Python files of an estate by path, without hidden directories."""
    sources: dict[str, str] = {}
    for path in sorted(estate.rglob("*.py")):
        name = path.relative_to(estate)
        if path.is_symlink() or any(part.startswith(".") for part in name.parts):
            continue
        try:
            sources[name.as_posix()] = path.read_text("utf-8", "replace")
        except OSError:
            continue
    return sources
