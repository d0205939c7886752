"""An image of a baked snapshot: everything as the base has it, but the root. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jobdsl.errors import Problem

__all__ = ["parameters", "problems", "root_snapshot"]

Described = Mapping[str, Any]
_SAME = (
    "Architecture",
    "RootDeviceName",
    "VirtualizationType",
    "EnaSupport",
    "SriovNetSupport",
    "BootMode",
    "TpmSupport",
)
_DEFAULTS = {"VirtualizationType": "hvm", "EnaSupport": True}
_KEPT = ("DeleteOnTermination", "Iops", "SnapshotId", "Throughput", "VolumeSize", "VolumeType")
_PLAIN_LINUX = ("", "RunInstances")


def root_snapshot(base: Described) -> str:
    """Return the snapshot of a base's root volume; empty if it has none."""
    for mapping in base.get("BlockDeviceMappings", ()):
        if mapping.get("DeviceName") == base.get("RootDeviceName"):
            return str(mapping.get("Ebs", {}).get("SnapshotId", ""))
    return ""


def problems(base: Described) -> Iterator[Problem]:
    """Yield why no image can be registered of a snapshot of this base."""
    hint = "use --engine instance, which keeps it"
    if base.get("ProductCodes"):
        yield Problem(
            f"base {base['ImageId']} is from the AWS Marketplace: its product code would be lost", hint=hint
        )
    if base.get("UsageOperation", "") not in _PLAIN_LINUX:
        licence = base.get("PlatformDetails", base["UsageOperation"])
        yield Problem(f"base {base['ImageId']} is billed as {licence}, which would be lost", hint=hint)


def parameters(base: Described, snapshot: str, size_gb: int) -> dict[str, Any]:
    """Return parameters of RegisterImage besides name, description and tags; instances require IMDSv2."""
    parameters = {key: base.get(key) or _DEFAULTS.get(key) for key in _SAME}
    return {
        **{key: value for key, value in parameters.items() if value is not None},
        "ImdsSupport": "v2.0",
        "BlockDeviceMappings": list(
            _mappings(base.get("BlockDeviceMappings", ()), base["RootDeviceName"], snapshot, size_gb)
        ),
    }


def _mappings(
    described: Iterable[Described], root: str, snapshot: str, size_gb: int
) -> Iterator[dict[str, Any]]:
    for mapping in described:
        if mapping.get("DeviceName") == root:
            ebs = {
                "SnapshotId": snapshot,
                "VolumeSize": size_gb,
                "VolumeType": "gp3",
                "DeleteOnTermination": True,
            }
            yield {"DeviceName": root, "Ebs": ebs}
        elif "Ebs" in mapping:
            yield {
                "DeviceName": mapping["DeviceName"],
                "Ebs": {key: mapping["Ebs"][key] for key in _KEPT if key in mapping["Ebs"]},
            }
        else:
            yield {key: mapping[key] for key in ("DeviceName", "VirtualName", "NoDevice") if key in mapping}
