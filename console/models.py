"""What the API answers, as types: the OpenAPI document is made of them, and answers are checked by them."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = [
    "Activity",
    "Alarm",
    "Answer",
    "Application",
    "ApplicationDetail",
    "ApplicationList",
    "ChangeList",
    "ClusterDetail",
    "ClusterDocument",
    "DifferenceDocument",
    "GroupDocument",
    "Hit",
    "ImageDetail",
    "ImageDocument",
    "ImageList",
    "InstanceDetail",
    "LocationDocument",
    "MemberDocument",
    "OpenDeploy",
    "ProblemDocument",
    "Run",
    "RunDetail",
    "SearchResult",
    "Snapshots",
    "StepDocument",
]


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Stable word for programs, such as `not-found`")
    detail: str = ""
    errors: list[str] = []


class Answer(BaseModel):
    """The age of every answer."""

    as_of: str | None = Field(
        description="When the oldest account and region was read, UTC; null if one never was"
    )
    stale: bool = Field(description="Whether an account or region could not be read for a while")


class OpenDeploy(BaseModel):
    """A deploy that is not over."""

    group: str
    cluster: str
    account: str
    region: str
    state: str
    version: str
    by: str | None
    decide_by: str | None


class Application(BaseModel):
    """An application, summed up."""

    name: str | None = Field(description="null for groups whose name is of no application")
    clusters: int
    groups: int
    instances: int
    serving_instances: int
    serving_healthy: int
    accounts: list[str]
    regions: list[str]
    versions: list[str]
    open: list[OpenDeploy]
    changed: str
    changed_by: str | None


class ApplicationList(Answer):
    """Applications by name; `cursor` continues the list, null at its end."""

    applications: list[Application]
    total: int
    cursor: str | None


class ClusterDocument(BaseModel):
    """A cluster, summed up."""

    cluster: str
    account: str
    region: str
    application: str | None
    groups: int
    serving: list[str]
    versions: list[str]
    instances: int
    healthy: int
    traffic_unknown: bool
    open: OpenDeploy | None
    changed: str
    changed_by: str | None


class ApplicationDetail(Answer):
    """An application and its clusters."""

    application: Application
    clusters: list[ClusterDocument]


class StepDocument(BaseModel):
    """A step of a deploy: done, running, waiting, queued or failed."""

    name: str
    text: str
    state: str


class MemberDocument(BaseModel):
    """An instance, as its group lists it."""

    id: str
    lifecycle: str
    health: str
    in_service: bool
    type: str | None
    zone: str | None
    is_protected: bool


class GroupDocument(BaseModel):
    """A group: one version of a cluster."""

    name: str
    cluster: str
    account: str
    region: str
    application: str | None
    state: str
    takes_traffic: bool | None
    traffic: list[str]
    version: str | None
    image: str | None
    image_name: str | None
    commit: str | None
    min: int
    desired: int
    max: int
    instances: int
    healthy: int
    in_service: int
    created: str
    strategy: str | None
    step: str | None
    previous: str | None
    deployer: str | None
    jenkins_user: str | None
    job: str | None
    build_url: str | None
    change_request: str | None
    reason: str | None
    rollback_error: str | None
    decide_by: str | None
    disabled_at: str | None
    delete_after: str | None
    suspended: list[str]
    configuration: dict[str, str]
    tags: dict[str, str]
    members: list[MemberDocument]
    steps: list[StepDocument]
    links: dict[str, str]


class DifferenceDocument(BaseModel):
    """Something in which groups differ; one value for each group, in their order."""

    name: str
    values: list[str | None]


class Activity(BaseModel):
    """A scaling activity."""

    group: str
    at: str
    status: str
    text: str
    message: str


class Alarm(BaseModel):
    """An alarm that deploys of the cluster watch."""

    name: str
    state: str
    reason: str
    since: str | None


class GroupVersionDocument(BaseModel):
    """A group and what is in it."""

    group: str | None
    image: str | None
    version: str | None


class Run(BaseModel):
    """A run: a deploy, promote, rollback, resume, resize, traffic or terminate."""

    id: str
    kind: str
    application: str
    cluster: str
    account: str
    region: str
    begun: str
    ended: str | None
    seconds: float | None
    outcome: str
    message: str | None
    reason: str | None
    source: GroupVersionDocument = Field(validation_alias="from", serialization_alias="from")
    target: GroupVersionDocument = Field(validation_alias="to", serialization_alias="to")
    by: str | None
    deployer: str | None
    jenkins_user: str | None
    job: str | None
    build: str | None
    build_url: str | None
    change_request: str | None
    links: dict[str, str]


class ClusterDetail(Answer):
    """A cluster with its groups, the newest first; activities and alarms follow after the first answer."""

    cluster: ClusterDocument
    groups: list[GroupDocument] = Field(validation_alias="group_views")
    differences: list[DifferenceDocument]
    details_at: str | None
    details_error: str | None
    activities: list[Activity]
    alarms: list[Alarm]
    locked_by: str | None
    runs: list[Run]


class GroupDetail(Answer):
    """A group."""

    group: GroupDocument


class InstanceDetail(Answer):
    """An instance."""

    instance: InstanceDocument


class InstanceDocument(MemberDocument):
    """An instance and where it belongs; null is not known."""

    account: str
    region: str
    group: str
    cluster: str
    application: str | None
    version: str
    image: str | None
    private_ip: str | None
    public_ip: str | None
    launched: str | None
    state_reason: str | None
    links: dict[str, str]


class ImageUser(BaseModel):
    """A group that was made of an image."""

    name: str
    cluster: str
    account: str
    region: str
    state: str
    takes_traffic: bool | None
    instances: int


class ImageDocument(BaseModel):
    """An image and where it runs."""

    image: str
    image_name: str | None
    application: str | None
    version: str | None
    commit: str | None
    account: str
    region: str
    owner: str | None
    state: str | None
    architecture: str | None
    created: str
    tested_in: dict[str, str]
    public: bool
    shared_with: list[str] | None
    used_by: list[ImageUser]
    links: dict[str, str]


class ImageList(Answer):
    """Images, the newest first; `cursor` continues the list, null at its end."""

    images: list[ImageDocument]
    total: int
    cursor: str | None


class ImageDetail(Answer):
    """An image."""

    image: ImageDocument


class ChangeList(Answer):
    """Runs, the newest first; those of applications that were read so far."""

    runs: list[Run]
    total: int
    cursor: str | None


class RunNote(BaseModel):
    """What was reported during a step."""

    after: float
    text: str


class RunStep(BaseModel):
    """A step of a run that has ended."""

    name: str
    text: str
    outcome: str
    after: float
    seconds: float
    notes: list[RunNote] = []


class RunDetail(Answer):
    """A run with its steps; those of a run that is under way are in its group."""

    run: Run
    timeline: list[RunStep]


class Hit(BaseModel):
    """Something that a search found; `path` is its page."""

    kind: str
    name: str
    about: str
    path: str


class SearchResult(Answer):
    """What a search found."""

    hits: list[Hit]


class LocationDocument(BaseModel):
    """How fresh an account and region is, and how many calls its last complete pass took."""

    account: str
    region: str
    groups: int
    instances: int
    images: int
    read_at: str | None
    images_at: str | None
    age_seconds: int | None
    stale: bool
    error: str | None
    hint: str | None
    seconds: float
    calls: dict[str, int]
    image_calls: dict[str, int]


class Snapshots(Answer):
    """All accounts and regions."""

    locations: list[LocationDocument]


InstanceDetail.model_rebuild()
