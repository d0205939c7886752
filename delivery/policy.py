"""Whether a deploy is allowed: by user, image, place, under which change request, and tested before. Pure.

`refusals` gives everything there is against it at once, each with the way out. A rollback is never asked:
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

__all__ = ["Wish", "refusals"]


@dataclass(frozen=True, slots=True)
class Wish:
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


def refusals(settings: DeliverySettings, account: Account, wish: Wish) -> list[Problem]:
    """Everything against this wish in this account; empty if it is allowed."""
    app = settings.apps.get(wish.app, App())
    return [
        *_places(account, app, wish),
        *_people(account, app, wish),
        *_change(account, wish),
        *_tested(settings, account, wish),
    ]


def _places(account: Account, app: App, wish: Wish) -> Iterator[Problem]:
    if account.apps is not None and not _any(account.apps, wish.app):
        hint = f"accounts.{account.name}.apps names {', '.join(account.apps) or 'none'}"
        yield _refused("app", f"application {wish.app} may not be deployed in {account.name}", hint)
    if app.accounts is not None and account.name not in app.accounts:
        hint = f"apps.{wish.app}.accounts names {', '.join(app.accounts) or 'none'}"
        yield _refused("app", f"application {wish.app} is not deployed in {account.name}", hint)


def _people(account: Account, app: App, wish: Wish) -> Iterator[Problem]:
    lists = {f"accounts.{account.name}": account.deployers, f"apps.{wish.app}": app.deployers}
    for kind, allowed in lists.items():
        if allowed is not None and not any(_any(allowed, name) for name in wish.names):
            hint = f"{kind}.deployers names {', '.join(allowed) or 'no one'}"
            who = " as ".join(reversed(wish.names))
            yield _refused("deployer", f"{who} may not deploy {wish.app} in {account.name}", hint)


_LONGEST = 100
"""Characters of a change request: what a pattern is tried on."""


def _change(account: Account, wish: Wish) -> Iterator[Problem]:
    if unfit := tags.unfit(wish.change_request):
        yield _refused("change-request", f"the change request {unfit}", "--change-request takes its number")
        return
    pattern = account.change_pattern
    if pattern is None:
        return
    looks = "" if pattern == ".+" else f", which looks like {pattern}"
    if not wish.change_request:
        hint = f"--change-request takes its number{looks}"
        yield _refused("change-request", f"{account.name} wants a change request", hint)
    elif len(wish.change_request) > _LONGEST or not re.fullmatch(pattern, wish.change_request):
        message = f"{wish.change_request[:_LONGEST]!r} is no change request of {account.name}"
        yield _refused("change-request", message, f"--change-request takes its number{looks}")


def _tested(settings: DeliverySettings, account: Account, wish: Wish) -> Iterator[Problem]:
    where = settings.tested_in(account)
    if where is None:
        return
    first = f"delivery deploy --account {where} --image {wish.image} first"
    if wish.image_tags is None:
        hint = f"is it the right region? {first}"
        yield _refused("tested", f"{wish.image} is not to be found in {where}", hint)
        return
    clusters = _tested_clusters(wish.image_tags, where)
    allowed = settings.apps.get(wish.app, App()).test_clusters
    if any(_is_test_cluster(cluster, wish.app, allowed) for cluster in clusters):
        return
    message = f"{wish.image} has not run in {where} yet"
    if clusters:
        message = f"{wish.image} ran in {', '.join(clusters)} of {where} only: no test cluster of {wish.app}"
    if allowed is not None:
        first += f", in {' or '.join(allowed)}: apps.{wish.app}.test_clusters names them"
    yield _refused("tested", message, first)


def _tested_clusters(image_tags: Mapping[str, str], where: str) -> list[str]:
    """Names of the clusters of an account in which an image was found healthy."""
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
