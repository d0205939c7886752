"""Which files of a workspace are removed: the same form before and after a build."""

from __future__ import annotations

from jobdsl.elements.fields import text
from jobdsl.elements.slots import Misc

__all__ = ["cleanup_pattern"]


class cleanup_pattern(Misc, xml="hudson.plugins.ws_cleanup.Pattern", plugin="ws-cleanup"):
    """Files to remove, or with `type="EXCLUDE"` to keep."""

    pattern: str = text(first=True)
    type: str = text(default="INCLUDE", choices=("INCLUDE", "EXCLUDE"))
