"""The template of a whole service: from a commit to production in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Unpack

from jobdsl import freestyle, pipeline, properties, publish, steps

from .after_deploy import promote as promote_job
from .after_deploy import resume as resume_job
from .after_deploy import rollback as rollback_job
from .baking import BUILT
from .baking import bake as bake_job
from .build import Building, build_jobs
from .delivery_job import DeliveryArguments
from .deploying import canary, deploy
from .handing import HandOn
from .jobset import NO_JOB, JobSet, override
from .options import DeliveryOptions, NoticeOptions, PublishOptions, ServiceParts, StepPart, split
from .service_jobs import Builds
from .service_pipeline import whole_pipeline
from .service_settings import ServiceSettings
from .stages import Stages

__all__ = ["Service", "service"]


class Service(JobSet):
    """The jobs of a service, for a loop to go through; each can be changed until the file ends."""

    def __init__(self, builds: Builds) -> None:
        self.builds = builds
        """The builds of branches, pull requests and releases."""
        self.bake: freestyle = NO_JOB
        """Makes an image of what the first branch has built; None in a Pipeline, which does so itself."""
        self.test: freestyle = NO_JOB
        """Deploys the image to test; None in a Pipeline."""
        self.production: freestyle = NO_JOB
        """Deploys it to production: starting it is the approval; None in a Pipeline."""
        self.promote: freestyle = NO_JOB
        """Goes on with a canary; None where there are none, and in a Pipeline."""
        self.rollback: freestyle = NO_JOB
        """Brings production back to the group before; None without production."""
        self.resume: freestyle = NO_JOB
        """Goes on with what was cut short in production; None without production."""
        self.pipeline: pipeline = NO_JOB
        """All of it in one job, with `as_pipeline`; else None."""
        self.stages: Stages = NO_JOB
        """The stages of the Pipeline, by name; None without `as_pipeline`."""

    def __iter__(self) -> Iterator[Any]:
        jobs = (
            *self.builds,
            self.pipeline,
            self.bake,
            self.test,
            self.production,
            self.promote,
            self.rollback,
            self.resume,
        )
        yield from (job for job in jobs if job is not None)

    def override(
        self,
        parts: Mapping[str, Any],
        made_by: Callable[..., Any] | None = None,
        other_names: Iterable[str] = (),
    ) -> None:
        """Replace fields or named parts in every job that has them, and stages of the Pipeline.

        A step or a stage may be given as its command.
        """
        rest = dict(parts)
        for name, value in parts.items():
            if self.stages is not None and name in self.stages.names:
                self.stages.override(name, value)
                if not any(name in job.steps.names for job in self if isinstance(job, freestyle)):
                    del rest[name]
        stages = self.stages.names if self.stages is not None else ()
        override(list(self), rest, made_by, [*other_names, *stages])


def service(
    name: str,
    *,
    repo: str,
    build: str,
    artifact: str = "dist/*.deb",
    cluster: str | None = None,
    base: str | None = None,
    smoke: str | None = None,
    test_account: str | None = "test",
    test_cluster: str | None = None,
    production_account: str | None = "production",
    strategy: str = "red-black",
    analysis: str | None = None,
    adjustable: bool = False,
    approve: StepPart | bool = True,
    as_pipeline: bool = False,
    hand_on: HandOn = "parameters",
    approve_hours: int = 72,
    decide_minutes: int = 60,
    **parts: Unpack[ServiceParts],
) -> Service:
    """The jobs of a service from a commit to production: build, bake, deploy to test, deploy to production.

    `repo`, `build`, `branches`, `git_credentials`, `repository`, `repository_credentials`, `pull_requests`,
    `host`, `release`, `tag_prefix`, `poll`: as `webapp` takes them; what the first of the branches builds is
    baked and deployed.
    `artifact`: the package it leaves, as a pattern. `base`: what it is baked onto, else as in the settings.
    `cluster`: application, application-stack or application-stack-detail; else the name of the service.
    `test_account`, `production_account`: their names in the settings; without the second the way ends in
    test. `test_cluster`: in test, where it is named otherwise. `smoke`: a command that must find the service
    healthy in test. `hand_on`: how the jobs hand on what they made: as `parameters`, or as `artifacts` where
    there is no Parameterized Trigger plugin. `strategy`: how production is deployed; with canary, it waits
    there to be promoted. `adjustable`: whether the job of production takes SET and IGNORE_ALARM, as in
    `deploy`; a Pipeline does not.

    `analysis`: a file of the estate with the rules that judge canaries by metrics; production is then
    deployed by canary, which promotes or rolls back by itself, and waits for a decision where the metrics are
    undecided.
    `approve`: with `False`, what passes in test goes to production without a user.

    Otherwise nothing reaches production by itself: a user starts NAME-production, then NAME-promote if it
    is a canary; NAME-rollback brings back what was. With `as_pipeline` one Pipeline does it all: it waits
    up to `approve_hours` for approval, and rolls a canary back that is not promoted in `decide_minutes`.

    `region`, `settings`, `aws_credentials`, `install`, `tool`, `agent`, `mail`, `slack`: as in `bake`;
    `console`, `build_names`: as in `deploy`.
    Parts to replace by name are those of `webapp`, `bake`, `deploy`, `promote`, `rollback` and `resume`, and
    the stages of the Pipeline, in every job that has them.
    """
    build_options, rest = split(parts, PublishOptions)
    options, replaced = split(rest, DeliveryOptions)
    notices = {key: value for key, value in options.items() if key in NoticeOptions.__annotations__}
    release = replaced.pop("release", False)
    if not isinstance(approve, bool):
        replaced["approve"] = approve  # another stage of the Pipeline
    building = Building.of(repo, build, {**build_options, **notices, "release": release})
    service_settings = ServiceSettings.of(
        name=name,
        artifact=artifact,
        cluster=cluster or name,
        test_cluster=test_cluster,
        base=base,
        smoke=smoke,
        test_account=test_account,
        production_account=production_account,
        strategy="canary" if analysis is not None and strategy == "red-black" else strategy,
        approve=approve is not False,
        approve_hours=approve_hours,
        decide_minutes=decide_minutes,
        adjustable=adjustable and not as_pipeline,
        hand_on=hand_on,
        building=building,
        running=DeliveryArguments.of({**options, "account": None, "analysis": analysis}),
    )
    jobs = Service(
        build_jobs("webapp", name, building, without=service_settings.branch if as_pipeline else "")
    )
    for job in jobs.builds:
        job.publishers["artifacts"] = publish.archive(
            service_settings.artifacts, allow_empty=True, fingerprint=True
        )
    if as_pipeline:
        jobs.pipeline, jobs.stages = whole_pipeline(service_settings)
    else:
        _chain(jobs, service_settings)
    if service_settings.production_account:
        _beside(jobs, service_settings, as_pipeline=as_pipeline)
    names = (*PublishOptions.__annotations__, *DeliveryOptions.__annotations__, "release")
    jobs.override(replaced, service, names)
    return jobs


def _chain(jobs: Service, settings: ServiceSettings) -> None:
    """Chain the jobs as far as test, and make the one that a user starts for production."""
    name, build = settings.name, jobs.builds[settings.branch]
    baked, tested = f"{name}-bake", f"{name}-test"
    by_artifacts = settings.hand_on == "artifacts"
    if by_artifacts:
        build.steps.append({"commit": steps.shell(f'printf "COMMIT=%s\\n" "$GIT_COMMIT" >{BUILT}')})
        build.publishers["artifacts"] = publish.archive(
            f"{settings.artifacts}, {BUILT}", allow_empty=True, fingerprint=True
        )
        build.publishers.append({"next": publish.downstream(baked)})
    else:
        handed = {"BUILD": "$BUILD_NUMBER", "COMMIT": "$GIT_COMMIT"}
        build.publishers.append({"next": publish.trigger(baked, parameters=handed)})
    build.properties.append(properties.copy_permission([baked]))
    jobs.bake = bake_job(
        baked,
        package=settings.artifact,
        build_job=settings.build_job,
        base=settings.base,
        app=settings.app,
        then=tested,
        hand_on=settings.hand_on,
        **settings.common(settings.test_account),
    )
    jobs.test = deploy(
        tested,
        cluster=settings.test_cluster,
        strategy="red-black",
        smoke=settings.smoke,
        bake_job=baked if by_artifacts else None,
        then=() if settings.approve or not settings.production_account else f"{name}-production",
        hand_on=settings.hand_on,
        **settings.common(settings.test_account),
    )
    if settings.production_account:
        if settings.approve or not by_artifacts:  # else handing on does so
            jobs.test.properties.append(properties.copy_permission([f"{name}-production"]))
        jobs.production = _production(settings, tested)


def _production(settings: ServiceSettings, tested: str) -> freestyle:
    """Starting it is the approval."""
    options: dict[str, Any] = {
        "cluster": settings.cluster,
        "change_request": True,
        "tested_job": tested,
        "analysis": settings.running.analysis,
        "adjustable": settings.adjustable,
    }
    options |= settings.common(settings.production_account)
    name = f"{settings.name}-production"
    return (
        canary(name, **options)
        if settings.strategy == "canary"
        else deploy(name, strategy=settings.strategy, **options)
    )


def _beside(jobs: Service, settings: ServiceSettings, *, as_pipeline: bool) -> None:
    """What may be wanted of production at any time."""
    options = {"cluster": settings.cluster, **settings.common(settings.production_account)}
    waits = settings.strategy == "canary"
    if waits and not as_pipeline:
        jobs.promote = promote_job(f"{settings.name}-promote", **options)
    jobs.rollback = rollback_job(f"{settings.name}-rollback", **options)
    jobs.resume = resume_job(
        f"{settings.name}-resume",
        schedule="H/10 * * * *" if waits else "",
        analysis=settings.running.analysis,
        **options,
    )
