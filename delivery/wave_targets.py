"""Targets of the waves of a deploy: `[ACCOUNT/]REGION[/CLUSTER]`, read from settings. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from delivery import names

__all__ = ["WaveTarget", "bad_waves", "parse_target"]

_REGION = re.compile(
    r"[a-z]{2}(?:-[a-z]+)?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2}"
)
_MOST_PARTS = 3


class WaveTarget(NamedTuple):
    """A target of a wave; empty parts are those of the command."""

    account: str = ""
    """Its name in the settings."""
    region: str = ""
    cluster: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, self))


def parse_target(text: str, accounts: Collection[str] = ()) -> WaveTarget:
    """Parse `eu-west-1`, `production/eu-west-1`, `eu-west-1/shop-eu`, `shop-eu` ... ValueError.

    A name without a region next to it is an account if it is one of `accounts`, else a cluster.
    """
    parts = text.split("/")
    regions = [number for number, part in enumerate(parts) if _REGION.fullmatch(part)]
    if not all(parts) or len(parts) > _MOST_PARTS or len(regions) > 1:
        raise ValueError(f"{text!r} is no target like eu-west-1, production/eu-west-1 or eu-west-1/shop-eu")
    account = region = cluster = ""
    if regions:
        before, (region, *after) = parts[: regions[0]], parts[regions[0] :]
        if len(before) > 1 or len(after) > 1:
            raise ValueError(f"{text!r} has more than one account or cluster")
        account, cluster = (*before, "")[0], (*after, "")[0]
    elif len(parts) == 1 and parts[0] in accounts:
        account = parts[0]
    elif len(parts) <= 2:
        account, cluster = ("", *parts)[-2:]
    else:
        raise ValueError(f"{text!r} has no region")
    if cluster:
        try:
            names.parse_cluster(cluster)
        except names.NameProblem as problem:
            raise ValueError(f"{text!r}: {problem.message}") from problem
    return WaveTarget(account, region, cluster)


def bad_waves(waves: Sequence[Sequence[str]]) -> str:
    """Check the waves of the settings; return what is wrong, or an empty text."""
    if not all(waves):
        return "has a wave without a target"
    texts = [text for wave in waves for text in wave]
    if twice := next((text for text in texts if texts.count(text) > 1), None):
        return f"names {twice} twice"
    for text in texts:
        try:
            parse_target(text)
        except ValueError as error:
            return f"is wrong: {error}"
    return ""
