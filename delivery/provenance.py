"""The starter and the purpose of a run, and which version an image contains: as tags, and in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery import tags
from delivery.names import parse_app_version

__all__ = ["Release", "RunOrigin", "recorded_release", "recorded_trigger", "release_of", "trigger_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrigin:
    """The starter of a run, from where, and under which change request; all of it may be unknown."""

    deployer: str = ""
    """ARN of the caller, before any role was assumed."""
    jenkins_user: str = ""
    """Id of the Jenkins user that started the build."""
    job: str = ""
    build: str = ""
    build_url: str = ""
    change_request: str = ""

    @property
    def who(self) -> str:
        """The Jenkins user, else the caller."""
        return self.jenkins_user or self.deployer

    @property
    def tags(self) -> dict[str, str]:
        """Tags of a group and its instances; what is not known is left out."""
        values = {
            tags.DEPLOYER: self.deployer,
            tags.JENKINS_USER: self.jenkins_user,
            tags.JOB: self.job,
            tags.BUILD_URL: self.build_url,
            tags.CHANGE_REQUEST: self.change_request,
        }
        return {key: tags.fit(value) for key, value in values.items() if value}

    @property
    def values(self) -> dict[str, str | None]:
        """JSON values for results and reports."""
        return {
            "deployer": self.deployer or None,
            "jenkins_user": self.jenkins_user or None,
            "job": self.job or None,
            "build_url": self.build_url or None,
            "change_request": self.change_request or None,
        }


def trigger_of(
    environment: Mapping[str, str], deployer: str, change_request: str = "", console_user: str = ""
) -> RunOrigin:
    """Read the starter of a run from the variables Jenkins gives a build.

    BUILD_USER_ID is one of the build-user-vars plugin; the Pipelines of the templates set it themselves.
    Builds that `console_user` has started, the service user of the web console, are those of the user it
    names in REQUESTED_BY; of any other user that parameter is not believed.
    """
    names = {"jenkins_user": "BUILD_USER_ID", "job": "JOB_NAME", "build": "BUILD_NUMBER"}
    variables = {key: environment.get(name, "").strip() for key, name in names.items()}
    url = environment.get("BUILD_URL", "").strip()
    if console_user and variables["jenkins_user"] == console_user:
        variables["jenkins_user"] = environment.get("REQUESTED_BY", "").strip() or console_user
    return RunOrigin(deployer=deployer, change_request=change_request, build_url=url, **variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Return what an image contains, as far as its tags show."""

    image: str = ""
    """Id."""
    application: str = ""
    version: str = ""
    commit: str = ""
    name: str = ""
    """The image's own."""

    def __str__(self) -> str:
        return f"{self.application} {self.version}".strip() if self.version else self.name or self.image

    @property
    def full(self) -> str:
        """The version with the image's id."""
        text = str(self)
        return f"{text} ({self.image})" if self.image and text != self.image else f"image {text}"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of a group and its instances; what is not known is left out."""
        values = {
            tags.APPLICATION: self.application,
            tags.VERSION: self.version,
            tags.COMMIT: self.commit,
            tags.IMAGE: self.image,
            tags.IMAGE_NAME: self.name,
        }
        return {key: tags.fit(value) for key, value in values.items() if value}

    @property
    def values(self) -> dict[str, str | None]:
        """JSON values for results and reports."""
        return {
            "application": self.application or None,
            "version": self.version or None,
            "commit": self.commit or None,
            "image": self.image or None,
            "image_name": self.name or None,
        }


def release_of(image: Mapping[str, Any]) -> Release:
    """Read what an image contains, from its description as EC2 returns it."""
    image_tags = tags.read(image.get("Tags"))
    whole = image_tags.get("appversion", "")
    parsed = parse_app_version(whole)
    application = image_tags.get("application", "") or (parsed.name if parsed else "")
    version = image_tags.get("version", "")
    if not version:
        version = parsed.version if parsed else whole.removeprefix(f"{application}-")
    number = image_tags.get("release", "")
    return Release(
        image=image["ImageId"],
        application=application,
        version=f"{version}-{number}" if version and number not in ("", "0") else version,
        commit=image_tags.get("commit", "") or (parsed.commit if parsed else ""),
        name=image.get("Name", ""),
    )


def recorded_release(group_tags: Mapping[str, str]) -> Release:
    """Read the release of a group's image from the tags of the group."""
    tag = group_tags.get
    return Release(
        image=tag(tags.IMAGE, ""),
        application=tag(tags.APPLICATION, ""),
        version=tag(tags.VERSION, ""),
        commit=tag(tags.COMMIT, ""),
        name=tag(tags.IMAGE_NAME, ""),
    )


def recorded_trigger(group_tags: Mapping[str, str]) -> RunOrigin:
    """Read from the tags of a group its deployer."""
    tag = group_tags.get
    return RunOrigin(
        deployer=tag(tags.DEPLOYER, ""),
        jenkins_user=tag(tags.JENKINS_USER, ""),
        job=tag(tags.JOB, ""),
        build_url=tag(tags.BUILD_URL, ""),
        change_request=tag(tags.CHANGE_REQUEST, ""),
    )
