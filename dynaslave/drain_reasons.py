"""Why agents are taken offline: the first words of the mark, which outlives the manager that wrote it."""

from __future__ import annotations

from enum import StrEnum

from dynaslave.model import Agent

__all__ = ["Why"]


class Why(StrEnum):
    """The first word of the reason of a `Drain`; a later poll finds it in the node's mark."""

    SURPLUS = "surplus"
    """Idle, and not needed."""
    WINDING_DOWN = "winding down"
    """Not needed, but something runs there: it goes when that is over."""
    OVER = "over the maximum"
    LAST_BUILD = "last build"
    INTERRUPTION = "interruption"
    """The cloud takes the machine away."""
    NO_POOL = "no pool"
    """Its pool is not in the estate any more."""
    NEVER_CAME = "never came"
    LOST = "lost"
    CLAIMED_TWICE = "claimed twice"
    UNFIT = "does not fit"
    """It cannot serve what waits, and nothing that can may be launched next to it."""
    MONITOR = "monitor"
    """Jenkins itself took it offline."""

    OUTDATED = "outdated"
    """It was launched from an older image or template than its pool has now."""

    def says(self, text: str) -> str:
        """A whole reason."""
        return f"{self}: {text}"

    def begins(self, reason: str) -> bool:
        """Report whether a reason is one of this kind."""
        return reason.startswith(f"{self}: ")

    def drains(self, agent: Agent) -> bool:
        """Whether this is why the agent drains."""
        return f"{self}: " in agent.node.reason
