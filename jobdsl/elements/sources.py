"""Where multibranch jobs find branches, and organization folders repositories."""

from __future__ import annotations

from jobdsl.elements import (
    sources_bitbucket,
    sources_branches,
    sources_git,
    sources_github,
    sources_gitlab,
    sources_organization,
    sources_others,
)
from jobdsl.elements.sources_bitbucket import *  # noqa: F403
from jobdsl.elements.sources_branches import *  # noqa: F403
from jobdsl.elements.sources_git import *  # noqa: F403
from jobdsl.elements.sources_github import *  # noqa: F403
from jobdsl.elements.sources_gitlab import *  # noqa: F403
from jobdsl.elements.sources_organization import *  # noqa: F403
from jobdsl.elements.sources_others import *  # noqa: F403

__all__ = [
    *sources_bitbucket.__all__,
    *sources_branches.__all__,
    *sources_git.__all__,
    *sources_github.__all__,
    *sources_gitlab.__all__,
    *sources_organization.__all__,
    *sources_others.__all__,
]
