"""`python -m jobdsl.templates`: what the templates bring, as files for a repository or a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["FRAMEWORK", "main"]

FRAMEWORK = ("common-build.xml", "ivysettings-filesystem.xml", "ivysettings-http.xml")
"""What a build.xml imports, and what that reads; jobs write the same files."""


@click.group()
def main() -> None:
    """What the job templates bring, as files."""


@main.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
def ant(directory: Path) -> None:
    """Write what builds with Ant share into DIRECTORY/.cbf, as the jobs of the templates do.

    Run it again after an update; leave .cbf out of the repository.
    """
    where = directory / ".cbf"
    try:
        where.mkdir(parents=True, exist_ok=True)
        for name in FRAMEWORK:
            (where / name).write_bytes((Path(__file__).parent / "ant" / name).read_bytes())
    except OSError as error:
        raise click.ClickException(f"{error.filename or where}: {error.strerror}") from None
    click.echo(f"{len(FRAMEWORK)} files in {where}")


@main.command()
@click.argument("kind", type=click.Choice(["library", "webapp"]))
@click.argument("build")
@click.option("--branch", default="main", show_default=True, help="The branch that is published.")
@click.option("--repository", help="Where to publish; without it nothing is published.")
@click.option("--repository-credentials", metavar="ID", help="Jenkins id of a user and password.")
@click.option("--agent", default="", metavar="LABEL", help="Where it builds.")
def jenkinsfile(**options: Any) -> None:
    """Print a Jenkinsfile that builds a KIND of project with BUILD: ant, gradle, make, maven, node or python.

    For a multibranch job, which finds branches and pull requests by itself.
    """
    from jobdsl import DslError

    from .build_pipeline import jenkinsfile as text

    try:
        click.echo(text(options.pop("kind"), options.pop("build"), **options), nl=False)
    except DslError as error:
        raise click.ClickException(f"{error.message}{f' ({error.hint})' if error.hint else ''}") from None


if __name__ == "__main__":
    main(prog_name="python -m jobdsl.templates")
