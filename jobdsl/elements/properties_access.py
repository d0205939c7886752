"""Permissions and owners of jobs and folders, and what a folder gives to its contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import (
    child,
    children,
    credentials_id,
    flag,
    label_text,
    number,
    raw,
    strings,
    text,
)
from jobdsl.elements.slots import Misc, Property, Scm, Source
from jobdsl.elements.xstream_lists import repeated

__all__ = [
    "Inheritance",
    "LibraryRetriever",
    "authorization",
    "blue_ocean_credentials",
    "copy_permission",
    "declarative_folder",
    "docker_folder",
    "folder_authorization",
    "folder_credentials",
    "folder_libraries",
    "folder_owner",
    "folder_priority",
    "inherit",
    "inherit_global",
    "library",
    "library_cache",
    "library_from_scm",
    "library_from_source",
    "no_inheritance",
    "owner",
    "ownership",
]

_MATRIX = "org.jenkinsci.plugins.matrixauth.inheritance."


class Inheritance(Misc):
    """Whether permissions of the folder above hold too."""

    slot = "a rule (properties.inherit, no_inheritance or inherit_global)"


class inherit(Inheritance, xml=_MATRIX + "InheritParentStrategy", plugin="matrix-auth"):
    """Permissions given above hold here too."""


class no_inheritance(Inheritance, xml=_MATRIX + "NonInheritingStrategy", plugin="matrix-auth"):
    """Only what is given here holds."""


class inherit_global(Inheritance, xml=_MATRIX + "InheritGlobalStrategy", plugin="matrix-auth"):
    """What the controller as a whole gives holds here too."""


class _Authorization(Property):
    """Permissions of users and groups.

    Permissions are texts like `USER:hudson.model.Item.Build:anna` or `GROUP:hudson.model.Item.Read:devs`, or
    a dict: `{"USER:anna": ["hudson.model.Item.Build", "hudson.model.Item.Read"]}`.
    """

    inheritance: Any = child("inheritanceStrategy", accepts=Inheritance, default=inherit())
    permissions: Any = repeated("permission", first=True)

    also = {"permissions": "Mapping[str, list[str]]"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Permissions from a dict of lists."""
        if isinstance(arguments["permissions"], Mapping):
            arguments["permissions"] = tuple(
                _permission(grantee, permission)
                for grantee, permissions in arguments["permissions"].items()
                for permission in permissions
            )
        return arguments


def _permission(grantee: str, permission: str) -> str:
    kind, colon, name = grantee.partition(":")
    return f"{kind}:{permission}:{name}" if colon and kind in ("USER", "GROUP") else f"{permission}:{grantee}"


class authorization(_Authorization, xml="hudson.security.AuthorizationMatrixProperty", plugin="matrix-auth"):
    """Permissions for a job: `authorization({"GROUP:devs": ["hudson.model.Item.Build"]})`."""


class folder_authorization(
    _Authorization,
    xml="com.cloudbees.hudson.plugins.folder.properties.AuthorizationMatrixProperty",
    plugin="matrix-auth",
):
    """Permissions in a folder: `folder_authorization({"GROUP:devs": ["hudson.model.Item.Read"]})`."""


class copy_permission(
    Property, xml="hudson.plugins.copyartifact.CopyArtifactPermissionProperty", plugin="copyartifact"
):
    """Jobs that may copy artifacts of this one; `*` stands for any characters."""

    jobs: Any = strings("projectNameList", first=True)

    also = {"jobs": "str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments; a single name may be given without a list."""
        if isinstance(arguments["jobs"], str):
            arguments["jobs"] = (arguments["jobs"],)
        return arguments


_OWNERSHIP = "com.synopsys.arc.jenkins.plugins.ownership."


class ownership(Misc, xml=_OWNERSHIP + "OwnershipDescription", plugin="ownership"):
    """An owner and co-owners."""

    enabled: bool = flag("ownershipEnabled", default=True)
    owner: str = text("primaryOwnerId", first=True)
    co_owners: Any = strings("coownersIds")


class owner(Property, xml=_OWNERSHIP + "jobs.JobOwnerJobProperty", plugin="ownership"):
    """Whose job this is: `owner("anna")`, by user id."""

    ownership: Any = child(accepts=ownership, plain=True, convert=ownership, first=True)


class folder_owner(
    Property, xml="org.jenkinsci.plugins.ownership.model.folders.FolderOwnershipProperty", plugin="ownership"
):
    """Whose folder this is."""

    ownership: Any = child(accepts=ownership, plain=True, convert=ownership, first=True)


class folder_credentials(
    Property,
    xml="com.cloudbees.hudson.plugins.folder.properties.FolderCredentialsProvider$FolderCredentialsProperty",
    plugin="cloudbees-folder",
):
    """Credentials a folder keeps. They belong on the controller; a definition only carries them along."""

    domains: Any = raw("domainCredentialsMap", default=None, first=True)


class _DockerDefaults(Property):
    """What Declarative Pipelines of a folder use for containers."""

    label: str | None = label_text("dockerLabel", default="", first=True)
    registry: Any = raw(default="")


class declarative_folder(
    _DockerDefaults,
    xml="org.jenkinsci.plugins.pipeline.modeldefinition.config.FolderConfig",
    plugin="pipeline-model-definition",
):
    """Label and registry for containers of a folder's Declarative Pipelines (older plugin)."""


class docker_folder(
    _DockerDefaults,
    xml="org.jenkinsci.plugins.docker.workflow.declarative.FolderConfig",
    plugin="docker-workflow",
):
    """Label and registry for containers of a folder's Declarative Pipelines."""


class folder_priority(
    Property,
    xml="jenkins.advancedqueue.jobinclusion.strategy.JobInclusionFolderProperty",
    plugin="PrioritySorter",
):
    """The priority group of a folder's jobs."""

    enabled: bool = flag("useJobGroup", default=True)
    group: str = text("jobGroupName", first=True)


class blue_ocean_credentials(
    Property,
    xml="io.jenkins.blueocean.rest.impl.pipeline.credential.BlueOceanCredentialsProvider$FolderPropertyImpl",
    plugin="blueocean-pipeline-scm-api",
):
    """Which of a user's credentials Blue Ocean uses."""

    domain: Any = raw(default=None)
    user: str = text(first=True)
    id: str = credentials_id(first=True)


_LIBS = "org.jenkinsci.plugins.workflow.libs."


class LibraryRetriever(Misc):
    """How a shared library is fetched."""

    slot = "a way to fetch (properties.library_from_source or library_from_scm)"


class library_from_source(LibraryRetriever, xml=_LIBS + "SCMSourceRetriever", plugin="pipeline-groovy-lib"):
    """By a source that knows branches and tags: `library_from_source(sources.git(...))`."""

    clone: bool | None = flag(default=None)
    path: str | None = text("libraryPath", default=None)
    source: Any = child("scm", accepts=Source, first=True)


class library_from_scm(LibraryRetriever, xml=_LIBS + "SCMRetriever", plugin="pipeline-groovy-lib"):
    """By any `scm.*`; `${library.NAME.version}` stands for the version."""

    clone: bool | None = flag(default=None)
    path: str | None = text("libraryPath", default=None)
    scm: Any = child(accepts=Scm, first=True)


class library_cache(Misc, xml=_LIBS + "LibraryCachingConfiguration", plugin="pipeline-groovy-lib"):
    """Versions are kept for so many minutes, 0 for ever."""

    minutes: int | str = number("refreshTimeMinutes", default=0, first=True, least=0)
    exclude: str | None = text("excludedVersionsStr", default=None)
    include: str | None = text("includedVersionsStr", default=None)


class library(Misc, xml=_LIBS + "LibraryConfiguration", plugin="pipeline-groovy-lib"):
    """A shared library: its name for `@Library`, where it is, which version unless one is asked for."""

    name: str = text(first=True)
    retriever: Any = child(accepts=LibraryRetriever)
    version: str | None = text("defaultVersion", default=None)
    implicit: bool = flag(default=False)
    allow_override: bool = flag("allowVersionOverride", default=True)
    in_changes: bool = flag("includeInChangesets", default=True)
    cache: Any = child("cachingConfiguration", accepts=library_cache, plain=True, default=None)

    forms = {"old": Form("name retriever defaultVersion implicit allowVersionOverride")}


class folder_libraries(Property, xml=_LIBS + "FolderLibraries", plugin="pipeline-groovy-lib"):
    """Shared libraries for the Pipelines of a folder."""

    libraries: Any = children(accepts=library, first=True)
