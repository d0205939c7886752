"""An image as an account sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from delivery.provenance import Release

__all__ = ["AccountImage"]


@dataclass(frozen=True, slots=True)
class AccountImage:
    """An image as an account sees it."""

    id: str
    architecture: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    release: Release = field(default_factory=Release)
    """What it contains."""
