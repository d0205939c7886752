"""What is offered for a cluster, and why something is not: rights, jobs, how things stand, policy. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.policy import DeployRequest, refusals
from delivery.settings.console import ACTIONS
from delivery.settings.model import App

from ..security.identity import Identity, missing_right

if TYPE_CHECKING:
    from delivery.settings import DeliverySettings
    from jobdsl.errors import Problem

    from ..snapshot import ClusterKey, ConsoleSnapshot, GroupState

__all__ = ["deployable_images", "job_of", "offers", "policy_problems"]


def job_of(settings: DeliverySettings, action: str, key: ClusterKey, application: str) -> str | None:
    """Give the full name of the job that does an action with a cluster; None if there is none."""
    return settings.console.job(
        action, application=application, cluster=key.cluster, account=key.account, region=key.region
    )


def offers(
    settings: DeliverySettings,
    identity: Identity,
    key: ClusterKey,
    groups: Sequence[GroupState],
    locked_by: str | None,
) -> dict[str, str]:
    """Give for each action why it is not offered; an empty text if it is."""
    application = str(groups[0].values["application"] or "") if groups else ""
    return {
        action: _reason(
            settings, identity, action, key, application=application, groups=groups, locked_by=locked_by
        )
        for action in ACTIONS
    }


def _reason(
    settings: DeliverySettings,
    identity: Identity,
    action: str,
    key: ClusterKey,
    *,
    application: str,
    groups: Sequence[GroupState],
    locked_by: str | None,
) -> str:
    if not application:
        return "These groups are of no application."
    if job_of(settings, action, key, application) is None:
        return f"[console.jobs] names no job for {action}."
    console = settings.console
    if missing := missing_right(console, identity, action, application=application, account=key.account):
        return missing
    return _standing(action, groups, locked_by)


def _standing(action: str, groups: Sequence[GroupState], locked_by: str | None) -> str:
    """Return what in the state of a cluster is against an action."""
    unfinished = next((group for group in groups if group.is_open), None)
    if action == "rollback":
        return "" if len(groups) > 1 or unfinished else "There is no other group to go back to."
    if locked_by:
        return f"A run is at work: {locked_by}"
    if action == "promote":
        waits = unfinished is not None and unfinished.values["state"] == "waiting"
        return "" if waits else "No canary waits."
    if unfinished is not None:
        return f"The deploy of {unfinished.name} is not over: {unfinished.values['state']}."
    return ""


def policy_problems(
    settings: DeliverySettings,
    identity: Identity,
    *,
    account: str,
    application: str,
    image: str,
    change_request: str,
    image_tags: Mapping[str, str] | None,
) -> list[Problem]:
    """Give what policy has against a deploy; what only the job can know is left to it."""
    request = DeployRequest(
        application,
        image,
        change_request=change_request,
        image_tags=image_tags,
        jenkins_user=identity.user,
    )
    reasons = refusals(settings, settings.account(account), request)
    lists = (settings.account(account).deployers, settings.apps.get(application, App()).deployers)
    by_role = any(not pattern.startswith("jenkins:") for patterns in lists for pattern in patterns or ())
    return [problem for problem in reasons if problem.rule != "deployer" or not by_role]


def deployable_images(
    settings: DeliverySettings,
    identity: Identity,
    snapshot: ConsoleSnapshot,
    key: ClusterKey,
    application: str,
) -> list[dict[str, Any]]:
    """List the images of an application in a region, the newest first.

    Each has `refused`: what policy has against it, but for the change request.
    """
    return [
        {**image, "refused": _refused(settings, identity, key, application, image)}
        for image in sorted(snapshot.images(), key=lambda image: str(image["created"]), reverse=True)
        if (image["application"], image["region"]) == (application, key.region)
    ]


def _refused(
    settings: DeliverySettings,
    identity: Identity,
    key: ClusterKey,
    application: str,
    image: Mapping[str, Any],
) -> str:
    prefix = tags.tested_in("").removesuffix("/")
    problems = policy_problems(
        settings,
        identity,
        account=key.account,
        application=application,
        image=image["image"],
        change_request="",
        image_tags={f"{prefix}{place}": at for place, at in image["tested_in"].items()},
    )
    return "; ".join(problem.message for problem in problems if problem.rule != "change-request")
