"""Commands that need no controller: `render`, `lint`, `import`, `completion`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobdsl.cli.options import ESTATE, Stop, controller_options, isolation_option

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller
    from jobdsl.importer.disk import DiskDocuments

__all__ = ["completion", "import_", "lint", "render", "show"]


@click.command()
@ESTATE
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output directory.")
@isolation_option
def render(estate: Path, out: Path, isolation: str | None) -> None:
    """Write every job's config.xml to DIR/full/name.xml; a folder's own to DIR/full/name/config.xml.

    DIR is new, empty, or one that render wrote before: what is no longer defined is removed there.
    It may lie in the estate, and is never the estate itself; links in it are not followed. Documents
    with the value of a secret are for their owner alone. Nothing is written before the estate has
    loaded and kept to the policy of jobdsl.toml.
    """
    from jobdsl.cli import workflow
    from jobdsl.cli.console import count, say

    rendered = workflow.render(estate, out, isolation)
    stale = len(rendered.removed)
    removed = f", {count(stale, 'file')} of an earlier run removed" if stale else ""
    click.echo(f"{count(len(rendered.written), 'document')} in {out}{removed}")
    say(f"loaded {count(rendered.estate.files, 'file')}; {rendered.estate.isolation}", err=True)
    _print_no_policy(estate)


@click.command()
@ESTATE
@click.option(
    "--plugins",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Saved list of plugins: JSON, or a plugins.txt.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the findings as a JUnit report."
)
@controller_options
@isolation_option
def lint(
    estate: Path,
    plugins: Path | None,
    as_json: bool,
    junit: Path | None,
    url: str | None,
    user: str | None,
    token: str | None,
    isolation: str | None,
) -> None:
    """Check the whole estate: plugins, names of other jobs, schedules, labels, policy.

    With a controller (--url), its plugins, jobs and labels are used; without one, those of
    jobdsl.toml and --plugins.
    """
    from jobdsl.cli import workflow
    from jobdsl.cli.console import count, say_json, say_problems

    findings = workflow.findings(estate, workflow.Access(url, user, token), isolation, plugins)
    if junit is not None:
        from jobdsl.reports.junit import junit as as_junit

        workflow.write_text(junit, as_junit(findings.problems, findings.checked))
    if as_json:
        say_json([problem.to_json() for problem in findings.problems])
    else:
        say_problems(findings.problems)
        counts = [count(len(findings.checked), "job")]
        counts += [count(number, kind) for kind, number in findings.others.items()]
        click.echo(f"{' and '.join(counts)} checked", err=True)
    _print_no_policy(estate)
    raise Stop(1 if findings.failed else 0)


@click.command()
@click.argument("name")
@ESTATE
@click.option("--view", is_flag=True, help="Show the view of this name, where an item has it as well.")
@isolation_option
def show(name: str, estate: Path, view: bool, isolation: str | None) -> None:
    """Print the document of one item or view, by its full name.

    Secrets stand there as placeholders, as in a plan.
    """
    from jobdsl.cli import workflow
    from jobdsl.printable import printable_xml

    click.echo(printable_xml(workflow.show(estate, name, isolation, view=view).document), nl=False)
    _print_no_policy(estate)


def _print_no_policy(estate: Path) -> None:
    from jobdsl.cli import workflow

    if sentence := workflow.no_policy(estate):
        click.echo(sentence, err=True)


@click.command("import")
@click.argument("source", required=False, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@controller_options
@click.option("--out", type=click.Path(path_type=Path), help="Output directory of the estate.")
@click.option("--name", default="", help="Full name of the one document that is read. [default: of its file]")
@click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="With --url, read only objects of these full names, and their folders. May be given more than once.",
)
@click.option(
    "--templates/--no-templates",
    default=True,
    help="Write jobs that are alike as calls of one function, and name the parts they share. "
    "[default: --templates]",
)
@click.option(
    "--min-family",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    help="Number of alike jobs from which a function is made.",
)
@click.option("--explain", is_flag=True, help="Show each family of alike jobs, and the family nearest to it.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the outcome of each document as JSON.",
)
@click.option("--force", is_flag=True, help="Write into a directory that is not empty.")
def import_(
    source: Path | None,
    url: str | None,
    user: str | None,
    token: str | None,
    out: Path | None,
    name: str,
    only: tuple[str, ...],
    templates: bool,
    min_family: int,
    explain: bool,
    report: Path | None,
    force: bool,
) -> None:
    """Make DSL files from existing jobs: those of a controller (--url), or of SOURCE.

    SOURCE is a JENKINS_HOME or its backup, a directory of NAME.xml or NAME/config.xml files, one file,
    or `-` for standard input. Without --out, the DSL file of one document is printed.

    Every document is rendered again and compared: what comes back is equal, or named as not.
    A broken document is named with its error, and the others go on; exits with 1 only if none was
    imported.
    """
    from jobdsl.cli.console import say
    from jobdsl.importer import import_estate

    def echo(line: str) -> None:
        say(line, err=True)

    if only and source is not None:
        raise click.UsageError("--only is for a controller: give --url instead of SOURCE.")
    documents = _source(source, name, url, user, token)
    if out is not None:
        result = import_estate(
            documents,
            out,
            only=only,
            report=report,
            templates=templates,
            least_family=min_family,
            explain=explain,
            force=force,
            echo=echo,
        )
        raise Stop(0 if result.equal else 1)
    from jobdsl.importer.disk import DiskDocuments
    from jobdsl.importer.single import import_document

    if not isinstance(documents, DiskDocuments):
        raise click.UsageError("Missing option '--out'.")
    click.echo(import_document(documents.sources[0], echo), nl=False)


def _source(
    source: Path | None, name: str, url: str | None, user: str | None, token: str | None
) -> Path | Controller | DiskDocuments:
    """Return what is imported: a directory, a controller, or one document by its name."""
    from jobdsl.grammar import names
    from jobdsl.importer.disk import DiskDocuments, on_disk, one_document

    if name and (source is None or source.is_dir()):
        raise click.UsageError("--name is for one document: a file, or - for standard input.")
    if name and names.unusable(name):
        raise click.UsageError(f"--name takes a full name such as team/api, not {name!r}.")
    if source is None:
        from jobdsl.cli import workflow
        from jobdsl.settings import config

        return workflow.connect(workflow.Access(url, user, token), config.Settings())
    if str(source) == "-":
        return DiskDocuments([one_document(sys.stdin.buffer.read(), name)])
    if source.is_dir():
        return source
    [only] = on_disk(source).sources
    return DiskDocuments([replace(only, name=name or only.name)])


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell completion script: eval "$(jobdsl completion bash)"."""
    from click.shell_completion import get_completion_class

    shell_class = get_completion_class(shell)
    assert shell_class is not None
    root = click.get_current_context().find_root().command
    click.echo(shell_class(root, {}, "jobdsl", "_JOBDSL_COMPLETE").source())
