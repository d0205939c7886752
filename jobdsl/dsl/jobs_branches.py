"""Jobs that make jobs: multibranch and organization folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from jobdsl.documents.tree import Node
from jobdsl.dsl.items import Item
from jobdsl.elements import reading
from jobdsl.elements.fields import absent, child, computed, flag, meta, slot, text
from jobdsl.elements.kinds import Field, Unfit
from jobdsl.elements.kinds_lists import SlotField, listed
from jobdsl.elements.misc import default_orphans
from jobdsl.elements.misc_folders import (
    Icon,
    branch_views,
    jenkinsfile,
    metadata_icon,
    organization_views,
)
from jobdsl.elements.slots import Misc, Property, Source, Trigger
from jobdsl.elements.sources_branches import BuildStrategy, all_branches_same, branch_source
from jobdsl.elements.sources_organization import Navigator, ProjectFactory, jenkinsfile_projects

__all__ = ["multibranch", "organization_folder"]

_WORKFLOW = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
_LIST = "jenkins.branch.MultiBranchProject$BranchSourceList"


class _SourceList(Field):
    """The sources of a multibranch job: the members, and the class of the job they refer back to."""

    kind = "raw"

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        members, owner = value
        deeper = indent + "  "
        back = f'{deeper}<owner class="{owner}" reference="../.."/>' if owner else ""
        return f'{indent}<sources class="{_LIST}">{listed("data", members, deeper)}{back}{indent}</sources>'

    def read(self, node: Node) -> Any:
        tags = [child.tag for child in node.children]
        if node.attrs != {"class": _LIST} or tags not in (["data"], ["data", "owner"]):
            raise Unfit
        owner = node.children[1].attrs if len(tags) == 2 else {}
        if owner and owner.get("reference") != "../..":
            raise Unfit
        return [reading.read_element(child) for child in node.children[0].children], owner.get("class")


class multibranch(Item, xml=_WORKFLOW, plugin="workflow-multibranch"):
    """A job for every branch or pull request that holds a Jenkinsfile.

    `sources` are `sources.git(...)`, `sources.github(...)` ..., or `sources.branch_source(...)` where
    branches have properties or build strategies. `factory` is the path of the Jenkinsfile.
    """

    __slots__ = ()

    actions = absent("actions")
    description: str | None = text(default=None)
    display_name: str | None = text(default=None)
    properties: Any = slot(accepts=Property)
    folder_views: Any = child(accepts=Misc, default=branch_views())
    health_metrics: Any = slot(accepts=Misc)
    icon: Any = child(accepts=Icon, default=metadata_icon())
    orphans: Any = child(
        "orphanedItemStrategy", accepts=Misc, default=default_orphans(), convert=default_orphans
    )
    triggers: Any = slot(accepts=Trigger)
    disabled: bool = flag(default=False)
    sources: Any = slot("", accepts=Source)
    source_owner: str | None = meta(default=_WORKFLOW)
    _sources = computed(
        "sources", _SourceList("", default=None), "_source_list", is_empty=lambda sources: not sources[0]
    )
    factory: Any = child(accepts=Misc, default=jenkinsfile(), convert=jenkinsfile)

    def _source_list(self) -> tuple[list[Any], str | None]:
        return _identified(list(self.sources)), self.source_owner

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        if tag != "sources":
            return {}
        members, owner = _SourceList("sources", default=None).read(node)
        return {"sources": [_bare(source) for source in members], "source_owner": owner}


def _bare(source: Any) -> Any:
    """Return the source alone, where the branch source around it has defaults only."""
    if isinstance(source, branch_source) and source == branch_source(source=source.source):
        return source.source
    return source


def _identified(sources: list[Any]) -> list[Any]:
    """Branch sources with a stable id each; without one, Jenkins takes every run for new sources.

    The id depends on the repository, neither on the job's name nor on the host's: a job that is renamed, or
    whose repository has moved to another server, does not build all its branches again.
    """
    seen: dict[str, int] = {}
    out: list[Any] = []
    for source in sources:
        if isinstance(source, Source):
            held = source if isinstance(source, branch_source) else branch_source(source=source)
            key = _origin(held.source)
            seen[key] = seen.get(key, 0) + 1
            out.append(held.with_id(str(uuid5(NAMESPACE_URL, f"{key}#{seen[key]}"))))
        else:
            out.append(source)
    return out


_HOST = re.compile("^([a-z+]+://)?([^/@]+@)?[^/:]+(:[0-9]+)?[:/]")
_WHERE = ("remote", "url", "owner", "repository", "project", "name")


def _origin(source: Any) -> str:
    """Return what a source builds, independent of host name and protocol."""
    parts = [str(getattr(source, name)) for name in _WHERE if getattr(source, name, None)]
    paths = [_HOST.sub("", part).removesuffix(".git") if "/" in part else part for part in parts]
    return f"{type(source).java} {' '.join(paths)}" if parts else repr(source)


class organization_folder(Item, xml="jenkins.branch.OrganizationFolder", plugin="branch-api"):
    """A multibranch job for every repository of an organization.

    `navigators` name where repositories are (`sources.github_organization("acme")`), `factories` which
    get a job; `properties` hold what those jobs share (`sources.child_triggers`, `sources.child_orphans`).
    """

    __slots__ = ()

    actions = absent("actions")
    description: str | None = text(default=None)
    display_name: str | None = text(default=None)
    properties: Any = slot(accepts=Property)
    folder_views: Any = child(accepts=Misc, default=organization_views())
    health_metrics: Any = slot(accepts=Misc)
    icon: Any = child(accepts=Icon, default=metadata_icon(owner="jenkins.branch.OrganizationFolder"))
    orphans: Any = child(
        "orphanedItemStrategy", accepts=Misc, default=default_orphans(), convert=default_orphans
    )
    triggers: Any = slot(accepts=Trigger)
    disabled: bool = flag(default=False)
    navigators: Any = slot(accepts=Navigator)
    factories: Any = SlotField(
        "projectFactories", ProjectFactory, jenkinsfile_projects, default=(jenkinsfile_projects(),)
    )
    build_strategies: Any = slot(accepts=BuildStrategy)
    strategy: Any = child(accepts=Misc, default=all_branches_same())
