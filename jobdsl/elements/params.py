"""Parameters of a build."""

from __future__ import annotations

from jobdsl.elements import params_dynamic, params_plain, params_scripted
from jobdsl.elements.params_dynamic import *  # noqa: F403
from jobdsl.elements.params_plain import *  # noqa: F403
from jobdsl.elements.params_scripted import *  # noqa: F403

__all__ = [*params_dynamic.__all__, *params_plain.__all__, *params_scripted.__all__]
