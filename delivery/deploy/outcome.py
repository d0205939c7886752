"""How a command ended: as the result on stdout and in files; name and description of a Jenkins build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import click

from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.operations import CommandOutcome

__all__ = ["BUILD_DESCRIPTION", "BUILD_NAME", "RunRecorder", "ending_options", "run_locked"]

BUILD_NAME, BUILD_DESCRIPTION = "build-name.txt", "build-description.txt"
"""Files of the report that name and describe the Jenkins build."""
_LONGEST_DESCRIPTION = 500
"""Characters of a description that a list of builds still shows well."""


def ending_options(command: Any) -> Any:
    """--json, --result and --report, as every command that changes a cluster has them."""
    file = click.Path(dir_okay=False, path_type=Path)
    folder = click.Path(file_okay=False, path_type=Path)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--result", type=file, help="File for the result as JSON."),
        click.option(
            "--report",
            type=folder,
            help="Directory for the timeline (JSON, Markdown, SVG) and the build's name and description.",
        ),
    ):
        command = option(command)
    return command


class RunRecorder(Protocol):
    """Records a run for as long as its block runs."""

    ending: CommandOutcome | None

    def __enter__(self) -> RunRecorder:
        """Begin the record."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the record."""
        ...


def run_locked(
    site: Site,
    act: Callable[[], CommandOutcome],
    options: Mapping[str, Any],
    kind: str,
    recorder: RunRecorder | None = None,
) -> int:
    """Act while the lock is held; write the record, the result and the report, whatever happens.

    `kind` is the command, as the record names it, unless there is another `recorder`. DeliveryError.
    """
    from delivery.bake.interrupts import Interrupted, Signals
    from delivery.history.recorder import Recorder
    from jobdsl.cli.console import say_json

    site.report_directory = options["report"]
    outcome, reason = "stopped", ""
    result: dict[str, Any] = {"outcome": "stopped"}
    try:
        with Signals().watched(), site.lock, recorder or Recorder(site, kind) as record:
            record.ending = ending = act()
    except Interrupted as stopped:
        outcome = f"{stopped}: delivery resume goes on from here, delivery rollback goes back"
        result = {"outcome": "interrupted", "exit_code": stopped.exit_code, "reason": str(stopped)}
        return stopped.exit_code
    except DeliveryError as error:
        outcome, reason = "failed", error.message
        result = {"outcome": "failed", "exit_code": error.exit_code, "reason": error.message}
        raise
    else:
        outcome, reason, result = str(ending), ending.reason, _values(site, ending)
        if options["as_json"]:
            say_json(_facts(site) | result | site.evidence.values)
        return ending.exit_code
    finally:
        site.report_end(str(result["outcome"]), f"{outcome}: {reason}" if reason else outcome)
        if site.notifier is not None:
            site.notifier.close()
        site.timeline.finish(outcome, reason, **_facts(site))
        _write(site, _facts(site) | result | site.evidence.values, options)


def _facts(site: Site) -> dict[str, Any]:
    """What is known of every run, however it ends."""
    place = {"cluster": str(site.cluster), "account": site.aws.account, "region": site.aws.region}
    overridden = {"overridden": site.overridden} if site.overridden else {}
    return {**place, **site.release.values, **site.trigger.values, **overridden}


def _values(site: Site, ending: CommandOutcome) -> dict[str, Any]:
    return {
        "outcome": ending.outcome,
        "exit_code": ending.exit_code,
        "group": ending.group or None,
        "previous": ending.previous or None,
        **(ending.release or site.release).values,
        "reason": ending.reason or None,
        **({"places": list(ending.places)} if ending.places else {}),
    }


def _write(site: Site, result: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    from jobdsl.printable import json_text

    if options["result"]:
        options["result"].write_text(json_text(result) + "\n", "utf-8")
    if folder := options["report"]:
        site.timeline.write(folder)
        (folder / BUILD_NAME).write_text(_build_name(site), "utf-8")
        (folder / BUILD_DESCRIPTION).write_text(_build_description(site), "utf-8")


def _build_name(site: Site) -> str:
    """`#12 shop 1.4-2`, on one line without an end."""
    number = f"#{site.trigger.build}" if site.trigger.build else ""
    return _line(f"{number} {site.release}")


def _build_description(site: Site) -> str:
    """How the run ended, where, its starter and its change request."""
    trigger = site.trigger
    parts = [site.timeline.outcome, f"{site.aws.account}, {site.aws.region}"]
    parts += [f"by {trigger.who}"] if trigger.who else []
    parts += [trigger.change_request] if trigger.change_request else []
    return _line("; ".join(parts))[:_LONGEST_DESCRIPTION]


def _line(text: str) -> str:
    return " ".join(text.split())
