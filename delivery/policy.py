"""Whether a deploy is allowed: by user, image, place, under which change request, and tested before. Pure.

`refusals` returns all reasons at once, each with a hint. A rollback is never checked:
it must be possible at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from delivery import names, tags
from delivery.settings import Account, App, DeliverySettings
from jobdsl.errors import Problem

__all__ = ["DeployRequest", "refusals"]


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What a user wants to deploy."""

    app: str
    image: str
    """Id."""
    caller: str = ""
    """ARN of the requesting user."""
    change_request: str = ""
    image_tags: Mapping[str, str] | None = field(default_factory=dict)
    """The image's tags in the account where it must have run; None if it is not there."""
    jenkins_user: str = ""
    """Id of the Jenkins user that started the build."""

    @property
    def names(self) -> tuple[str, ...]:
        """What `deployers` may match: the caller, and the Jenkins user as `jenkins:USER`."""
        return (self.caller, f"jenkins:{self.jenkins_user}") if self.jenkins_user else (self.caller,)


def refusals(settings: DeliverySettings, account: Account, request: DeployRequest) -> list[Problem]:
    """Return all reasons against a deploy in this account; empty if it is allowed."""
    app = settings.apps.get(request.app, App())
    return [
        *_places(account, app, request),
        *_people(account, app, request),
        *_change(account, request),
        *_tested(settings, account, request),
    ]


def _places(account: Account, app: App, request: DeployRequest) -> Iterator[Problem]:
    if account.apps is not None and not _any(account.apps, request.app):
        hint = f"accounts.{account.name}.apps names {', '.join(account.apps) or 'none'}"
        yield _refused("app", f"application {request.app} may not be deployed in {account.name}", hint)
    if app.accounts is not None and account.name not in app.accounts:
        hint = f"apps.{request.app}.accounts names {', '.join(app.accounts) or 'none'}"
        yield _refused("app", f"application {request.app} is not deployed in {account.name}", hint)


def _people(account: Account, app: App, request: DeployRequest) -> Iterator[Problem]:
    lists = {f"accounts.{account.name}": account.deployers, f"apps.{request.app}": app.deployers}
    for kind, allowed in lists.items():
        if allowed is not None and not any(_any(allowed, name) for name in request.names):
            hint = f"{kind}.deployers names {', '.join(allowed) or 'none'}"
            caller = " as ".join(reversed(request.names))
            yield _refused("deployer", f"{caller} may not deploy {request.app} in {account.name}", hint)


_LONGEST = 100
"""Characters of a change request: what a pattern is tried on."""


def _change(account: Account, request: DeployRequest) -> Iterator[Problem]:
    if unfit := tags.unfit(request.change_request):
        yield _refused("change-request", f"the change request {unfit}", "set --change-request to its number")
        return
    pattern = account.change_pattern
    if pattern is None:
        return
    form = "" if pattern == ".+" else f", which matches {pattern}"
    if not request.change_request:
        hint = f"set --change-request to its number{form}"
        yield _refused("change-request", f"{account.name} requires a change request", hint)
    elif len(request.change_request) > _LONGEST or not re.fullmatch(pattern, request.change_request):
        message = f"{request.change_request[:_LONGEST]!r} is not a change request of {account.name}"
        yield _refused("change-request", message, f"set --change-request to its number{form}")


def _tested(settings: DeliverySettings, account: Account, request: DeployRequest) -> Iterator[Problem]:
    where = settings.tested_in(account)
    if where is None:
        return
    test_first = f"run delivery deploy --account {where} --image {request.image} first"
    if request.image_tags is None:
        hint = f"check the region, or {test_first}"
        yield _refused("tested", f"{request.image} does not exist in {where}", hint)
        return
    clusters = _tested_clusters(request.image_tags, where)
    allowed = settings.apps.get(request.app, App()).test_clusters
    if any(_is_test_cluster(cluster, request.app, allowed) for cluster in clusters):
        return
    message = f"{request.image} has not run in {where} yet"
    if clusters:
        ran_in = f"{', '.join(clusters)} of {where}"
        message = f"{request.image} ran only in {ran_in}, which is no test cluster of {request.app}"
    if allowed is not None:
        test_first += f", in {' or '.join(allowed)} (apps.{request.app}.test_clusters)"
    yield _refused("tested", message, test_first)


def _tested_clusters(image_tags: Mapping[str, str], where: str) -> list[str]:
    """Return the names of the clusters of an account in which an image was healthy."""
    prefix = tags.tested_in(where)
    return sorted(key.removeprefix(prefix) for key, at in image_tags.items() if key.startswith(prefix) and at)


def _is_test_cluster(cluster: str, app: str, allowed: tuple[str, ...] | None) -> bool:
    """Report whether a cluster is one in which images of an application are tested."""
    parsed = names.parse_group(cluster)
    return parsed is not None and parsed.cluster.app == app and (allowed is None or _any(allowed, cluster))


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _refused(rule: str, message: str, hint: str) -> Problem:
    return Problem(message, hint=hint, rule=rule)
