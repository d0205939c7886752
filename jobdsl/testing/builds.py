"""One build: its number, cause, parameters, time, result, log and what it left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from jobdsl.testing.store import StoredItem
from jobdsl.testing.suites import Suite

__all__ = ["Build", "ParameterValue", "Result", "worst"]

Result = Literal["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"]
_RANK: dict[Result, int] = {"SUCCESS": 0, "UNSTABLE": 1, "FAILURE": 2, "NOT_BUILT": 3, "ABORTED": 4}


def worst(first: Result, second: Result) -> Result:
    """Return the worse of two results, as Jenkins combines them."""
    return first if _RANK[first] >= _RANK[second] else second


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A value of a parameter; `java` is the class of the value."""

    name: str
    value: str | bool
    java: str = "hudson.model.StringParameterValue"


@dataclass(slots=True, eq=False, kw_only=True)
class Build:
    """One build of a job."""

    item: StoredItem
    number: int
    queue_id: int
    started: float
    """Seconds since the epoch, by the controller's clock."""
    node: str
    """Name of the node it runs on, empty for the built-in one."""
    user: str
    causes: int = 1
    """How many triggers were folded into it while it waited."""
    parameters: tuple[ParameterValue, ...] = ()
    upstream: Build | None = None
    """The matrix or Pipeline build it is a part of."""
    started_by: Build | None = None
    """The build whose end triggered it."""
    is_part: bool = False
    """Whether it is no build of its own, but a `node` step of a Pipeline that holds an executor."""
    runs: list[Build] = field(default_factory=list)
    """The builds of the configurations of a matrix build, the parts of a Pipeline build."""
    waiting_runs: int = 0
    """How many of them are not over yet."""
    waited: float = 0.0
    """Seconds in the quiet period, and then for an executor."""
    queued: float = 0.0
    remaining_seconds: float | None = None
    """Seconds that a part of a Pipeline still needs, while it has no agent to go on with."""
    ends: float | None = None
    """When a simulated build is over by the clock; None while real steps run."""
    duration: float = 0.0
    result: Result | None = None
    log: list[str] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    suites: list[Suite] = field(default_factory=list)
    commit: str = ""
    git_url: str = ""
    git_branch: str = ""

    @property
    def path(self) -> str:
        """Path of its page below the controller's URL."""
        return f"{self.item.path}{self.number}/"

    @property
    def building(self) -> bool:
        """Whether it still runs."""
        return self.result is None

    @property
    def console(self) -> str:
        """The whole log so far."""
        return "".join(self.log)
