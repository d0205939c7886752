"""Tags that bakes and deploys write on AWS resources, and read again after a run was killed.

Tags are the only state there is. `jobdsl/aws/tags.py` has their form.
"""

from __future__ import annotations

from jobdsl.aws.tags import fit, read, unfit, written

__all__ = [
    "ANALYSIS",
    "ANALYSIS_SINCE",
    "APPLICATION",
    "BAKE",
    "BAKING",
    "BASELINE",
    "BASELINE_OF",
    "BEGUN",
    "BOOT_SECONDS",
    "BUILD_URL",
    "CHANGE_REQUEST",
    "COMMIT",
    "COPY_OF",
    "CREATED",
    "DECIDE_BY",
    "DELETE_AFTER",
    "DEPLOY",
    "DEPLOYER",
    "DISABLED_AT",
    "IGNORED_ALARMS",
    "IMAGE",
    "IMAGE_NAME",
    "JENKINS_USER",
    "JOB",
    "KEEP",
    "KEEP_FAILED",
    "KEY",
    "LOAD_BALANCER",
    "NAME",
    "OF_GROUPS",
    "OWNER",
    "PIN",
    "PREVIOUS",
    "PREVIOUS_IMAGE",
    "PREVIOUS_TEMPLATE",
    "READY",
    "REASON",
    "ROLLBACK_ERROR",
    "ROLLED_BACK",
    "ROLLOUT",
    "SIZE",
    "SMOKED",
    "STATE",
    "STEP",
    "STRATEGY",
    "SUSPENDED",
    "TARGET_GROUP",
    "TRAFFIC_SINCE",
    "VERSION",
    "WAVE_DONE",
    "fit",
    "read",
    "tested_in",
    "unfit",
    "written",
]

BAKE = "delivery:bake"
"""Id of the bake that made a resource."""
KEY = "delivery:key"
"""Digest of everything that goes into an image."""
CREATED = "delivery:created"
"""On everything a bake makes: when the bake began (UTC, ISO)."""
OWNER = "delivery:owner"
"""On everything a bake makes: the baker, a build's URL or a caller's ARN."""
IMAGE_NAME = "delivery:image-name"
"""On what a bake needs only for a while: the name its image will have. On a group: the name of its image."""
BAKING, READY = "baking", "ready"
"""`delivery:state` of an image and its snapshots: made by a bake that is not done, or to be used. Left at
`baking` by a bake that was killed, it is as temporary as the instance it was made of."""
SMOKED = "delivery:smoked"
"""On an image: when an instance of it passed its smoke test (UTC, ISO)."""
KEEP = "delivery:keep"
"""On an image: never removed while it is `true`."""
DEPLOY = "delivery:deploy"
"""On a group: id of the deploy that made it, or works on it."""
STATE = "delivery:state"
"""On a group: how far its deploy is. On an image: `baking` or `ready`."""
PREVIOUS = "delivery:previous"
"""On a group: the group it takes over from."""
PIN = "delivery:pin"
"""On a group: the minimum size it had before it was pinned; removed once that is undone."""
DISABLED_AT = "delivery:disabled-at"
"""On a group: when it was taken out of traffic (UTC, ISO)."""
DELETE_AFTER = "delivery:delete-after"
"""On a group: when it may be deleted (UTC, ISO); by itself no reason to delete one."""
NAME = "Name"
"""The name that the EC2 console shows."""
APPLICATION = "delivery:application"
"""On a group and its instances: the application of its cluster."""
VERSION = "delivery:version"
"""On a group and its instances: the version in its image, with the release where there is one."""
COMMIT = "delivery:commit"
"""On a group and its instances: the commit its version was built of."""
DEPLOYER = "delivery:deployer"
"""On a group and its instances: ARN of the caller that deployed it."""
JENKINS_USER = "delivery:jenkins-user"
"""On a group and its instances: id of the Jenkins user that started the build."""
JOB = "delivery:job"
"""On a group and its instances: the Jenkins job that deployed it."""
BUILD_URL = "delivery:build-url"
"""On a group and its instances: the build that deployed it."""
CHANGE_REQUEST = "delivery:change-request"
"""On a group and its instances: the change request it was deployed under."""
BEGUN = "delivery:begun"
"""On a group: when its deploy began (UTC, ISO)."""
STEP = "delivery:step"
"""On a group: the last step of its deploy that is done."""
STRATEGY = "delivery:strategy"
"""On a group: the strategy it is deployed by."""
TRAFFIC_SINCE = "delivery:traffic-since"
"""On a group: since when it takes traffic (UTC, ISO)."""
KEEP_FAILED = "delivery:keep-failed"
"""On a group: for how many hours it keeps its instances if its deploy fails."""
SIZE = "delivery:size"
"""On a group: `min/desired/max` it has in full use."""
IMAGE = "delivery:image"
"""On a group: id of its image."""
PREVIOUS_IMAGE = "delivery:previous-image"
"""On a group: id of the image of the group it takes over from, for use after that is deleted."""
PREVIOUS_TEMPLATE = "delivery:previous-template"
"""On a group: id and version of the launch template of the group it takes over from."""
REASON = "delivery:reason"
"""On a group: why it was rolled back."""
ROLLBACK_ERROR = "delivery:rollback-error"
"""On a group that is rolled back: why the last attempt failed."""
ROLLED_BACK = "delivery:rolled-back"
"""On a group that got its traffic back by a rollback: the group that had it."""
ROLLOUT = "delivery:rollout"
"""On a group that was deployed in waves: id of the rollout, and the image that it deploys."""
WAVE_DONE = "delivery:wave-done"
"""On a group that was deployed in waves: when its deploy was recorded as done (UTC, ISO)."""
COPY_OF = "delivery:copy-of"
"""On an image: region and id of the image it was copied from."""
DECIDE_BY = "delivery:decide-by"
"""On a canary: without a decision until then (UTC, ISO) it is rolled back."""
BASELINE = "delivery:baseline"
"""On a canary: the group of the previous image that it is compared with; deleted with the comparison."""
BASELINE_OF = "delivery:baseline-of"
"""On a baseline: the canary that is compared with it."""
ANALYSIS = "delivery:analysis"
"""On a canary: the decision of its metrics, `promote` or to wait for a user."""
ANALYSIS_SINCE = "delivery:analysis-since"
"""On a canary: since when its metrics are compared (UTC, ISO), the warm-up included."""
IGNORED_ALARMS = "delivery:ignored-alarms"
"""On a group: names of alarms that its deploy does not watch, one a line."""
BOOT_SECONDS = "delivery:boot-seconds"
"""On a group: the shortest time its instances took, from in service to healthy everywhere."""
SUSPENDED = "delivery:suspended"
"""On a group that was taken out: the processes that were suspended before."""
TARGET_GROUP = "delivery:target-group/"
"""On a group, with the name of a target group behind it: its ARN; the group takes traffic from it."""
LOAD_BALANCER = "delivery:load-balancer/"
"""On a group, with the name of a classic load balancer behind it: the group takes traffic from it."""

OF_GROUPS = (
    DEPLOY, STATE, PREVIOUS, PIN, DISABLED_AT, DELETE_AFTER, CHANGE_REQUEST, BEGUN, STEP, STRATEGY, SIZE,
    IMAGE, PREVIOUS_IMAGE, PREVIOUS_TEMPLATE, REASON, ROLLBACK_ERROR, ROLLED_BACK, DECIDE_BY,
    IGNORED_ALARMS, BOOT_SECONDS, SUSPENDED, NAME, APPLICATION, VERSION, COMMIT, DEPLOYER, JENKINS_USER,
    JOB, BUILD_URL, IMAGE_NAME, TRAFFIC_SINCE, KEEP_FAILED, BASELINE, ANALYSIS, ANALYSIS_SINCE,
    ROLLOUT, WAVE_DONE,
)  # fmt: skip
"""Every tag a group may have of deploys, but those that name load balancers."""


def tested_in(account: str, cluster: str = "") -> str:  # noqa: PT028  # no test, whatever its name
    """On an image: the tag of when it was found healthy in a cluster of an account.

    Without a cluster, return the prefix of all tags of the account.
    """
    return f"delivery:tested-in/{account}/{cluster}"
