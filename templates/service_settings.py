"""The way of a service from a commit to production: what is deployed where, under which names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from delivery.names import NameProblem, parse_cluster
from jobdsl import DslError
from jobdsl.errors import suggestion

from .build import Building
from .delivery_job import DeliveryArguments
from .deploy_scripts import STRATEGIES
from .handing import HandOn, check_hand_on
from .options import DeliveryOptions

__all__ = ["ServiceSettings"]


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """The arguments of `service`, checked, with what follows from them."""

    name: str
    artifact: str
    cluster: str
    test_cluster: str
    base: str | None
    smoke: str | None
    test_account: str | None
    production_account: str | None
    strategy: str
    approve: bool
    """Whether a user starts the deploy to production."""
    approve_hours: int
    decide_minutes: int
    adjustable: bool
    """Whether parameters of production's job change one deploy."""
    hand_on: HandOn
    building: Building
    running: DeliveryArguments
    """How `delivery` runs, with no account yet."""

    @classmethod
    def of(cls, *, test_cluster: str | None, **options: Any) -> ServiceSettings:
        """Complete and check the options. Raises DslError."""
        cluster = options["cluster"]
        same = options["test_account"] == options["production_account"]
        settings = cls(test_cluster=test_cluster or (f"{cluster}-test" if same else cluster), **options)
        settings._check()
        return settings

    def _check(self) -> None:
        check_hand_on(self.hand_on)
        for cluster in {self.cluster: None, self.test_cluster: None}:
            try:
                parse_cluster(cluster)
            except NameProblem as problem:
                hint = problem.hint or "say which: cluster=..."
                raise DslError(problem.message, hint=hint) from None
        if (app := parse_cluster(self.test_cluster).app) != self.app:
            raise DslError(
                f"test_cluster {self.test_cluster!r} is of application {app}, "
                f"and cluster {self.cluster!r} of {self.app}",
                hint=f"an image is deployed to clusters of its own application: {self.app}-test",
            )
        if self.running.analysis is not None and self.strategy != "canary":
            raise DslError(
                f"analysis judges canaries, and strategy is {self.strategy!r}",
                hint='strategy="canary", or no strategy',
            )
        if self.strategy not in STRATEGIES:
            known, near = ", ".join(STRATEGIES), suggestion(str(self.strategy), STRATEGIES)
            raise DslError(f"strategy takes one of {known}, not {self.strategy!r}", hint=near)

    @property
    def app(self) -> str:
        """The application that is baked, whatever its package is called: only its own images are deployed."""
        return parse_cluster(self.cluster).app

    @property
    def branch(self) -> str:
        """What is baked and deployed."""
        return self.building.branches[0]

    @property
    def build_job(self) -> str:
        """The job that builds it, or goes all the way."""
        return f"{self.name}-{self.branch.replace('/', '-')}"

    @property
    def artifacts(self) -> str:
        """What a build archives: what its tool leaves, and the package, wherever that is."""
        usual = self.building.variant.artifacts("webapp")
        return usual if self.artifact in usual else f"{usual}, {self.artifact}"

    def common(self, account: str | None) -> dict[str, Any]:
        """Give the options of the jobs that run `delivery` in an account."""
        running = self.running_in(account)
        return {name: getattr(running, name) for name in DeliveryOptions.__annotations__}

    def running_in(self, account: str | None) -> DeliveryArguments:
        """Return how `delivery` runs in an account."""
        return replace(self.running, account=account)
