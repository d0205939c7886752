"""`python -m jobdsl.templates ant [DIRECTORY]`: the standard targets, for builds on a developer's machine."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["FRAMEWORK", "main"]

FRAMEWORK = ("common-build.xml", "ivysettings-filesystem.xml", "ivysettings-http.xml")
"""What a build.xml imports, and what that reads; jobs write the same files."""


@click.command()
@click.argument("tool", type=click.Choice(["ant"]))
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
def main(tool: str, directory: Path) -> None:
    """Write what builds with TOOL share into DIRECTORY/.cbf, as the jobs of the templates do.

    Run it again after an update; leave .cbf out of the repository.
    """
    where = directory / ".cbf"
    try:
        where.mkdir(parents=True, exist_ok=True)
        for name in FRAMEWORK:
            (where / name).write_bytes((Path(__file__).parent / tool / name).read_bytes())
    except OSError as error:
        raise click.ClickException(f"{error.filename or where}: {error.strerror}") from None
    click.echo(f"{len(FRAMEWORK)} files in {where}")


if __name__ == "__main__":
    main(prog_name="python -m jobdsl.templates")
