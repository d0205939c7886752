"""Fields that elements for notifications about builds have in common."""

from __future__ import annotations

from jobdsl.elements.base import Element
from jobdsl.elements.fields import flag

__all__ = ["Telling"]


class Telling(Element):
    """For which builds a message is sent."""

    start: bool = flag("startNotification", default=False)
    success: bool = flag("notifySuccess", default=False)
    aborted: bool = flag("notifyAborted", default=False)
    not_built: bool = flag("notifyNotBuilt", default=False)
    unstable: bool = flag("notifyUnstable", default=False)
    failure: bool = flag("notifyFailure", default=False)
    back_to_normal: bool = flag("notifyBackToNormal", default=False)
