"""Where sources come from."""

from __future__ import annotations

from jobdsl.elements import (
    scm_basic,
    scm_git,
    scm_git_browsers,
    scm_git_extensions,
    scm_others,
    scm_perforce,
    scm_svn,
)
from jobdsl.elements.scm_basic import *  # noqa: F403
from jobdsl.elements.scm_git import *  # noqa: F403
from jobdsl.elements.scm_git_browsers import *  # noqa: F403
from jobdsl.elements.scm_git_extensions import *  # noqa: F403
from jobdsl.elements.scm_others import *  # noqa: F403
from jobdsl.elements.scm_perforce import *  # noqa: F403
from jobdsl.elements.scm_svn import *  # noqa: F403

__all__ = [
    *scm_basic.__all__,
    *scm_git.__all__,
    *scm_git_browsers.__all__,
    *scm_git_extensions.__all__,
    *scm_others.__all__,
    *scm_perforce.__all__,
    *scm_svn.__all__,
]
