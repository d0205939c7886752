"""Arguments that several templates share, each declared once: options, and the parts that may be replaced.

A template takes them as `**parts: Unpack[...]`, so that type checkers and editors know them. `build_options`
and `delivery_options` check options that an estate keeps for several calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from jobdsl import DslError
from jobdsl.context import complain
from jobdsl.errors import suggestion

if TYPE_CHECKING:
    from jobdsl.elements.slots import Parameter, Publisher, Step, Trigger, Wrapper
    from jobdsl.typed.items import FreestyleFields
    from jobdsl.typed.parts import HasLabel, Untyped

    from .stages import Stage
else:

    class FreestyleFields(TypedDict, total=False):
        """Fields of a job; listed for type checkers only."""


__all__ = [
    "ActParts",
    "BakeParts",
    "BuildOptions",
    "BuildParts",
    "CleanParts",
    "DeliveryOptions",
    "DeployParts",
    "PublishOptions",
    "ServiceParts",
    "StatusParts",
    "build_options",
    "delivery_options",
    "split",
]

Label: TypeAlias = "str | HasLabel | None"
"""A label expression, or a pool of agents."""
StepPart: TypeAlias = "str | Step | Stage | Untyped | None"
"""A step, or the command of a shell; None takes it away. A Pipeline's stage is replaced by another."""
ParameterPart: TypeAlias = "Parameter | Untyped | None"
TriggerPart: TypeAlias = "Trigger | Untyped | None"
WrapperPart: TypeAlias = "Wrapper | Untyped | None"
PublisherPart: TypeAlias = "Publisher | Untyped | None"


class PublishOptions(TypedDict, total=False):
    """What is built, and where it is published."""

    branches: Iterable[str]
    """A job for each. [default: main]"""
    repository: str | None
    """Where it is published: branches publish snapshots where the tool has them, releases always."""
    repository_credentials: str | None
    """Jenkins id of the user and password of the repository."""
    git_credentials: str | None
    """Jenkins id of what reads the git repository."""
    poll: str
    """When branches are asked for changes; "" to wait for webhooks. [default: every five minutes]"""
    pull_requests: bool
    """Whether there is a job for pull requests. [default: True]"""
    host: str | None
    """What hosts the git repository: gitea, github, gitlab. [default: by its address]"""
    tag_prefix: str
    """What precedes the version in a tag. [default: v]"""


class NoticeOptions(TypedDict, total=False):
    """Where a job runs, and where failures are reported."""

    agent: Label
    """A label expression or a pool. [default: any agent]"""
    mail: str | None
    """Addresses to which failures are mailed."""
    slack: str | None
    """Channel to which failures are posted."""


class BuildOptions(PublishOptions, NoticeOptions, total=False):
    """Options of `library` and `webapp`."""

    release: bool
    """Whether there is a job for releases. [default: True]"""
    environment: Mapping[str, str] | None
    """Variables of the build."""
    timeout_minutes: int
    """When a build is ended. [default: 60]"""
    keep: int
    """Builds that are kept. [default: 50]"""


class DeliveryOptions(NoticeOptions, total=False):
    """How a job runs `delivery`, and where; `tool` or `install` is needed."""

    account: str | None
    """Name of the account in the settings."""
    region: str | None
    """Region of AWS. [default: as in the settings]"""
    settings: str | None
    """A `delivery.toml` of the estate. [default: that of the agent]"""
    aws_credentials: str | None
    """Jenkins id of an access key and its secret. [default: the agent's own role]"""
    install: str | None
    """What pip installs `delivery` from: the address of a wheel."""
    tool: str | None
    """The command of a `delivery` that is on the agents."""
    console: bool
    """Whether the web console starts the job: it names its user in REQUESTED_BY. [default: False]"""
    build_names: bool
    """Whether builds of deploys are named after versions; needs two plugins. [default: False]"""


class CommonParts(FreestyleFields, total=False):
    """Parts of every job, and its fields."""

    timestamps: WrapperPart
    timeout: WrapperPart
    access: WrapperPart
    artifacts: PublisherPart


class BuildSteps(CommonParts, total=False):
    """Parts of builds."""

    check: StepPart
    framework: StepPart
    resolve: StepPart
    compile: StepPart
    test: StepPart
    package: StepPart
    publish: StepPart
    webhook: TriggerPart
    version: ParameterPart
    branch: ParameterPart
    number: ParameterPart
    results: PublisherPart
    tag: PublisherPart


class BuildParts(BuildOptions, BuildSteps, total=False):
    """Options and parts of `library` and `webapp`."""


class DeliveryParts(DeliveryOptions, CommonParts, total=False):
    """Options and parts of every job that runs `delivery`."""

    keep: int | None
    prepare: StepPart


class BakeParts(DeliveryParts, total=False):
    """Options and parts of `bake`."""

    fetch: StepPart
    bake: StepPart
    build: ParameterPart
    commit: ParameterPart
    file: ParameterPart
    next: PublisherPart


class DeployParts(DeliveryParts, total=False):
    """Options and parts of `deploy` and `canary`."""

    tested: StepPart
    baked: StepPart
    deploy: StepPart
    image: ParameterPart
    in_region: ParameterPart
    set: ParameterPart
    ignore_alarm: ParameterPart
    user: WrapperPart
    build_name: WrapperPart
    next: PublisherPart


class ActParts(DeliveryParts, total=False):
    """Options and parts of `promote`, `rollback`, `resume`, `resize`, `traffic` and `terminate`."""

    promote: StepPart
    rollback: StepPart
    resume: StepPart
    resize: StepPart
    traffic: StepPart
    terminate: StepPart
    reason: ParameterPart
    to: ParameterPart
    group: ParameterPart
    min: ParameterPart
    desired: ParameterPart
    max: ParameterPart
    direction: ParameterPart
    instance: ParameterPart
    user: WrapperPart
    build_name: WrapperPart
    requested_by: ParameterPart


class StatusParts(DeliveryParts, total=False):
    """Options and parts of the overview."""

    list: StepPart


class CleanParts(DeliveryParts, total=False):
    """Options and parts of the clean-ups."""

    clean: StepPart


class ServiceParts(PublishOptions, BuildSteps, DeployParts, ActParts, total=False):
    """Options and parts of `service`: those of its jobs, and the stages of its Pipeline."""

    release: bool
    environment: WrapperPart
    fetch: StepPart
    bake: StepPart
    commit: StepPart
    file: ParameterPart
    change_request: ParameterPart
    schedule: TriggerPart
    checkout: StepPart
    production: StepPart
    decide: StepPart


def build_options(**options: Unpack[BuildOptions]) -> dict[str, Any]:
    """Keep options of builds for several calls: `HERE = build_options(...)`, `library(..., **HERE)`."""
    return _known(options, BuildOptions, "build_options")


def delivery_options(**options: Unpack[DeliveryOptions]) -> dict[str, Any]:
    """Keep options of `delivery` for several calls: `TEST = delivery_options(...)`, `deploy(..., **TEST)`."""
    return _known(options, DeliveryOptions, "delivery_options")


def _known(options: Mapping[str, Any], kind: type, function: str) -> dict[str, Any]:
    own, others = split(options, kind)
    for name in others:
        hint = suggestion(name, kind.__annotations__) or "its options: " + ", ".join(kind.__annotations__)
        complain(DslError(f"{function} has no option {name!r}", hint=hint))
    return own


def split(parts: Mapping[str, Any], options: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the arguments of a template into the options of a type and the parts."""
    names = options.__annotations__
    own = {name: value for name, value in parts.items() if name in names}
    return own, {name: value for name, value in parts.items() if name not in names}
