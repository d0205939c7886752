"""The policies a simulation knows, by name."""

from __future__ import annotations

from collections.abc import Callable

from dynaslave.pools.prices import Table
from dynaslave.simulate.baselines import Fixed, NoDelay
from dynaslave.simulate.dynaslave_policy import Ours
from dynaslave.simulate.engine import Policy
from dynaslave.simulate.provisioner import NodeProvisioner

__all__ = ["NAMES", "policy"]

_POLICIES: dict[str, Callable[[Table], Policy]] = {
    "default": Ours,
    "node-provisioner": NodeProvisioner,
    "no-delay": NoDelay,
    "fixed": Fixed,
}
NAMES = tuple(_POLICIES)


def policy(name: str, prices: Table) -> Policy:
    """A policy, fresh for one simulation."""
    return _POLICIES[name](prices)
