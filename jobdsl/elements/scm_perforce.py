"""Perforce (Helix Core): workspaces, how they are filled, what polling ignores."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, credentials_id, flag, number, text
from jobdsl.elements.slots import Misc, Scm

__all__ = [
    "P4Browser",
    "P4Filter",
    "P4Populate",
    "P4Workspace",
    "p4",
    "p4_auto_clean",
    "p4_exclude_paths",
    "p4_exclude_users",
    "p4_force_clean",
    "p4_latest_change",
    "p4_manual",
    "p4_parallel",
    "p4_per_change",
    "p4_preview",
    "p4_spec",
    "p4_spec_file",
    "p4_static",
    "p4_stream",
    "p4_swarm",
    "p4_sync_only",
    "p4_template",
    "p4_view_mask",
]

_P = "org.jenkinsci.plugins.p4."


class P4Workspace(Misc):
    """A Perforce client; `name` may hold variables such as `jenkins-${NODE_NAME}-${JOB_NAME}`."""

    slot = "a Perforce workspace (scm.p4_manual, scm.p4_stream, ...)"

    charset: str = text(default="none")
    pin_host: bool = flag(default=False)
    root_path: str | None = text(default=None)
    hostname: str | None = text(default=None)
    sync_id: str | None = text("syncID", default=None)
    cleanup: bool | None = flag(default=None)


class p4_spec(Misc, xml=_P + "workspace.WorkspaceSpec", plugin="p4"):
    """The client spec of `scm.p4_manual`: its view, one mapping a line."""

    allwrite: bool = flag(default=False)
    clobber: bool = flag(default=True)
    compress: bool = flag(default=False)
    locked: bool = flag(default=False)
    modtime: bool = flag(default=False)
    rmdir: bool = flag(default=False)
    stream: str = text("streamName", default="")
    stream_at_change: str | None = text(default=None)
    line: str = text(default="LOCAL", choices=("LOCAL", "UNIX", "MAC", "WIN", "SHARE"))
    view: str = text(default="", first=True)
    change_view: str | None = text(default=None)
    type: str | None = text(default=None, choices=("WRITABLE", "READONLY", "PARTITIONED", "GRAPH"))
    server_id: str | None = text("serverID", default=None)
    backup: bool | None = flag(default=None)
    poll_path: str | None = text(default=None)
    custom_polling: bool | None = flag(default=None)
    limit_view: str | None = text(default=None)


class p4_manual(P4Workspace, xml=_P + "workspace.ManualWorkspaceImpl", plugin="p4"):
    """A client whose view stands in the job: `p4_manual("//depot/app/... //${P4_CLIENT}/...")`."""

    name: str = text(default="jenkins-${NODE_NAME}-${JOB_NAME}-${EXECUTOR_NUMBER}")
    spec: Any = child(accepts=p4_spec, plain=True, convert=p4_spec, first=True)


class p4_spec_file(P4Workspace, xml=_P + "workspace.SpecWorkspaceImpl", plugin="p4"):
    """A client whose spec is read from the depot."""

    name: str = text(default="jenkins-${NODE_NAME}-${JOB_NAME}-${EXECUTOR_NUMBER}")
    path: str = text("specPath", first=True)


class p4_static(P4Workspace, xml=_P + "workspace.StaticWorkspaceImpl", plugin="p4"):
    """A client that exists."""

    name: str = text(first=True)


class p4_stream(P4Workspace, xml=_P + "workspace.StreamWorkspaceImpl", plugin="p4"):
    """A client of a stream: `p4_stream("//streams/main")`."""

    stream: str = text("streamName", first=True)
    stream_at_change: str | None = text(default=None)
    name: str = text("format", default="jenkins-${NODE_NAME}-${JOB_NAME}-${EXECUTOR_NUMBER}")


class p4_template(P4Workspace, xml=_P + "workspace.TemplateWorkspaceImpl", plugin="p4"):
    """A client made from another one."""

    template: str = text("templateName", first=True)
    name: str = text("format", default="jenkins-${NODE_NAME}-${JOB_NAME}-${EXECUTOR_NUMBER}")


class p4_parallel(Misc, xml=_P + "populate.ParallelSync", plugin="p4"):
    """Fetch with several threads; files and bytes are what one thread takes at least."""

    enable: bool = flag(default=True)
    path: str | None = text(default=None)
    threads: int | str = number(default=4, least=0)
    min_files: int | str = number("minfiles", default=1, least=0)
    min_bytes: int | str = number("minbytes", default=1024, least=0)


class P4Populate(Misc):
    """How a client is filled; `pin` is a change or label to stay at."""

    slot = "a way to populate (scm.p4_auto_clean, scm.p4_sync_only, ...)"

    have: bool = flag(default=True)
    force: bool = flag(default=False)
    quiet: bool = flag(default=True)
    pin: str = text(default="")
    parallel: Any = child(accepts=p4_parallel, plain=True, default=None)


class p4_auto_clean(P4Populate, xml=_P + "populate.AutoCleanImpl", plugin="p4"):
    """Make the client what the depot has: replace changed files, delete added ones."""

    replace: bool = flag(default=True)
    delete: bool = flag(default=True)
    tidy: bool = flag(default=False)
    modtime: bool = flag(default=False)


class p4_force_clean(P4Populate, xml=_P + "populate.ForceCleanImpl", plugin="p4"):
    """Delete everything and fetch afresh."""


class p4_sync_only(P4Populate, xml=_P + "populate.SyncOnlyImpl", plugin="p4"):
    """Fetch what is new."""

    revert: bool = flag(default=False)


class p4_preview(P4Populate, xml=_P + "populate.CheckOnlyImpl", plugin="p4"):
    """Preview only, without fetching files."""


class P4Filter(Misc):
    """What polling ignores."""

    slot = "a Perforce filter (scm.p4_exclude_paths, ...)"


class p4_exclude_paths(P4Filter, xml=_P + "filters.FilterPathImpl", plugin="p4"):
    """Ignore changes below a depot path."""

    path: str = text(first=True)


class p4_exclude_users(P4Filter, xml=_P + "filters.FilterUserImpl", plugin="p4"):
    """Ignore changes of a user."""

    user: str = text(first=True)


class p4_view_mask(P4Filter, xml=_P + "filters.FilterViewMaskImpl", plugin="p4"):
    """Include these depot paths only, one a line."""

    view: str = text("viewMask", first=True)


class p4_per_change(P4Filter, xml=_P + "filters.FilterPerChangeImpl", plugin="p4"):
    """One build for every change."""

    per_change: bool = flag(default=True)


class p4_latest_change(P4Filter, xml=_P + "filters.FilterLatestChangeImpl", plugin="p4"):
    """Poll for the newest change only."""

    latest_change: bool = flag(default=True)


class P4Browser(Misc):
    """A web page that shows a Perforce depot."""

    slot = "a Perforce browser (scm.p4_swarm)"

    url: str = text(first=True)


class p4_swarm(P4Browser, xml=_P + "browsers.SwarmBrowser", plugin="p4"):
    """Helix Swarm."""


class p4(Scm, xml=_P + "PerforceScm", plugin="p4"):
    """Sources from Perforce: `p4("credentials-id", scm.p4_stream("//streams/main"))`."""

    credential: str = credentials_id(first=True)
    workspace: Any = child(accepts=P4Workspace, first=True)
    filters: Any = children("filter", accepts=P4Filter, default=None)
    populate: Any = child(accepts=P4Populate, default=p4_auto_clean())
    browser: Any = child(accepts=P4Browser, default=None)
