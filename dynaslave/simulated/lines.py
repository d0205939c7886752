"""How agents of simulated instances reach a controller: one in this process, or one behind a URL."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

from dynaslave.provider import Hand

if TYPE_CHECKING:
    from jobdsl.testing import SimulatedJenkins

__all__ = ["AgentConnection", "InProcess", "StandIns"]


class AgentConnection(Protocol):
    """The line between an instance's agent and the controller."""

    def up(self, hand: Hand) -> bool:
        """Dial in; whether the agent is connected now."""
        ...

    def down(self, hand: Hand) -> None:
        """The machine is gone, and its agent with it."""
        ...

    def close(self) -> None:
        """End what this process started."""
        ...


class InProcess:
    """Agents of a simulated controller in this process."""

    def __init__(self, jenkins: SimulatedJenkins) -> None:
        self._jenkins = jenkins

    def up(self, hand: Hand) -> bool:
        """Connected, if the node is there and the secret is its own."""
        try:
            if self._jenkins.computer(hand.node).secret != hand.secret:
                return False
            self._jenkins.connect_agent(hand.node)
        except KeyError:  # no such node: it goes on trying
            return False
        return True

    def down(self, hand: Hand) -> None:
        """Cut off; a node that is gone has no line."""
        try:
            self._jenkins.connect_agent(hand.node, connected=False)
        except KeyError:
            return

    def close(self) -> None:
        """Nothing was started."""


class StandIns:
    """A stand-in agent for each machine, as a process of this host that dials in over HTTP."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def up(self, hand: Hand) -> bool:
        """Started; it dials in by itself, again and again. The secret goes by the environment."""
        self._processes[hand.node] = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "jobdsl.testing.agent", "--url", hand.url, "--name", hand.node],
            env={"JENKINS_SECRET": hand.secret, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return True

    def down(self, hand: Hand) -> None:
        """Killed, as by a machine that loses its power."""
        process = self._processes.pop(hand.node, None)
        if process is not None:
            process.kill()
            process.wait()

    def close(self) -> None:
        """All of them end."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        self._processes.clear()
