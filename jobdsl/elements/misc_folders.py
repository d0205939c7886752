"""Parts of folders and of jobs that make jobs: icons, health, views, what has a file to build by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.fields import constant, flag, strings, text
from jobdsl.elements.kinds import Field, Unfit
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError

__all__ = [
    "Icon",
    "branch_script",
    "branch_views",
    "build_status_icon",
    "custom_icon",
    "emoji_icon",
    "ionicon",
    "jenkinsfile",
    "metadata_icon",
    "named_child_health",
    "organization_views",
    "stock_icon",
    "worst_child_health",
]

_MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"


class _Owner(Field):
    """A reference back to the job, with the job's class."""

    kind = "raw"

    def check(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        raise DslError(f"takes the class of the job, not {value!r}")

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        return "" if value is None else f'{indent}<{self.tag} class="{value}" reference="../.."/>'

    def read(self, node: Node) -> Any:
        if set(node.attrs) != {"class", "reference"} or node.attrs["reference"] != "../..":
            raise Unfit
        return node.attrs["class"]


def owner(tag: str = "", *, default: str | None = _MULTIBRANCH) -> Any:
    """Return what Jenkins keeps as a reference to the job itself; by the class of the job."""
    return _Owner(tag, default=default)


class jenkinsfile(
    Misc,
    xml="org.jenkinsci.plugins.workflow.multibranch.WorkflowBranchProjectFactory",
    plugin="workflow-multibranch",
):
    """Branches that hold this file get a job."""

    owner: str | None = owner()
    script_path: str = text(default="Jenkinsfile", first=True)


class branch_script(
    Misc, xml="org.jenkinsci.plugins.workflow.multibranch.SCMBinder", plugin="workflow-multibranch"
):
    """The definition of a branch's own job: the Jenkinsfile of the revision it builds."""

    script_path: str = text(default="Jenkinsfile", first=True)


class branch_views(Misc, xml="jenkins.branch.MultiBranchProjectViewHolder", plugin="branch-api"):
    """The views of a multibranch job: branches, pull requests, tags."""

    owner: str | None = owner()


class organization_views(Misc, xml="jenkins.branch.OrganizationFolderViewHolder", plugin="branch-api"):
    """The views of an organization folder."""

    _owner = constant("owner", attrs={"reference": "../.."})


class Icon(Misc):
    """The icon of a folder."""

    slot = "an icon (misc.stock_icon, ...)"


class metadata_icon(Icon, xml="jenkins.branch.MetadataActionFolderIcon", plugin="branch-api"):
    """The icon the repository or organization has where it comes from."""

    owner: str | None = owner()


class stock_icon(
    Icon, xml="com.cloudbees.hudson.plugins.folder.icons.StockFolderIcon", plugin="cloudbees-folder"
):
    """The usual folder."""


_ICONS = "io.jenkins.plugins.foldericon."


class custom_icon(Icon, xml=_ICONS + "CustomFolderIcon", plugin="custom-folder-icon"):
    """An image that was uploaded to Jenkins."""

    image: str = text("foldericon", first=True)


class emoji_icon(Icon, xml=_ICONS + "EmojiFolderIcon", plugin="custom-folder-icon"):
    """An emoji by its name, as `sloth`."""

    emoji: str = text(first=True)


class ionicon(Icon, xml=_ICONS + "IoniconFolderIcon", plugin="custom-folder-icon"):
    """A symbol of the Ionicons by its name."""

    ionicon: str = text(first=True)


class build_status_icon(Icon, xml=_ICONS + "BuildStatusFolderIcon", plugin="custom-folder-icon"):
    """The combined status of these jobs, all without a list."""

    jobs: Any = strings(default=None, first=True)


class worst_child_health(
    Misc, xml="com.cloudbees.hudson.plugins.folder.health.WorstChildHealthMetric", plugin="cloudbees-folder"
):
    """A folder is as healthy as the worst item in it."""

    direct_only: bool = flag("nonRecursive", default=False)


class named_child_health(
    Misc, xml="com.cloudbees.hudson.plugins.folder.health.NamedChildHealthMetric", plugin="cloudbees-folder"
):
    """A folder is as healthy as one item in it, as `main`."""

    child: str = text("childName", first=True)
