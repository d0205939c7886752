"""The command line: `delivery bake | plan | deploy | ...`, each loaded from its own module when it is called.

docs/exit-codes.md explains the exit codes (`jobdsl/exit_codes.py`).
"""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple

import click

from delivery.errors import DeliveryError
from jobdsl.cli import exit_codes
from jobdsl.errors import JobdslError
from jobdsl.printable import one_line, printable

__all__ = ["CLEAN", "COMMANDS", "SETUP", "WAVES", "LazyGroup", "Row", "cli", "main", "run"]


class Row(NamedTuple):
    """Where a command is, `module:name`, and the line of help that is shown without loading it."""

    place: str
    about: str


CLEAN: dict[str, Row] = {
    "amis": Row("delivery.clean.amis_command:amis", "Remove unused images that a bake made."),
    "bakes": Row("delivery.clean.bakes_command:bakes", "Remove resources that killed bakes left behind."),
    "groups": Row(
        "delivery.clean.groups_command:groups", "Delete disabled groups after their retention time."
    ),
}
"""The commands of `delivery clean`."""
WAVES: dict[str, Row] = {
    "plan": Row("delivery.rollout.commands:plan", "Print all waves of a deploy and change nothing."),
    "deploy": Row("delivery.rollout.commands:deploy", "Deploy an image wave by wave."),
    "resume": Row("delivery.rollout.commands:resume", "Continue a rollout that was stopped."),
    "rollback": Row("delivery.rollout.commands:rollback", "Roll back what a rollout has deployed."),
    "status": Row("delivery.rollout.commands:status", "Show the last rollout, place by place."),
}
"""The commands of `delivery waves`."""
SETUP: dict[str, Row] = {
    "account": Row("delivery.setup.commands:account", "Make what bakes and deploys need in an account."),
    "app": Row("delivery.setup.commands:app", "Make what the groups of an application need."),
}
"""The commands of `delivery setup`."""
COMMANDS: dict[str, Row] = {
    "setup": Row("delivery.cli:setup", "Make what accounts and applications need, by CloudFormation."),
    "doctor": Row("delivery.doctor.commands:doctor", "Check everything a bake and a deploy need."),
    "bake": Row("delivery.bake.command:bake", "Bake an image: a package on top of a base."),
    "plan": Row("delivery.deploy.looking:plan", "Print the steps of a deploy and change nothing."),
    "deploy": Row("delivery.deploy.commands:deploy", "Deploy an image to a cluster."),
    "promote": Row("delivery.deploy.commands:promote", "Promote the canary that waits for a decision."),
    "rollback": Row("delivery.deploy.commands:rollback", "Give the traffic back to the previous group."),
    "resize": Row("delivery.deploy.manual_commands:resize", "Change the size of a group."),
    "traffic": Row("delivery.deploy.manual_commands:traffic", "Enable or disable traffic to a group."),
    "terminate": Row("delivery.deploy.manual_commands:terminate", "Terminate and replace an instance."),
    "resume": Row("delivery.deploy.commands:resume", "Continue a deploy or rollback that was stopped."),
    "status": Row("delivery.deploy.looking:status", "Show the state of a cluster."),
    "waves": Row("delivery.cli:waves", "Deploy to several regions, accounts and clusters in waves."),
    "list": Row("delivery.overview.list_command:list_groups", "List what runs in all accounts and regions."),
    "images": Row("delivery.overview.images_command:images", "List the images of an application."),
    "history": Row("delivery.overview.history_command:history", "List the runs of a cluster or application."),
    "show": Row("delivery.overview.show_command:show", "Show a group, an instance or an image."),
    "judge": Row("delivery.analysis.command:judge", "Judge saved series of a canary by its metrics."),
    "web": Row("jobdsl.console.command:web", "Serve the web console and its API."),
    "clean": Row("delivery.cli:clean", "Remove what bakes and deploys have left behind."),
}
"""The commands of `delivery`, in the order of help."""


class LazyGroup(click.Group):
    """A group that loads a command's module when the command is called, not when help lists it."""

    def __init__(self, *, rows: dict[str, Row], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.rows = rows

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order of the table."""
        return [*self.rows, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of that name."""
        if cmd_name not in self.rows:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.rows[cmd_name].place.partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Report an unknown name with the one that may be meant."""
        from jobdsl.errors import suggestion

        if args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            hint = suggestion(args[0], self.list_commands(ctx))
            ctx.fail(f"no such command {args[0]!r}{f', {hint}' if hint else ''}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write one line per command."""
        lines = [(name, row.about) for name, row in self.rows.items()]
        lines += [(name, command.get_short_help_str(80)) for name, command in self.commands.items()]
        if lines:
            with formatter.section("Commands"):
                formatter.write_dl(lines)


@click.group(
    cls=LazyGroup,
    rows=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="jobdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Bake images and deploy them on AWS.

    An image is the unit of deployment: a package on top of a base. A deploy makes the next group of a
    cluster, app-stack-detail-vNNN, moves traffic to it once it is healthy, and keeps the old one for a
    rollback. delivery.toml names accounts and defaults.
    """


@click.group("clean", cls=LazyGroup, rows=CLEAN)
def clean() -> None:
    """Remove what bakes and deploys have left behind. Prints what it would do; --apply does it."""


@click.group("waves", cls=LazyGroup, rows=WAVES)
def waves() -> None:
    """Deploy to several regions, accounts and clusters in waves, by `waves` in delivery.toml."""


@click.group("setup", cls=LazyGroup, rows=SETUP)
def setup() -> None:
    """Make what accounts and applications need, by CloudFormation. --plan prints it and changes nothing."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return exit_codes.run(cli, "delivery", arguments, report_error=_report)


def _report(error: Exception) -> int | None:
    if isinstance(error, JobdslError):
        _print_error(error)
        return error.exit_code
    from jobdsl.aws.errors import failure_of

    return _report_aws_error(error) if failure_of(error) else None


def _print_error(error: JobdslError) -> None:
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where else ""
        message, hint = (printable(text).replace("\n", "\n  ") for text in (problem.message, problem.hint))
        click.echo(f"{one_line(place)}{click.style('error', fg='red')}: {message}", err=True)
        if hint:
            click.echo(f"  {hint}", err=True)


def _report_aws_error(error: Exception) -> int:
    """Report an unforeseen error of AWS in its own words."""
    from delivery.aws import asking

    try:
        with asking("calling AWS"):
            raise error
    except DeliveryError as translated:
        _print_error(translated)
        return translated.exit_code


if __name__ == "__main__":
    main()
