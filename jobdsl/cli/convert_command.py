"""The command `convert`: YAML of Jenkins Job Builder as an estate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobdsl.cli.options import Stop
from jobdsl.exit_codes import FAILED, REFUSED_OBJECTS

if TYPE_CHECKING:
    from jobdsl.convert.builder_settings import BuilderSettings

__all__ = ["convert"]


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE..."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="estate",
    show_default=True,
    help="Output directory of the estate.",
)
@click.option(
    "--include",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Directory that files are included from, next to their own and the current one. "
    "May be given more than once.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Render the files with Jenkins Job Builder itself, and compare. "
    "It runs Jinja2 in them without a sandbox.",
)
@click.option(
    "--conf",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="INI",
    help="Settings of Jenkins Job Builder (jenkins_jobs.ini): include_path and allow_empty_variables "
    "are read.",
)
@click.option("--force", is_flag=True, help="Write into a directory that is not empty.")
def convert(
    files: tuple[Path, ...], out: Path, include: tuple[Path, ...], prove: bool, conf: Path | None, force: bool
) -> None:
    """Make DSL files from the YAML of Jenkins Job Builder.

    FILE is a YAML file, or a directory with all YAML files below it. Templates, macros and groups become
    functions, projects calls and loops. What cannot be converted is named with its line, and the rest is
    converted. Needs jobdsl[convert].

    Exits with 0 when all was converted, with 3 when a part was, and with 1 when nothing was, or --prove
    found a difference.
    """
    from jobdsl.cli.console import say
    from jobdsl.convert import convert_files
    from jobdsl.convert.builder_settings import BuilderSettings, read_settings

    def echo(line: str) -> None:
        say(line, err=True)

    settings = read_settings(conf) if conf else BuilderSettings()
    settings = replace(settings, include=(*include, *settings.include))
    result = convert_files(files, out, settings=settings, force=force, echo=echo)
    if prove:
        _prove(result.estate.secrets.values, files, settings, out, echo)
    if not result.jobs and not result.functions:
        raise Stop(FAILED)
    raise Stop(REFUSED_OBJECTS if result.findings else 0)


def _prove(
    secrets: dict[str, str],
    files: tuple[Path, ...],
    settings: BuilderSettings,
    out: Path,
    echo: Callable[[str], None],
) -> None:
    """Compare with Jenkins Job Builder; stop with 1 where something differs."""
    from jobdsl.convert.proof import prove as compare
    from jobdsl.documents.secrets import Secrets

    proof = compare(files, settings, out, Secrets(secrets))
    for name in proof.different:
        echo(f"{name}: Jenkins Job Builder renders another document, or the estate none")
    total = proof.equal + len(proof.different)
    echo(f"proof: {proof.equal} of {total} documents of Jenkins Job Builder are equal")
    if proof.different:
        raise Stop(FAILED)
