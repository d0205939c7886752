"""The line to an agent that is a process, and what runs builds over such lines."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from jobdsl.testing.builds import Build
from jobdsl.testing.scheduler import BuildRunner

__all__ = ["AgentChannel", "AgentRunner"]


@dataclass(slots=True)
class AgentChannel:
    """The line to an agent process: what it shall do next, and what it shall stop."""

    waiting: deque[Build] = field(default_factory=deque)
    taken: dict[str, Build] = field(default_factory=dict)
    """Builds it works on, by the name both sides use for them."""
    stopping: set[str] = field(default_factory=set)


class AgentRunner(BuildRunner, Protocol):
    """Runs builds, on agents among others."""

    lines: dict[str, AgentChannel]
    """The lines to agents, by their names."""

    def log(self, build: Build, text: str) -> None:
        """Append to the log of a build."""
        ...

    def done(self, build: Build, outcome: Any) -> None:
        """End a build. `outcome` is a BuildOutcome, whose module knows the state of the controller."""
        ...

    def close(self) -> None:
        """Stop all builds."""
        ...
