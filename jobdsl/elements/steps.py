"""What a build does."""

from __future__ import annotations

from jobdsl.elements import (
    steps_docker,
    steps_flow,
    steps_jobs,
    steps_other,
    steps_remote,
    steps_scripts,
    steps_services,
    steps_tools,
)
from jobdsl.elements.publish_build import fingerprint as fingerprint
from jobdsl.elements.steps_docker import *  # noqa: F403
from jobdsl.elements.steps_flow import *  # noqa: F403
from jobdsl.elements.steps_jobs import *  # noqa: F403
from jobdsl.elements.steps_other import *  # noqa: F403
from jobdsl.elements.steps_remote import *  # noqa: F403
from jobdsl.elements.steps_scripts import *  # noqa: F403
from jobdsl.elements.steps_services import *  # noqa: F403
from jobdsl.elements.steps_tools import *  # noqa: F403

__all__ = [
    "fingerprint",
    *steps_docker.__all__,
    *steps_flow.__all__,
    *steps_jobs.__all__,
    *steps_other.__all__,
    *steps_remote.__all__,
    *steps_scripts.__all__,
    *steps_services.__all__,
    *steps_tools.__all__,
]
