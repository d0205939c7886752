"""What surrounds a build."""

from __future__ import annotations

from jobdsl.elements import (
    wrappers_artifactory,
    wrappers_build,
    wrappers_credentials,
    wrappers_other,
    wrappers_release,
    wrappers_timeout,
    wrappers_tools,
)
from jobdsl.elements.wrappers_artifactory import *  # noqa: F403
from jobdsl.elements.wrappers_build import *  # noqa: F403
from jobdsl.elements.wrappers_credentials import *  # noqa: F403
from jobdsl.elements.wrappers_other import *  # noqa: F403
from jobdsl.elements.wrappers_release import *  # noqa: F403
from jobdsl.elements.wrappers_timeout import *  # noqa: F403
from jobdsl.elements.wrappers_tools import *  # noqa: F403

__all__ = [
    *wrappers_artifactory.__all__,
    *wrappers_build.__all__,
    *wrappers_credentials.__all__,
    *wrappers_other.__all__,
    *wrappers_release.__all__,
    *wrappers_timeout.__all__,
    *wrappers_tools.__all__,
]
