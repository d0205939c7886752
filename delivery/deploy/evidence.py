"""Why a group failed, as its gate command and its instances report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from delivery.health import Look

__all__ = ["Evidence"]


@dataclass
class Evidence:
    """What a run has learnt about the group that failed."""

    gate_output: str = ""
    """Whole output of the gate command, of the last time it failed."""
    consoles: dict[str, str] = field(default_factory=dict)
    """Console output by id of the instance."""
    ill: tuple[str, ...] = ()
    """Ids of the instances that were not healthy at the last poll."""
    complete: bool = False
    """Whether the group has failed: later polls are of the other one."""

    def see(self, look: Look) -> None:
        """Keep what a poll of a group shows of its failure."""
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
