"""Why a group failed, as its gate command and its instances say: collected before the instances are ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.aws import asking
from delivery.errors import DeliveryError, LockedError

if TYPE_CHECKING:
    from delivery.deploy.model import Group
    from delivery.deploy.site import Site
    from delivery.health import Look

__all__ = ["Evidence", "collect_consoles"]

_CONSOLES = 3
"""Instances whose console is read: a bad image fails alike on all of them."""
_SHOWN = 20
"""Last lines that are printed; the result has all."""


@dataclass
class Evidence:
    """What a run has learnt about the group that failed."""

    gate_output: str = ""
    """Whole output of the gate command, of the last time it failed."""
    consoles: dict[str, str] = field(default_factory=dict)
    """Console output by id of the instance."""
    ill: tuple[str, ...] = ()
    """Ids of the instances that were not healthy at the last look."""
    complete: bool = False
    """Whether the group has failed: later looks are at the other one."""

    def see(self, look: Look) -> None:
        """Keep what a look at a group says of its failure."""
        if self.complete:
            return
        healthy = {*look.healthy}
        self.ill = tuple(id for id in look.instances if id not in healthy)
        for answer in look.answers:
            if answer.wrong and answer.output:
                self.gate_output = answer.output

    @property
    def values(self) -> dict[str, Any]:
        """JSON values of the result; what is not known is left out."""
        values = {"gate_output": self.gate_output, "console_output": self.consoles}
        return {key: value for key, value in values.items() if value}


def collect_consoles(site: Site, group: Group) -> None:
    """Read the consoles of instances of a group that failed; an error stops nothing. LockedError."""
    evidence = site.evidence
    ids = [one.id for one in group.members]
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


def _show(site: Site, what: str, text: str) -> None:
    lines = text.strip().splitlines()
    if not lines:
        return
    shown = lines[-_SHOWN:]
    of = f"the last {len(shown)} of {len(lines)} lines" if len(lines) > len(shown) else f"{len(lines)} lines"
    site.timeline.say(f"{of} of {what}; --result has the whole output:")
    for line in shown:
        site.timeline.say(f"| {line.rstrip()}")
