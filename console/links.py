"""Addresses outside the console: AWS' own console, builds of Jenkins, commits. Only http and https. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from delivery.history.record import RunRecord
    from delivery.settings.console import ConsoleSettings

    from .snapshot import InstanceRow

__all__ = ["Links", "safe"]


def safe(url: str | None) -> str | None:
    """Give an address that a browser may follow; None for anything that is not http or https."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


class Links:
    """Makes addresses of what AWS tags and records name; nothing of theirs is trusted."""

    def __init__(self, console: ConsoleSettings) -> None:
        self._console = console

    def of_group(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Links of a group: its build, commit, and page in AWS' console."""
        region, name = values["region"], quote(str(values["name"]), safe="")
        aws = _aws(region, f"ec2/home?region={region}#AutoScalingGroupDetails:id={name}")
        return _present(
            build=self._build(values.get("build_url")),
            commit=self._commit(values.get("application"), values.get("commit")),
            aws=aws,
        )

    def of_instance(self, instance: InstanceRow) -> dict[str, str]:
        """Links of an instance."""
        region, id = instance.region, quote(instance.id, safe="")
        return {"aws": _aws(region, f"ec2/home?region={region}#InstanceDetails:instanceId={id}")}

    def of_image(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Links of an image."""
        region, id = values["region"], quote(str(values["image"]), safe="")
        return _present(
            commit=self._commit(values.get("application"), values.get("commit")),
            aws=_aws(region, f"ec2/home?region={region}#ImageDetails:imageId={id}"),
        )

    def of_run(self, run: RunRecord) -> dict[str, str]:
        """Links of a run."""
        return _present(build=self._build(run.trigger.build_url))

    def _build(self, url: str | None) -> str | None:
        """The address of a build; of the controller of the settings alone, where one is named."""
        address, controller = safe(url), self._console.jenkins.url
        if address is None or controller is None:
            return address
        return address if address.startswith(controller.rstrip("/") + "/") else None

    def _commit(self, application: str | None, commit: str | None) -> str | None:
        pattern = self._console.commit_url
        if not pattern or not commit:
            return None
        url = pattern.replace("{application}", quote(application or "", safe=""))
        return safe(url.replace("{commit}", quote(commit, safe="")))


def _aws(region: str, path: str) -> str:
    if region.startswith("cn-"):
        domain = "amazonaws.cn"
    elif region.startswith("us-gov-"):
        domain = "amazonaws-us-gov.com"
    else:
        domain = "aws.amazon.com"
    return f"https://{region}.console.{domain}/{path}"


def _present(**links: str | None) -> dict[str, str]:
    return {name: url for name, url in links.items() if url}
