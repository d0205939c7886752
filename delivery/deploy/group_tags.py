"""The tags of a group that a deploy makes: what any later run reads of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.clock import iso
from delivery.deploy.model import DeployState

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.intent import Intent

__all__ = ["as_tags", "baseline_name", "is_own_name", "tags_of"]

_SHOWN = frozenset(
    {
        tags.NAME,
        tags.APPLICATION,
        tags.VERSION,
        tags.COMMIT,
        tags.IMAGE,
        tags.IMAGE_NAME,
        tags.DEPLOYER,
        tags.JENKINS_USER,
        tags.JOB,
        tags.BUILD_URL,
        tags.CHANGE_REQUEST,
    }
)
"""Tags that instances get as well."""


def tags_of(site: Site, name: str, intent: Intent, deploy: str) -> dict[str, str]:
    """Give the tags a group is created with; `deploy` is the id of the deploy. Empty ones are left out."""
    new_tags = {
        tags.DEPLOY: deploy,
        tags.STATE: str(DeployState.deploying),
        tags.STEP: "group",
        tags.STRATEGY: intent.strategy,
        tags.SIZE: str(intent.size),
        tags.PIN: str(intent.size.min),
        tags.BEGUN: iso(site.clock.now()),
        tags.IGNORED_ALARMS: "\n".join(site.ignored_alarms),
        tags.KEEP_FAILED: f"{site.deploy.keep_failed_hours:g}" if site.deploy.keep_failed_hours else "",
        tags.ROLLED_BACK: intent.rolled_back,
        tags.ROLLOUT: site.rollout,
        **intent.places,
    }
    if intent.previous and intent.before:
        template = intent.before.template
        new_tags |= {
            tags.PREVIOUS: intent.previous.name,
            tags.PREVIOUS_IMAGE: template.image,
            tags.PREVIOUS_TEMPLATE: f"{template.id}:{template.version}",
            tags.BASELINE: baseline_name(name) if intent.is_judged else "",
        }
    new_tags |= {**intent.release.tags, tags.APPLICATION: site.cluster.app, **site.trigger.tags}
    if not _is_named(intent):
        new_tags[tags.NAME] = name
    return {key: value for key, value in new_tags.items() if value}


def baseline_name(canary: str) -> str:
    """Name the group a canary is compared with."""
    return f"{canary}-baseline"


def as_tags(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return tags for Auto Scaling: the deployer and the version on instances as well, its state on none."""
    return [{"Key": key, "Value": value, "PropagateAtLaunch": key in _SHOWN} for key, value in values.items()]


def is_own_name(tag: Mapping[str, Any], group: str) -> bool:
    """Report whether a tag is the `Name` that a deploy has given the instances of a group."""
    return bool(tag["Key"] == tags.NAME and tag.get("Value") == group)


def _is_named(intent: Intent) -> bool:
    """Report whether a user names the instances, by a tag of the previous group or in the launch template."""
    copied = [tag["Key"] for tag in intent.settings.get("Tags", ())]
    for specification in intent.launch.template.data.get("TagSpecifications", ()):
        if specification.get("ResourceType") == "instance":
            copied += [tag["Key"] for tag in specification.get("Tags", ())]
    return tags.NAME in copied
