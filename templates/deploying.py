"""Templates of deploys: an image to a cluster, at once or as a canary first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from jobdsl import freestyle, params, steps

from .baking import PROPERTIES as BAKED
from .delivery_job import DeliveryArguments
from .deploy_scripts import KEPT, MINUTES, PROPERTIES, deploy_script, in_region
from .handing import HandOn, chain, check_hand_on, copied_from
from .jobset import override
from .options import DeliveryOptions, DeployParts, split

__all__ = ["canary", "deploy"]


def deploy(
    name: str,
    *,
    cluster: str,
    strategy: str | None = None,
    smoke: str | None = None,
    change_request: bool = False,
    tested_job: str | None = None,
    bake_job: str | None = None,
    then: str | Iterable[str] = (),
    hand_on: HandOn = "parameters",
    analysis: str | None = None,
    adjustable: bool = False,
    **parts: Unpack[DeployParts],
) -> freestyle:
    """A job that deploys an image: a new group, and traffic to it once it is healthy; the old one is kept.

    `cluster`: application, or application-stack or application-stack-detail. `strategy`: red-black, canary,
    ramp or highlander; else as in the settings. `smoke`: a command of the health gate, run at every poll,
    with DELIVERY_ADDRESSES and others in its environment; the deploy is rolled back if it keeps failing.
    `change_request`: whether it is a parameter. `tested_job`: without an IMAGE the one that job has last
    deployed is taken; `bake_job`: the one that the build of that job has baked which started this one, else
    the last. `then`: jobs that are started with the image once it serves. `hand_on`: `artifacts` where there
    is no Parameterized Trigger plugin: those jobs copy `image.properties` of this one, as `deploy` does with
    `tested_job`. `analysis`: a file of the estate with the rules that judge a canary by its metrics.
    `adjustable`: whether the parameters SET and IGNORE_ALARM change settings of the group, and leave out
    alarms, for one build. A deploy that was rolled back fails the build.

    `account`, `region`: where; `settings`: a `delivery.toml` of the estate, else that of the agent.
    `aws_credentials`: Jenkins id of an access key and its secret, else the agent's own role. `tool`: the
    command of a `delivery` that is on the agents; or `install`: what pip installs it from, the address of a
    wheel; either is needed. `agent`: a label expression or a pool. `mail`, `slack`: for failures.
    `console`: whether the web console starts the job, and names its user in REQUESTED_BY. `build_names`:
    whether builds are named after versions, which needs the plugins Build Name Setter and Build User Vars.

    Parts to replace by name: prepare, tested, baked, deploy (steps; the text of one is its command); image,
    in_region, change_request, set, ignore_alarm; timestamps, timeout, access, user, build_name; artifacts,
    next, mail, slack. None takes a part away.
    """
    return _deploying(
        name,
        parts,
        deploy,
        cluster=cluster,
        strategy=strategy,
        smoke=smoke,
        change_request=change_request,
        tested_job=tested_job,
        bake_job=bake_job,
        analysis=analysis,
        adjustable=adjustable,
        then=then,
        hand_on=hand_on,
    )


def canary(
    name: str,
    *,
    cluster: str,
    smoke: str | None = None,
    change_request: bool = False,
    tested_job: str | None = None,
    bake_job: str | None = None,
    analysis: str | None = None,
    adjustable: bool = False,
    **parts: Unpack[DeployParts],
) -> freestyle:
    """A job that puts up a small group with a new image beside the one that serves, and leaves it there.

    A job of `promote` goes on with it, one of `rollback` takes it away, and one of `resume` does so when
    none decides in time (`decision_minutes` of the settings). With `analysis` its metrics promote it or
    roll it back, and it is left only where they are undecided. Parameters and parts are as in `deploy`.
    """
    return _deploying(
        name,
        parts,
        canary,
        cluster=cluster,
        strategy="canary",
        smoke=smoke,
        change_request=change_request,
        tested_job=tested_job,
        bake_job=bake_job,
        analysis=analysis,
        adjustable=adjustable,
    )


def _deploying(
    name: str,
    parts: DeployParts,
    made_by: Any,
    *,
    cluster: str,
    strategy: str | None,
    smoke: str | None,
    change_request: bool,
    tested_job: str | None,
    bake_job: str | None,
    analysis: str | None,
    adjustable: bool,
    then: str | Iterable[str] = (),
    hand_on: HandOn = "parameters",
) -> freestyle:
    check_hand_on(hand_on)
    options, replaced = split(parts, DeliveryOptions)
    running = DeliveryArguments.of({**options, "analysis": analysis})
    job = freestyle(
        name,
        description=f"Deploys an image to {cluster}{f' in {running.account}' if running.account else ''}",
        parameters={
            **_parameters(running.region, tested_job, bake_job, change_request=change_request),
            **(_adjustments() if adjustable else {}),
            **running.requested_by(),
        },
        **running.job(
            {
                "deploy": deploy_script(
                    running,
                    cluster,
                    strategy,
                    smoke,
                    change_request=change_request,
                    tested_job=tested_job,
                    bake_job=bake_job,
                    adjustable=adjustable,
                )
            },
            minutes=MINUTES,
            archive=KEPT,
            named=True,
            beside={
                **({"tested": _tested(tested_job)} if tested_job else {}),
                **({"baked": copied_from(bake_job, BAKED, to="baked")} if bake_job else {}),
            },
            chain=chain(then, hand_on, PROPERTIES),
        ),
    )
    override([job], replaced, made_by, DeliveryOptions.__annotations__)
    return job


def _parameters(
    region: str | None, tested_job: str | None, bake_job: str | None, *, change_request: bool
) -> dict[str, Any]:
    about = "Id of the image"
    if tested_job:
        about += f"; if empty, the one {tested_job} has last found good"
    elif bake_job:
        about += f"; if empty, the one {bake_job} has baked"
    copy = in_region(region)
    return {
        "image": params.string("IMAGE", description=about, trim=True),
        "in_region": params.string(copy, description=f"Its copy in {region}", trim=True) if copy else None,
        "change_request": params.string("CHANGE_REQUEST", description="Under which it is deployed", trim=True)
        if change_request
        else None,
    }


def _adjustments() -> dict[str, Any]:
    """Parameters that change one deploy."""
    return {
        "set": params.text(
            "SET",
            description="Settings of the new group that differ, KEY=VALUE, one on each line",
        ),
        "ignore_alarm": params.text(
            "IGNORE_ALARM",
            description="Alarms that this deploy ignores, one on each line",
        ),
    }


def _tested(job: str) -> Any:
    return steps.copy_artifacts(job, PROPERTIES, to="tested", build=steps.built_successfully(), optional=True)
