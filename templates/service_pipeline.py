"""The whole way of a service as one Pipeline: the scripts of the chain, and questions in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jobdsl import pipeline, template, triggers

from .baking import KEPT as BAKED
from .baking import PROPERTIES, bake_script
from .build_pipeline import build_stages
from .delivery_job import REPORT, DeliveryArguments
from .deploy_scripts import KEPT, act_script, deploy_script
from .service_settings import ServiceSettings
from .stages import Stage, StageCredentials, Stages

__all__ = ["whole_pipeline"]

PACKAGE = "package"
WAITS = "waits"
"""Whether the deploy left a canary: the first group of a cluster is none, and nothing is asked about it."""
STARTED = {"BUILD_USER_ID": "startedBy"}
IMAGE = {"IMAGE": "image", **STARTED}
APPROVED = {**IMAGE, "CHANGE_REQUEST": "changeRequest"}


def whole_pipeline(settings: ServiceSettings) -> tuple[pipeline, Stages]:
    """Return the Pipeline, and its stages."""
    building = settings.building
    job = pipeline(
        settings.build_job,
        description=f"Builds {settings.branch} of {building.repo}, and brings it to production",
        keep=building.keep,
        triggers={"poll": triggers.poll_scm(building.poll)},
    )
    account = settings.production_account or settings.test_account or "test"
    values = {
        "delivers": True,
        "about": f"{settings.name}: from a commit to {account}",
        "agent": getattr(building.agent, "label", building.agent) or "",
        "mail": building.mail,
        "slack": building.slack,
        "told": bool(building.mail or building.slack),
    }
    return job, Stages(job, _stages(settings), values)


def _stages(settings: ServiceSettings) -> Iterator[Stage]:
    yield from _built(settings)
    yield from _tested(settings)
    if settings.production_account:
        yield from _produced(settings)


def _built(settings: ServiceSettings) -> Iterator[Stage]:
    """Checked out, built and tested; the package is put aside."""
    building = settings.building
    values = {"repo": building.repo, "branch": settings.branch, "credentials": building.git_credentials}
    yield Stage("checkout", groovy=template("./pipeline/checkout.groovy.j2", **values).rstrip())
    *stages, last = build_stages(
        building.variant,
        repository=building.repository,
        repository_credentials=building.repository_credentials,
        archive=settings.artifacts,
    )
    yield from (*stages, replace(last, stash=(PACKAGE, settings.artifact)))


def _tested(settings: ServiceSettings) -> Iterator[Stage]:
    """Baked, and deployed to test, one build at a time."""
    running, access = settings.running_in(settings.test_account), _access(settings.running)
    yield from _prepared("prepare", running)
    baked = bake_script(
        running, package=settings.artifact, build_job=settings.build_job, base=settings.base, app=settings.app
    )
    yield Stage(
        "bake", script=baked, access=access, unstash=PACKAGE, archive=BAKED, image_from=PROPERTIES,
        environment={"BUILD": "env.BUILD_NUMBER", "COMMIT": "env.GIT_COMMIT", **STARTED},
    )  # fmt: skip
    script = deploy_script(running, settings.test_cluster, "red-black", settings.smoke)
    yield Stage(
        "deploy",
        script=script,
        access=access,
        environment=IMAGE,
        archive=KEPT,
        report=REPORT,
        lock=settings.test_cluster,
    )


def _produced(settings: ServiceSettings) -> Iterator[Stage]:
    """Asked for, and deployed to production; a canary is asked about once more."""
    running, access = settings.running_in(settings.production_account), _access(settings.running)
    question = f"Deploy to {settings.production_account}? Image "
    if settings.approve:
        yield _groovy_stage("approve", "approve", hours=settings.approve_hours, question=question)
    yield from _prepared("prepare-production", running)
    script = deploy_script(running, settings.cluster, settings.strategy, None, change_request=True)
    common: dict[str, Any] = {
        "access": access,
        "archive": KEPT,
        "report": REPORT,
        "lock": f"{settings.cluster} in {settings.production_account}",
    }
    is_canary = settings.strategy == "canary"
    yield Stage("production", script=script, environment=APPROVED, may_wait=is_canary, **common)
    if is_canary:
        yield replace(_groovy_stage("decide", "decide", minutes=settings.decide_minutes), only=WAITS)
        yield from (replace(stage, only=WAITS) for stage in _prepared("prepare-decision", running))
        ends = {
            command: act_script(running, command, settings.cluster) for command in ("promote", "rollback")
        }
        yield Stage(
            "promote",
            script=ends["promote"],
            environment=STARTED,
            otherwise=ends["rollback"],
            only=WAITS,
            **common,
        )


def _groovy_stage(name: str, file: str, **values: Any) -> Stage:
    text = template(f"./pipeline/{file}.groovy.j2", **values).rstrip()
    return Stage(name, groovy=text, on_agent=False)


def _prepared(name: str, running: DeliveryArguments) -> Iterator[Stage]:
    """Yield a stage that prepares `delivery` again, as a build may continue on another agent."""
    if script := running.prepare():
        yield Stage(name, script=script)


def _access(running: DeliveryArguments) -> StageCredentials | None:
    keys = running.aws_credentials
    return StageCredentials(keys, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if keys else None
