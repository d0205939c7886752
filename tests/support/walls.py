"""The walls of this host, as parameters of a fixture."""

from __future__ import annotations

import os

import pytest

from tests.attacks.trials import WALLS, unavailable
from tests.attacks.users import ORDINARY, ROOT

__all__ = ["WALLS", "required"]


def required(name: str) -> str:
    """Return the name of a wall; skips the test where this host has none of it."""
    if why := unavailable(name, ROOT if os.geteuid() == 0 else ORDINARY):
        pytest.skip(f"no {name} on this host: {why}")
    return name
