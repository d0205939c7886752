"""How large a new group is: the settings, and at least what serves. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.deploy.model import Group, Size
from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.settings import Deploy

__all__ = ["size_of"]


def size_of(settings: Deploy, cluster: str, old: Group | None) -> tuple[Size, list[str]]:
    """Take the sizes of the settings, and what they leave out from the previous group.

    Returns:
        The size, and what differs from the settings because more serves now, as lines for people.

    Raises:
        DeliveryError: the sizes of the settings contradict each other, or there would be no instance.
    """
    before = old.unpinned if old else Size(1, max(1, settings.min or 1), 1)
    _check_order(settings)
    low = before.min if settings.min is None else settings.min
    desired = max(before.desired, settings.min or 0) if settings.desired is None else settings.desired
    if desired < 1:
        _refuse_none(cluster, old if settings.desired is None else None)
    notes = []
    serves = _serving(old) if old else 0
    if old and desired < serves:
        notes.append(
            f"desired = {desired} in the settings is less than the {serves} that serve in {old.name}: "
            f"desired is {serves}"
        )
        desired = serves
    high = max(before.max, desired) if settings.max is None else settings.max
    if high < desired:
        notes.append(
            f"max = {high} in the settings is less than the {desired} that are needed: max is {desired}"
        )
        high = desired
    return Size(min(low, desired), desired, high), notes


def _serving(old: Group) -> int:
    """The capacity that serves in a group: the part of it whose instances are in service."""
    return min(old.size.desired, sum(member.weight for member in old.members if member.in_service))


def _check_order(settings: Deploy) -> None:
    sizes = {name: getattr(settings, name) for name in ("min", "desired", "max")}
    known = [value for value in sizes.values() if value is not None]
    if known != sorted(known):
        text = ", ".join(f"{name} = {value}" for name, value in sizes.items() if value is not None)
        raise DeliveryError(
            f"{text}: not in that order",
            "min, desired and max in the settings; what they leave out is as before",
            USAGE,
        )


def _refuse_none(cluster: str, copied: Group | None) -> None:
    where = f"DesiredCapacity of {copied.name} is 0" if copied else "desired = 0 in the settings"
    raise DeliveryError(
        f"a group of no instances is never healthy: {where}",
        f"desired = 1, or more, in [clusters.{cluster}]",
        USAGE,
    )
