"""The command `delivery clean groups`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.errors import DeliveryError
from jobdsl.cli.console import say, say_json

if TYPE_CHECKING:
    from delivery.clean.groups import Outcome
    from delivery.clean.groups_policy import RetiredDecision

__all__ = ["groups"]


@click.command("groups")
@place_options
@click.option("--cluster", help="Clean up only this cluster. [default: all]")
@click.option(
    "--apply", "apply_", is_flag=True, help="Remove them. Without it, only print what would be removed."
)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="Maximum number of groups per run."
)
@click.option(
    "--pin-hours",
    default=24.0,
    show_default=True,
    type=click.FloatRange(0.0),
    help="Hours after which an unfinished deploy counts as dead and the sizes it pinned are restored.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def groups(
    place: CommonOptions, cluster: str | None, apply_: bool, limit: int, pin_hours: float, as_json: bool
) -> int:
    """Delete groups that a deploy took out of traffic, once their retention time is over.

    Never one that takes traffic, whatever its tags are, nor the last of a cluster, nor one without which no
    instance of the cluster would be in service. Minimum sizes that dead deploys have pinned are set back.
    """
    from delivery.clean.groups import act, plan
    from delivery.clock import HostClock

    clock = HostClock()
    decisions = plan(place.aws, clock, cluster, pin_hours)
    due = [decision for decision in decisions if decision.action != "keep"][:limit]
    results: dict[str, Outcome] = {}
    for decision in due if apply_ else ():
        try:
            results[decision.group] = act(place.aws, place.settings, clock, decision, pin_hours)
        except DeliveryError as error:
            results[decision.group] = False, error.message
        if not as_json:
            say(_line(decision, results[decision.group]))
    if as_json:
        say_json([_json(decision, results.get(decision.group)) for decision in decisions])
    elif not apply_:
        _say(decisions, len(due))
    return int(any(done is False for done, _ in results.values()))


def _say(decisions: list[RetiredDecision], due: int) -> None:
    for decision in decisions:
        say(f"{decision.action:<6} {decision.group}: {decision.reason}")
    if not due:
        click.echo("nothing to do")
    else:
        click.echo(f"{due} to do; nothing was changed without --apply", err=True)


def _line(decision: RetiredDecision, result: Outcome) -> str:
    done, reason = result
    words = {"delete": "deleted", "unpin": "unpinned"}
    word = "ending" if done is None else words[decision.action] if done else "left"
    return f"{word} {decision.group}: {reason}"


def _json(decision: RetiredDecision, result: Outcome | None) -> dict[str, object]:
    values: dict[str, object] = {
        "group": decision.group,
        "action": decision.action,
        "reason": decision.reason,
    }
    return values if result is None else {**values, "done": result[0], "result": result[1]}
