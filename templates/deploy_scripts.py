"""The scripts of deploys and of what follows them: which command, with which options, and what it leaves."""

from __future__ import annotations

from delivery.names import NameProblem, parse_cluster
from jobdsl import DslError
from jobdsl.errors import suggestion

from .delivery_job import REPORT, DeliveryArguments, words

__all__ = ["KEPT", "MINUTES", "PROPERTIES", "STRATEGIES", "act_script", "deploy_script", "in_region"]

STRATEGIES = ("red-black", "canary", "ramp", "highlander")
PROPERTIES = "image.properties"
"""What a deploy leaves for the jobs that follow."""
KEPT = f"deploy.json, {PROPERTIES}, {REPORT}/*"
MINUTES = 360
"""After so many a deploy is aborted; `resume` goes on with it, `rollback` turns it back."""


def deploy_script(
    running: DeliveryArguments,
    cluster: str,
    strategy: str | None,
    smoke: str | None,
    *,
    change_request: bool = False,
    tested_job: str | None = None,
    bake_job: str | None = None,
    adjustable: bool = False,
) -> str:
    """Return the script of a deploy. Raises DslError for names that cannot be."""
    app = _app(cluster)
    if strategy is not None and strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        near = suggestion(str(strategy), STRATEGIES)
        raise DslError(f"strategy takes one of {known}, not {strategy!r}", hint=near)
    judged = running.judged if strategy in (None, "canary") else ""
    return running.script(
        "deploy",
        options=f"{words(app=app, cluster=cluster, strategy=strategy, gate_command=smoke)}{judged}",
        cluster=cluster,
        canary=strategy in (None, "canary"),
        change_request=change_request,
        tested_job=tested_job,
        bake_job=bake_job,
        adjustable=adjustable,
        in_region=in_region(running.region),
    )


def act_script(running: DeliveryArguments, command: str, cluster: str) -> str:
    """The script of a promotion, a rollback, or of going on. Raises DslError for names that cannot be."""
    _app(cluster)
    judged = running.judged if command == "resume" else ""
    return running.script("act", options=f"{words(cluster=cluster)}{judged}", command=command)


def _app(cluster: str) -> str:
    """Return the application of a cluster. Raises DslError."""
    try:
        return parse_cluster(cluster).app
    except NameProblem as problem:
        raise DslError(problem.message, hint=problem.hint) from None


def in_region(region: str | None) -> str | None:
    """Return the parameter in which a bake hands over the copy of its image in a region."""
    return f"IMAGE_{region.replace('-', '_')}" if region else None
