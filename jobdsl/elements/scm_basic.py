"""Sources that are no version control of their own: none, several at once, another job's workspace."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import children, flag, raw, strings, text
from jobdsl.elements.slots import Misc, Scm

__all__ = ["clone_workspace", "directory", "multi", "none", "url", "url_part"]


class none(Scm, xml="hudson.scm.NullSCM"):
    """No sources."""


class multi(Scm, xml="org.jenkinsci.plugins.multiplescms.MultiSCM", plugin="multiple-scms"):
    """Several repositories in one workspace; give each its `scm.subdirectory(...)`."""

    scms: Any = children(accepts=Scm, first=True)


class clone_workspace(
    Scm, xml="hudson.plugins.cloneworkspace.CloneWorkspaceSCM", plugin="clone-workspace-scm"
):
    """The workspace another job has archived; `criteria` is the result its build must have."""

    job: str = text("parentJobName", first=True)
    criteria: str = text(default="Any", choices=("Any", "Not Failed", "Successful"))


class directory(Scm, xml="hudson.plugins.filesystem_scm.FSSCM", plugin="filesystem_scm"):
    """A directory of the controller's or the agent's file system."""

    path: str = text(first=True)
    clear_workspace: bool = flag(default=False)
    copy_hidden: bool = flag(default=False)
    filter_enabled: bool = flag(default=False)
    include_filter: bool = flag(default=False)
    filters: Any = strings(default=None)
    filter_settings: Any = raw()


class url_part(Misc, xml="hudson.plugins.URLSCM.URLSCM$URLTuple", plugin="URLSCM"):
    """One file `scm.url` downloads."""

    address: str = text("urlString", first=True)


class url(Scm, xml="hudson.plugins.URLSCM.URLSCM", plugin="URLSCM"):
    """Files downloaded into the workspace: `url(["https://example.com/tool.jar"])`."""

    urls: Any = children(accepts=url_part, convert=url_part, first=True)
    clear_workspace: bool = flag(default=False)
