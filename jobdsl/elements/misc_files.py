"""Files the controller keeps and hands to builds (config file provider plugin)."""

from __future__ import annotations

from jobdsl.elements.base import Form
from jobdsl.elements.fields import flag, text
from jobdsl.elements.slots import Misc

__all__ = ["managed_file"]


class managed_file(
    Misc, xml="org.jenkinsci.plugins.configfiles.buildwrapper.ManagedFile", plugin="config-file-provider"
):
    """A file by its id; `to` is where it goes (a temporary file otherwise), `variable` holds its path."""

    id: str = text("fileId", first=True)
    to: str = text("targetLocation", default="")
    replace_tokens: bool = flag(default=False)
    variable: str = text(default="")

    forms = {"jjb": Form("fileId targetLocation variable replaceTokens")}
