"""Consoles of the instances of a group that failed: read before the instances are ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.aws import asking
from delivery.errors import DeliveryError, LockedError

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group

__all__ = ["collect_consoles"]

_CONSOLES = 3
"""Instances whose console is read: a bad image fails alike on all of them."""
_SHOWN = 20
"""Last lines that are printed; the result has all."""


def collect_consoles(site: Site, group: Group) -> None:
    """Read the consoles of instances of a group that failed; an error stops nothing. LockedError."""
    evidence = site.evidence
    ids = [member.id for member in group.members]
    ids.sort(key=lambda member: member not in evidence.ill)
    for id in ids[:_CONSOLES]:
        try:
            text = _console(site, id)
        except LockedError:
            raise
        except DeliveryError as error:
            site.timeline.say(f"the console of {id} could not be read: {error.message}")
            return
        if text.strip():
            evidence.consoles[id] = text
    _show(site, "the gate command", evidence.gate_output)
    for id, text in list(evidence.consoles.items())[:1]:
        _show(site, f"the console of {id}", text)


def _console(site: Site, id: str) -> str:
    with asking(f"reading the console of {id}"):
        return site.aws.ec2.get_console_output(InstanceId=id).get("Output", "")


def _show(site: Site, title: str, text: str) -> None:
    lines = text.strip().splitlines()
    if not lines:
        return
    shown = lines[-_SHOWN:]
    of = f"the last {len(shown)} of {len(lines)} lines" if len(lines) > len(shown) else f"{len(lines)} lines"
    site.timeline.say(f"{of} of {title}; --result has the whole output:")
    for line in shown:
        site.timeline.say(f"| {line.rstrip()}")
