"""What the settings change of what a group launches, and how a group differs from the one before. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.settings import Deploy

__all__ = ["LaunchDifference", "differences", "retyped", "security_groups_of", "with_settings"]

Data = Mapping[str, Any]
_NOTHING = "none"
"""Setting of `user_data` that takes it away."""
_SHOWN = 100
"""Characters of a value that are shown."""


class LaunchDifference(NamedTuple):
    """One thing that is another in the new group."""

    setting: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.before} -> {self.after}"


def with_settings(data: Data, settings: Deploy, *, typed: bool = True) -> dict[str, Any]:
    """Change the data of a launch template as the settings want it.

    Args:
        data: as a request has it.
        settings: what they leave out stays as it is.
        typed: whether instance types are the template's; else an override names them.
    """
    changed = dict(data)
    if settings.security_groups is not None:
        _set_security_groups(changed, list(settings.security_groups))
    if settings.instance_profile is not None:
        key = "Arn" if settings.instance_profile.startswith("arn:") else "Name"
        changed["IamInstanceProfile"] = {key: settings.instance_profile}
    if settings.user_data == _NOTHING:
        changed.pop("UserData", None)
    elif settings.user_data is not None:
        changed["UserData"] = base64.b64encode(settings.user_data.encode()).decode()
    if typed and (types := _types(settings)):
        changed.pop("InstanceRequirements", None)
        changed["InstanceType"] = types[0]
    return changed


def _types(settings: Deploy) -> tuple[str, ...]:
    if settings.instance_types is not None:
        return settings.instance_types
    return (settings.instance_type,) if settings.instance_type else ()


def _set_security_groups(data: dict[str, Any], groups: list[str]) -> None:
    """EC2 takes them from network interfaces where the template has any, and then nowhere else."""
    data.pop("SecurityGroups", None)
    if data.get("NetworkInterfaces"):
        data.pop("SecurityGroupIds", None)
        data["NetworkInterfaces"] = [
            {**interface, "Groups": groups} for interface in data["NetworkInterfaces"]
        ]
    else:
        data["SecurityGroupIds"] = groups


def security_groups_of(data: Data) -> list[str]:
    """Give the ids of the security groups a launch template names."""
    groups = list(data.get("SecurityGroupIds", ()))
    for interface in data.get("NetworkInterfaces", ()):
        groups += interface.get("Groups", ())
    return list(dict.fromkeys(groups))


def retyped(mixed: Data | None, settings: Deploy) -> tuple[Data | None, dict[int, int]]:
    """Give a policy of mixed instances the types of the settings.

    Returns:
        The policy, None where the template alone has the type; and the numbers of overrides that stay, by
        their new number.

    Raises:
        DeliveryError: types have weights, and one of the new ones has none.
    """
    types = _types(settings)
    if not types or (mixed is None and len(types) == 1):
        part = (mixed or {}).get("LaunchTemplate", {})
        return mixed, {number: number for number in range(len(part.get("Overrides", ())))}
    policy = mixed or {
        "LaunchTemplate": {},
        "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 100},
    }
    part = policy["LaunchTemplate"]
    before = list(part.get("Overrides", ()))
    number_of = {override.get("InstanceType"): number for number, override in enumerate(before)}
    if len(types) == 1 and not before:
        return policy, {}
    overrides = [before[number_of[kind]] if kind in number_of else {"InstanceType": kind} for kind in types]
    weighted = [override for override in before if "WeightedCapacity" in override]
    lacking = [override["InstanceType"] for override in overrides if "WeightedCapacity" not in override]
    if weighted and lacking:
        raise DeliveryError(
            f"the instance types of the previous group have weights, and {', '.join(lacking)} has none",
            "give the group's policy of mixed instances the type with its weight first, then deploy",
            USAGE,
        )
    stay = {new: number_of[kind] for new, kind in enumerate(types) if kind in number_of}
    return {**policy, "LaunchTemplate": {**part, "Overrides": overrides}}, stay


def differences(before: Data, after: Data, path: str = "") -> Iterator[LaunchDifference]:
    """Compare nested values; user data is named by its size and digest, as it may have secrets."""
    for key in sorted({*before, *after}):
        where = f"{path}.{key}" if path else key
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, where)
        elif _are_structures(old) and _are_structures(new):
            yield from differences(_numbered(old), _numbered(new), where)
        else:
            show = _digest if key == "UserData" else _text
            yield LaunchDifference(where, show(old), show(new))


def _are_structures(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(element, Mapping) for element in value)
    )


def _numbered(values: Any) -> dict[str, Any]:
    return {str(number): element for number, element in enumerate(values)}


def _text(value: Any) -> str:
    if value in (None, "", [], ()):
        return "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        text = ", ".join(map(str, value))
    else:
        text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _digest(value: Any) -> str:
    if not value:
        return "none"
    try:
        content = base64.b64decode(value)
    except ValueError:
        content = str(value).encode()
    return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:12]}"
