"""Parameters whose choices come from elsewhere: Git, Subversion, nodes, Maven repositories."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import (
    amount,
    child,
    credentials_id,
    flag,
    label_text,
    raw,
    secret_text,
    strings,
    text,
)
from jobdsl.elements.params_plain import Named
from jobdsl.elements.slots import Misc

__all__ = [
    "Eligibility",
    "any_node",
    "build_selector",
    "git",
    "git_branches",
    "jdk",
    "label",
    "matrix_combinations",
    "maven_metadata",
    "node",
    "online_node",
    "online_or_busy_node",
    "promoted_build",
    "subversion_tags",
]


_SORT = ("NONE", "ASCENDING_SMART", "DESCENDING_SMART", "ASCENDING", "DESCENDING")
_GIT_TYPES = ("PT_TAG", "PT_BRANCH", "PT_BRANCH_TAG", "PT_REVISION", "PT_PULL_REQUEST")


class git(
    Named,
    xml="net.uaznia.lukanus.hudson.plugins.gitparameter.GitParameterDefinition",
    plugin="git-parameter",
):
    """A branch, tag, revision or pull request of the job's Git repository."""

    uuid: str | None = text(default=None)
    type: str = text(default="PT_BRANCH", choices=_GIT_TYPES, first=True)
    branch: str | None = text(default="")
    tag_filter: str = text(default="*")
    branch_filter: str = text(default=".*")
    sort: str = text("sortMode", default="NONE", choices=_SORT)
    default: str | None = text("defaultValue", default="")
    selected: str = text("selectedValue", default="NONE", choices=("NONE", "TOP", "DEFAULT"))
    repository: str | None = text("useRepository", default=None)
    quick_filter: bool = flag("quickFilterEnabled", default=False)
    list_size: int | str | None = amount(default=5, least=0)
    required: bool | None = flag("requiredParameter", default=None)


class git_branches(
    Named,
    xml="com.syhuang.hudson.plugins.listgitbranchesparameter.ListGitBranchesParameterDefinition",
    plugin="list-git-branches-parameter",
):
    """A branch or tag of any Git repository."""

    remote: str = text("remoteURL", first=True)
    credentials: str = credentials_id("credentialsId", default="")
    default: str = text("defaultValue", default="")
    type: str = text(default="PT_BRANCH", choices=_GIT_TYPES)
    tag_filter: str = text(default="*")
    branch_filter: str = text(default=".*")
    sort: str = text("sortMode", default="NONE", choices=_SORT)
    selected: str = text("selectedValue", default="NONE", choices=("NONE", "TOP", "DEFAULT"))
    quick_filter: bool = flag("quickFilterEnabled", default=False)
    list_size: int | str = amount(default=5, least=0)


class subversion_tags(
    Named, xml="hudson.scm.listtagsparameter.ListSubversionTagsParameterDefinition", plugin="subversion"
):
    """A tag, branch or trunk of a Subversion repository."""

    url: str = text("tagsDir", first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    filter: str = text("tagsFilter", default="")
    reverse_by_date: bool = flag(default=False)
    reverse_by_name: bool = flag(default=False)
    default: str = text("defaultValue", default="")
    max_tags: int | str = amount(default="")
    uuid: str | None = text(default=None)

    forms = {
        "jjb": Form(
            "name description defaultValue tagsDir credentialsId tagsFilter maxTags reverseByDate "
            "reverseByName uuid"
        ),
    }


class Eligibility(Misc):
    """Which nodes may be chosen."""

    slot = "a rule for nodes (params.any_node, online_node or online_or_busy_node)"


_NODES = "org.jvnet.jenkins.plugins.nodelabelparameter."


class any_node(Eligibility, xml=_NODES + "node.AllNodeEligibility", plugin="nodelabelparameter"):
    """All nodes."""


class online_node(Eligibility, xml=_NODES + "node.IgnoreOfflineNodeEligibility", plugin="nodelabelparameter"):
    """Nodes that are online."""


class online_or_busy_node(
    Eligibility, xml=_NODES + "node.IgnoreTempOfflineNodeEligibility", plugin="nodelabelparameter"
):
    """Nodes that were not taken offline."""


_NEXT = (
    "multiSelectionDisallowed",
    "allowMultiSelectionForConcurrentBuilds",
    "success",
    "unstable",
    "allCases",
)


class node(Named, xml=_NODES + "NodeParameterDefinition", plugin="nodelabelparameter"):
    """The node to run on: `node("WHERE", ["linux-1", "linux-2"])`; no list stands for all nodes."""

    allowed: Any = strings("allowedSlaves", first=True, refers="node")
    defaults: Any = strings("defaultSlaves", refers="node")
    next_if: str = text("triggerIfResult", default="multiSelectionDisallowed", choices=_NEXT)
    several: bool = flag("allowMultiNodeSelection", default=False)
    concurrent: bool = flag("triggerConcurrentBuilds", default=False)
    ignore_offline: bool = flag("ignoreOfflineNodes", default=False)
    eligibility: Any = child("nodeEligibility", accepts=Eligibility, default=any_node())

    forms = {
        "jjb": Form(
            "name description defaultSlaves allowedSlaves ignoreOfflineNodes triggerIfResult "
            "allowMultiNodeSelection triggerConcurrentBuilds"
        ),
    }


class label(Named, xml=_NODES + "LabelParameterDefinition", plugin="nodelabelparameter"):
    """The label to run on; `all_nodes` runs on every node that has it."""

    default: str = label_text("defaultValue", default="", first=True)
    all_nodes: bool = flag("allNodesMatchingLabel", default=False)
    next_if: str = text("triggerIfResult", default="allCases", choices=_NEXT)
    eligibility: Any = child("nodeEligibility", accepts=Eligibility, default=any_node())


class matrix_combinations(
    Named,
    xml="hudson.plugins.matrix_configuration_parameter.MatrixCombinationsParameterDefinition",
    plugin="matrix-combinations-parameter",
):
    """Which combinations of a matrix to run."""

    filter: str | None = text("defaultCombinationFilter", default=None, first=True)


class build_selector(Named, xml="hudson.plugins.copyartifact.BuildSelectorParameter", plugin="copyartifact"):
    """Which build to copy artifacts from."""

    default: Any = child("defaultSelector", accepts=Misc, first=True)


class promoted_build(
    Named,
    xml="hudson.plugins.promoted_builds.parameters.PromotedBuildParameterDefinition",
    plugin="promoted-builds",
):
    """A promoted build of a job."""

    project: str = text("projectName", first=True)
    promotion: str | None = text("promotionProcessName", default=None)
    run_id: str | None = text(default=None)


class jdk(Named, xml="com.datalex.jdkparameter.JavaParameterDefinition", plugin="JDK_Parameter_Plugin"):
    """A JDK of the controller."""

    default: str = text("defaultJDK", default="(Default)", first=True)
    allowed: Any = raw("allowedJDKs", default=None)


class maven_metadata(
    Named,
    xml="eu.markov.jenkins.plugin.mvnmeta.MavenMetadataParameterDefinition",
    plugin="maven-metadata-plugin",
):
    """A version of an artifact in a Maven repository."""

    repository: str = text("repoBaseUrl", first=True)
    group: str = text("groupId")
    artifact: str = text("artifactId")
    packaging: str = text(default="")
    classifier: str | None = text(default="")
    default: str = text("defaultValue", default="")
    filter: str = text("versionFilter", default="")
    sort: str = text("sortOrder", default="DESC", choices=("DESC", "ASC"))
    max_versions: int | str = amount(default="")
    info_url: str | None = text("currentArtifactInfoUrl", default="")
    info_label: str | None = text("currentArtifactInfoLabel", default="")
    info_pattern: str | None = text("currentArtifactInfoPattern", default="")
    credentials: str | None = credentials_id("credentialsId", default="")
    username: str | None = text(default=None)
    password: str | None = secret_text(default=None)
