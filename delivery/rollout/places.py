"""The places of a deploy in waves, each with the account, the region and the cluster it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from delivery import names
from delivery.aws import open_aws
from delivery.errors import USAGE, DeliveryError
from delivery.wave_targets import WaveTarget, parse_target

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = ["WavePlace", "first_region", "places_of"]


@dataclass(frozen=True)
class WavePlace:
    """A cluster in an account and region, and the wave it belongs to."""

    name: str
    """As the settings have it."""
    wave: int
    """From 1 on."""
    aws: Aws
    cluster: names.ClusterName

    @property
    def values(self) -> dict[str, object]:
        """JSON values."""
        return {
            "place": self.name,
            "wave": self.wave,
            "account": self.aws.account,
            "region": self.aws.region,
            "cluster": str(self.cluster),
        }


def first_region(settings: DeliverySettings, account: str, cluster: names.ClusterName) -> str | None:
    """Return the region of the first place that names one in an account; None if none does. DeliveryError."""
    for wave in _waves(settings, account, cluster):
        for target in wave:
            if target.region and target.account in ("", account):
                return target.region
    return None


def places_of(settings: DeliverySettings, home: Aws, cluster: names.ClusterName) -> list[list[WavePlace]]:
    """Return the places of each wave of a cluster. DeliveryError if there are none, or two are one.

    Args:
        settings: `delivery.toml`.
        home: account and region that places have which name none.
        cluster: the cluster that places have which name none.
    """
    waves, seen = [], set()
    for number, wave in enumerate(_waves(settings, home.account, cluster), 1):
        places = [_place(settings, home, cluster, target, number) for target in wave]
        for place in places:
            key = (place.aws.account, place.aws.region, str(place.cluster))
            if key in seen:
                message = f"waves name {place.cluster} in {place.aws.account}, {place.aws.region} twice"
                raise DeliveryError(message, "each place once", USAGE)
            seen.add(key)
        waves.append(places)
    return waves


def _waves(settings: DeliverySettings, account: str, cluster: names.ClusterName) -> list[list[WaveTarget]]:
    waves = settings.deploy(account, cluster.app, str(cluster)).waves
    if not waves:
        hint = f'waves = [["eu-west-1"], ["us-east-1"]] in [apps.{cluster.app}]'
        raise DeliveryError(f"the settings name no waves of {cluster}", hint, USAGE)
    return [[parse_target(text, settings.accounts) for text in wave] for wave in waves]


def _place(
    settings: DeliverySettings, home: Aws, cluster: names.ClusterName, target: WaveTarget, wave: int
) -> WavePlace:
    named = names.parse_cluster(target.cluster) if target.cluster else cluster
    if named.app != cluster.app:
        raise DeliveryError(
            f"waves of {cluster} name {named}, a cluster of another application",
            f"clusters of {cluster.app} only",
            USAGE,
        )
    if target.account in ("", home.account):
        region = target.region or home.region
        regions = settings.account(home.account).regions
        if regions and region not in regions:
            message = f"account {home.account!r} is not used in region {region!r}"
            raise DeliveryError(message, f"its regions are {', '.join(regions)}", USAGE)
        return WavePlace(str(target), wave, home.in_region(region), named)
    regions = settings.account(target.account).regions
    region = target.region or (regions[0] if len(regions) == 1 else home.region)
    return WavePlace(str(target), wave, open_aws(settings, target.account, region), named)
