"""What starts a build."""

from __future__ import annotations

from jobdsl.elements import (
    triggers_gerrit,
    triggers_ghprb,
    triggers_hosting,
    triggers_jobs,
    triggers_time,
)
from jobdsl.elements.triggers_gerrit import *  # noqa: F403
from jobdsl.elements.triggers_ghprb import *  # noqa: F403
from jobdsl.elements.triggers_hosting import *  # noqa: F403
from jobdsl.elements.triggers_jobs import *  # noqa: F403
from jobdsl.elements.triggers_time import *  # noqa: F403

__all__ = [
    *triggers_gerrit.__all__,
    *triggers_ghprb.__all__,
    *triggers_hosting.__all__,
    *triggers_jobs.__all__,
    *triggers_time.__all__,
]
