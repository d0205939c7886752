"""Launch templates: what a group was launched from, and a version of it with another image.

A version is made of everything in the old one, as the API gives it, and of what the settings change, in a
template that only deploys of the cluster write to; there it is made on top of the old version itself, so that
AWS also carries on what this boto3 does not know. Groups name versions by number: `$Latest` and `$Default`
may be anybody's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.aws import AwsError, ErrorMeaning, asking, meaning
from delivery.deploy.launch_changes import retyped, with_settings
from delivery.deploy.request_shape import fitting
from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group

__all__ = [
    "LaunchSource",
    "Template",
    "data_of",
    "image_of",
    "is_of_deploys",
    "launch_of",
    "lost",
    "make_launch",
    "named",
    "overrides_of",
    "own_name",
    "sent",
    "source_of",
    "specifications",
    "template_of",
]

_NAME = 128
"""Characters of a launch template's name."""
_MARK = re.compile(r"delivery ami-[0-9a-f]+ from [0-9]+ [0-9a-f]{16}")
"""Description of a version that a deploy has made."""
_READ_ONLY = ("MetadataOptions.State", "Operator")
"""What AWS adds to an answer and never accepts."""


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a launch template."""

    id: str
    name: str
    version: int
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def image(self) -> str:
        """Id of its image; empty if it has none."""
        return str(self.data.get("ImageId", ""))

    @property
    def spec(self) -> dict[str, str]:
        """As Auto Scaling wants it."""
        return {"LaunchTemplateId": self.id, "Version": str(self.version)}


@dataclass(frozen=True, slots=True)
class LaunchSource:
    """What a group launches: a template, and the instance types beside it where it has mixed ones."""

    template: Template
    mixed: Mapping[str, Any] | None = None
    own: Mapping[int, Template] = field(default_factory=dict)
    """Templates of their own, by the number of the override that has it."""


def launch_of(aws: Aws, group: Group) -> LaunchSource:
    """What a group launches now, every version resolved to a number. DeliveryError."""
    mixed = group.raw.get("MixedInstancesPolicy")
    if mixed:
        part = mixed["LaunchTemplate"]
        overrides = enumerate(part.get("Overrides", ()))
        specs = {n: override["LaunchTemplateSpecification"] for n, override in overrides if _spec(override)}
        own = {n: template_of(aws, spec) for n, spec in specs.items()}
        return LaunchSource(template_of(aws, part["LaunchTemplateSpecification"]), mixed, own)
    if "LaunchTemplate" not in group.raw:
        raise DeliveryError(
            f"{group.name} has a launch configuration, which EC2 no longer makes",
            "give it a launch template first: EC2 console, Launch configurations, Copy to launch template",
            USAGE,
        )
    return LaunchSource(template_of(aws, group.raw["LaunchTemplate"]))


def overrides_of(launch: LaunchSource) -> list[Mapping[str, Any]]:
    """Give the instance types of a policy of mixed ones, without the templates of their own."""
    part = (launch.mixed or {}).get("LaunchTemplate", {})
    return [
        {k: v for k, v in override.items() if k != "LaunchTemplateSpecification"}
        for override in part.get("Overrides", ())
    ]


def _spec(override: Mapping[str, Any]) -> bool:
    return bool(override.get("LaunchTemplateSpecification"))


def template_of(aws: Aws, spec: Mapping[str, Any]) -> Template:
    """The version a specification means now. AwsError."""
    which = {key: spec[key] for key in ("LaunchTemplateId",) if spec.get(key)}
    which = which or {"LaunchTemplateName": spec["LaunchTemplateName"]}
    version = spec.get("Version") or "$Default"
    called = spec.get("LaunchTemplateName") or next(iter(which.values()))
    with asking(f"reading version {version} of launch template {called}"):
        answer: Any = aws.ec2.describe_launch_template_versions(**which, Versions=[version])
    if not answer["LaunchTemplateVersions"]:
        raise DeliveryError(f"launch template {called} has no version {version}", "it was deleted")
    described = answer["LaunchTemplateVersions"][0]
    return Template(
        described["LaunchTemplateId"],
        described.get("LaunchTemplateName", called),
        described["VersionNumber"],
        described["LaunchTemplateData"],
    )


def named(aws: Aws, text: str) -> Template:
    """A launch template by name or id, and `:version` behind it, as the settings have it. AwsError."""
    name, _, version = text.partition(":")
    key = "LaunchTemplateId" if name.startswith("lt-") else "LaunchTemplateName"
    try:
        return template_of(aws, {key: name, "Version": version or "$Default"})
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        hint = "launch_template in the settings names it, and behind a colon its version"
        raise AwsError(error.message, hint, error.code, error.meaning, USAGE) from error


def image_of(aws: Aws, group: Group) -> str:
    """Return the id of the image a group launches; empty if unknown. AwsError."""
    try:
        return launch_of(aws, group).template.image
    except DeliveryError as error:
        if meaning(error) in (ErrorMeaning.NotFound, ErrorMeaning.Other):
            return ""
        raise


def lost(site: Site, launch: LaunchSource) -> list[str]:
    """Return what of these templates a request cannot contain, as lines for users."""
    shape = site.aws.ec2.meta.service_model.shape_for("RequestLaunchTemplateData")
    return [
        f"launch template {version.name}: {path}"
        for version in (launch.template, *launch.own.values())
        for path in fitting(shape, version.data)[1]
        if path not in _READ_ONLY
    ]


def source_of(site: Site, launch: LaunchSource) -> LaunchSource:
    """Take the template and the instance types that the settings name, else those of the previous group.

    DeliveryError, before anything is made: no such template, or templates of overrides with other images.
    """
    for version in launch.own.values():
        _check_image(version, launch)
    template = launch.template
    if site.deploy.launch_template:
        template = named(site.aws, site.deploy.launch_template)
    mixed, numbers = retyped(launch.mixed, site.deploy)
    own = {new: launch.own[old] for new, old in numbers.items() if old in launch.own}
    return LaunchSource(template, mixed, own)


def make_launch(site: Site, launch: LaunchSource, image: str) -> dict[str, Any]:
    """Make the new versions; gives the arguments of CreateAutoScalingGroup that name them. DeliveryError."""
    spec = _version(site, launch.template, data_of(site, launch, image), own_name(site.cluster)).spec
    if launch.mixed is None:
        return {"LaunchTemplate": spec}
    own = {
        n: _version(site, version, _own_data(site, version, image), own_name(site.cluster, version.name)).spec
        for n, version in launch.own.items()
    }
    part = launch.mixed["LaunchTemplate"]
    overrides = [
        {**override, "LaunchTemplateSpecification": own[n]} if n in own else override
        for n, override in enumerate(part.get("Overrides", ()))
    ]
    mixed = {
        **launch.mixed,
        "LaunchTemplate": {**part, "LaunchTemplateSpecification": spec, "Overrides": overrides},
    }
    shape = site.aws.autoscaling.meta.service_model.shape_for("MixedInstancesPolicy")
    return {"MixedInstancesPolicy": fitting(shape, mixed)[0]}


def data_of(site: Site, launch: LaunchSource, image: str) -> dict[str, Any]:
    """Return the data of the new version: its source's, but for the image and what the settings change."""
    return with_settings({**sent(site, launch.template), "ImageId": image}, site.deploy)


def _own_data(site: Site, own: Template, image: str) -> dict[str, Any]:
    return with_settings({**sent(site, own), "ImageId": image}, site.deploy, typed=False)


def sent(site: Site, template: Template) -> dict[str, Any]:
    """The data of a version as a request has it."""
    shape = site.aws.ec2.meta.service_model.shape_for("RequestLaunchTemplateData")
    data: dict[str, Any] = fitting(shape, template.data)[0]
    return data


def _check_image(own: Template, launch: LaunchSource) -> None:
    """An override's own template takes the new image only if it had the same as the rest."""
    if own.image != launch.template.image:
        raise DeliveryError(
            f"an override launches {own.image or 'an image'} from template {own.name}, "
            f"and the rest {launch.template.image}: one image cannot replace both",
            "take the override out, or put it into a cluster of its own",
            USAGE,
        )


def _version(site: Site, source: Template, data: dict[str, Any], own: str) -> Template:
    """Give the version with that data: its source if it is equal, one that exists, or a new one.

    It is made in a template of the cluster's own: a version made in any other would become its `$Latest`,
    and with it what every group that names it so launches, the old one too. `own` is that template's name.
    """
    before = sent(site, source)
    if source.id and data == before:
        return source
    text = json.dumps(data, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    mark = f"delivery {data['ImageId']} from {source.version} {digest}"
    ours = _find(site, own)
    if ours is not None and _is_followed(site, ours):
        own = f"{own}-{digest}"[-_NAME:]
        ours = _find(site, own)
    if ours is None:
        return _create(site, own, mark, data)
    # A source cannot be told to leave anything out.
    on_top = source.id == ours.id and before.keys() <= data.keys()
    return _made(site, ours, mark) or _make(site, source if on_top else None, ours, mark, data)


def is_of_deploys(version: Mapping[str, Any]) -> bool:
    """Report whether a deploy has made a version of a launch template, by its description."""
    return _MARK.fullmatch(version.get("VersionDescription", "")) is not None


def _find(site: Site, name: str) -> Template | None:
    """The newest version of a template; None if there is no such template. AwsError."""
    try:
        return template_of(site.aws, {"LaunchTemplateName": name, "Version": "$Latest"})
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        return None


def own_name(cluster: object, source: str = "") -> str:
    """Name the template that deploys of a cluster make their versions in; `source` distinguishes several."""
    own = re.sub(r"[^a-zA-Z0-9().\-/_]", "_", f"delivery-{cluster}")
    if source and not source.startswith(f"{own}-"):
        source = f"{own}-{source}"
    return (source or own)[:_NAME]


def specifications(group: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every launch template, with its version, that a group names for what it launches."""
    part = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    holders = [group.get("LaunchTemplate"), part.get("LaunchTemplateSpecification")]
    holders += [override.get("LaunchTemplateSpecification") for override in part.get("Overrides", ())]
    yield from (holder for holder in holders if holder)


def _is_followed(site: Site, template: Template) -> bool:
    """Report whether any group would launch a new version of a template by itself. AwsError."""
    with asking(f"looking for groups that launch the newest version of {template.name}"):
        pages = site.aws.autoscaling.get_paginator("describe_auto_scaling_groups").paginate()
        return any(
            specification.get("Version") == "$Latest"
            and template.id == specification.get("LaunchTemplateId", template.id)
            and template.name == specification.get("LaunchTemplateName", template.name)
            for page in pages
            for group in page["AutoScalingGroups"]
            for specification in specifications(group)
        )


def _create(site: Site, name: str, mark: str, data: Any) -> Template:
    """A template that does not exist yet. AwsError."""
    with site.changing(f"creating launch template {name}"):
        created: Any = site.aws.ec2.create_launch_template(
            LaunchTemplateName=name, VersionDescription=mark, LaunchTemplateData=data
        )["LaunchTemplate"]
    return Template(created["LaunchTemplateId"], name, 1, data)


def _made(site: Site, ours: Template, mark: str) -> Template | None:
    """A version an earlier run has made: it was killed, or the same image was deployed before."""
    with asking(f"looking at the versions of launch template {ours.name}"):
        pages = site.aws.ec2.get_paginator("describe_launch_template_versions").paginate(
            LaunchTemplateId=ours.id, MinVersion="1"
        )
        for page in pages:
            for version in page["LaunchTemplateVersions"]:
                if version.get("VersionDescription") == mark:
                    return Template(
                        ours.id, ours.name, version["VersionNumber"], version["LaunchTemplateData"]
                    )
    return None


def _make(site: Site, on_top: Template | None, ours: Template, mark: str, data: Any) -> Template:
    source: Any = {"SourceVersion": str(on_top.version)} if on_top else {}
    with site.changing(f"making a version of launch template {ours.name}"):
        created: Any = site.aws.ec2.create_launch_template_version(
            LaunchTemplateId=ours.id, VersionDescription=mark, LaunchTemplateData=data, **source
        )["LaunchTemplateVersion"]
    return Template(ours.id, ours.name, created["VersionNumber"], created["LaunchTemplateData"])
