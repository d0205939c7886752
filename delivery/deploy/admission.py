"""What refuses a deploy now and a change request overrides: windows, freezes, alarms that ring, the tier.

A rollback is never asked. What was overridden is part of the plan, the timeline, the result and the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from delivery.aws import ErrorMeaning, meaning
from delivery.errors import REFUSED, DeliveryError, PolicyError
from delivery.freezes import fetch_freezes, load_freezes
from delivery.health.sources import alarm_states
from delivery.settings.model import NONE
from delivery.tiers import TierLock, tier_holder
from delivery.windows import Freeze, closed
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.deploy.context import Site

__all__ = ["check_admission", "check_tier", "override"]


def check_admission(site: Site) -> Iterator[Problem]:
    """Yield everything that refuses a deploy now, without what a change request overrides.

    DeliveryError: a file of freezes is wrong, or AWS cannot be asked.
    """
    freezes, unknown = _freezes(site)
    now = datetime.fromtimestamp(site.clock.now(), UTC)
    reasons = [*unknown, *closed(site.deploy.windows, site.deploy.freezes, now, freezes)]
    states = alarm_states(site.aws, site.deploy.not_while) if site.deploy.not_while else {}
    reasons += [f"alarm {name!r} rings" for name, state in states.items() if state == "ALARM"]
    for name in site.deploy.not_while:
        if name not in states:
            yield Problem(
                f"there is no alarm {name!r} in {site.aws.account}, {site.aws.region}",
                hint="not_while in the settings names it: make it, or take it out",
            )
    yield from override(site, [*reasons, *_taken(site)])


def check_tier(site: Site) -> None:
    """Refuse to go on with a deploy while another service of the tier is deployed. PolicyError."""
    if problems := [*override(site, _taken(site))]:
        raise PolicyError(problems)


def override(site: Site, reasons: Iterable[str]) -> Iterator[Problem]:
    """Yield reasons against a deploy as problems; with a change request, note them as overridden."""
    for reason in reasons:
        if not site.trigger.change_request:
            yield Problem(
                reason, hint="--change-request ID overrides it; a rollback is always possible", rule="time"
            )
        elif reason not in site.overridden:
            site.overridden.append(reason)


def _freezes(site: Site) -> tuple[list[Freeze], list[str]]:
    """Read the freezes of the application, and why they are unknown. SettingsError."""
    source = site.deploy.freeze
    if source is None or source == NONE:
        return [], []
    if "://" not in source:
        freezes = load_freezes(source)
    else:
        try:
            freezes = fetch_freezes(source, site.clock)
        except DeliveryError as error:
            if error.exit_code != REFUSED:
                raise
            return [], [error.message]
    return [freeze for freeze in freezes if freeze.concerns(site.cluster.app)], []


def _taken(site: Site) -> Iterator[str]:
    """Yield why the tier does not allow a deploy."""
    if site.deploy.tier is None:
        return
    if isinstance(site.lock, TierLock):
        if site.lock.refusal:
            yield site.lock.refusal
        return
    try:
        owner = tier_holder(site.aws, site.settings, site.deploy.tier, site.clock.now())
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        return  # there is no table yet
    if owner:
        yield f"another deploy of tier {site.deploy.tier} is under way: {owner}"
