"""No attack reaches what the sentence of its wall says is walled off; `python -m tests.attacks` prints the table."""

from __future__ import annotations

import pytest

from tests.attacks.trials import WALLS, Trial, trials, unavailable
from tests.attacks.users import ORDINARY, ROOT

pytestmark = pytest.mark.slow


def _trials(wall: str, user: str) -> tuple[Trial, ...]:
    if why := unavailable(wall, user):
        pytest.skip(f"no {wall} for {user} on this host: {why}")
    return trials(wall, user)


@pytest.mark.parametrize("user", [ROOT, ORDINARY])
@pytest.mark.parametrize("wall", [wall for wall in WALLS if wall != "bare"])
def test_attacks_are_blocked_or_declared(wall: str, user: str) -> None:
    tried = _trials(wall, user)
    assert {trial.title: trial.detail for trial in tried if trial.verdict == "OPEN"} == {}
    if wall != "process":  # the others say that nothing is missing
        assert [trial.title for trial in tried if trial.reached] == []


def test_the_attacks_would_succeed_without_a_wall() -> None:
    reached = {trial.title for trial in _trials("bare", ORDINARY) if trial.reached}
    assert reached >= {
        "read a file outside the estate",
        "read .git of a nested repository",
        "signal the command (F_SETOWN)",
        "kill the command through a pipe",
        "read or set limits of the command (prlimit)",
        "set the priority of the command",
        "outlive the load (PR_SET_PDEATHSIG)",
        "start a program (exec)",
        "map shared memory",
        "map memory that counts as a stack",
        "empty jobdsl.toml (O_RDONLY|O_TRUNC)",
        "empty jobdsl.toml (O_ACCMODE|O_TRUNC)",
        "change files (rename)",
        "change files (symlink)",
        "connect to a port of the host",
        "connect to an abstract socket of the host",
        "leave a change in the estate",
    }
