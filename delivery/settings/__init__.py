"""`delivery.toml`: the accounts, defaults of deploys and bakes, and where locks and records are kept.

`model` has its contents as values, `values` the checks of single ones, `file` reads it.
"""

from __future__ import annotations

from delivery.settings.analysis import AnalysisSettings
from delivery.settings.file import load_settings, loads, overridden
from delivery.settings.model import (
    FILE,
    GATES,
    Account,
    App,
    Bake,
    DeliverySettings,
    Deploy,
    HistorySettings,
    LockSettings,
)

__all__ = [
    "FILE",
    "GATES",
    "Account",
    "AnalysisSettings",
    "App",
    "Bake",
    "DeliverySettings",
    "Deploy",
    "HistorySettings",
    "LockSettings",
    "load_settings",
    "loads",
    "overridden",
]
