"""Tries the probes behind a wall as a user, and judges what became of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import probes, users

__all__ = ["CHANGE", "TITLES", "WALLS", "Trial", "trials", "unavailable"]

WALLS = ("bubblewrap", "namespaces", "landlock", "process", "bare")
CHANGE = "leave a change in the estate"
"""What is seen after all probes have run."""
TITLES = (*probes.PROBES, CHANGE)


@dataclass(frozen=True, slots=True)
class Trial:
    """One attack behind one wall, as one user."""

    title: str
    wall: str
    reached: bool
    detail: str

    @property
    def verdict(self) -> str:
        """Say in a word what became of it."""
        if not self.reached:
            return "blocked"
        declared = probes.DECLARED.get(self.title, probes.EVERYTHING)
        return "declared" if self.wall in declared else "OPEN"


@cache
def unavailable(wall: str, user: str) -> str:
    """Say why a wall cannot be had by a user on this host; empty if it can."""
    if why := users.available(user):
        return why
    result = _run(wall, user, [])
    missing = result.get("missing")
    return str(missing.get(wall, "")) if isinstance(missing, dict) else ""


@cache
def trials(wall: str, user: str) -> tuple[Trial, ...]:
    """Try all attacks; those that may end their process have one of their own."""
    together = [title for title in probes.PROBES if title not in probes.ALONE]
    result = _run(wall, user, together)
    tried = [_trial(result, title, wall) for title in together]
    changed = result.get("changed")
    tried.append(Trial(CHANGE, wall, bool(changed), str(changed)))
    tried += [_trial(_run(wall, user, [title]), title, wall) for title in sorted(probes.ALONE)]
    return tuple(tried)


def _trial(result: dict[str, object], title: str, wall: str) -> Trial:
    outcomes, left = result.get("outcomes"), result.get("left", 0)
    stopped = outcomes.get(title) if isinstance(outcomes, dict) else None
    if left:
        return Trial(title, wall, True, f"{left} processes are left")
    if stopped is None:
        return Trial(title, wall, True, f"no answer: {result.get('problems') or result.get('died')}")
    return Trial(title, wall, not stopped, str(stopped))


def _run(wall: str, user: str, titles: Iterable[str]) -> dict[str, object]:
    try:
        done = subprocess.run(
            users.command(user, ["-m", "tests.attacks.victim", wall, *titles]),
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "JENKINS_TOKEN": "token-of-the-command"},
            timeout=180,
        )
    except subprocess.TimeoutExpired as error:
        return {"died": str(error)}
    if done.returncode:
        return {"died": f"the command ended with {done.returncode}: {done.stderr[-300:]}"}
    result: dict[str, object] = json.loads(done.stdout)
    return result
