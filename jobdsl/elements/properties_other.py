"""Properties of plugins that fewer use: templates, issue trackers, restrictions, files of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.fields import child, flag, strings, text
from jobdsl.elements.kinds import Unfit
from jobdsl.elements.kinds_lists import ChildrenField
from jobdsl.elements.misc_configfiles import ConfigFile
from jobdsl.elements.misc_restrictions import Restriction
from jobdsl.elements.slots import Misc, Property

__all__ = [
    "ez_template",
    "ez_template_implementation",
    "folder_config_files",
    "job_restriction",
    "job_restriction_rules",
    "redmine",
    "restriction_by_hand",
    "restriction_upstream",
    "trac",
]

_EZ = "com.joelj.jenkins.eztemplates."
_RESTRICTIONS = "com.synopsys.arc.jenkinsci.plugins.jobrestrictions.jobs."
_FILES = "org.jenkinsci.plugins.configfiles."


class ez_template(Property, xml=_EZ + "TemplateProperty", plugin="ez-templates"):
    """Other jobs may take this one as their template."""


class ez_template_implementation(Property, xml=_EZ + "TemplateImplementationProperty", plugin="ez-templates"):
    """The job takes over what its template has, but for the exclusions.

    These are `ez-templates`, `job-params`, `disabled`, `description`, `build-triggers`, `matrix-axis`,
    `matrix-auth`, `scm`, `ownership`, `assigned-label`, `discard`, `promoted-builds` and `github`. The
    flags are what versions before 1.2 had in their place.
    """

    template: str = text("templateJobName", first=True)
    sync_matrix_axis: bool = flag(default=False)
    sync_description: bool = flag(default=False)
    sync_build_triggers: bool = flag(default=False)
    sync_disabled: bool = flag(default=False)
    sync_security: bool = flag(default=False)
    sync_scm: bool = flag(default=False)
    sync_ownership: bool = flag(default=False)
    sync_assigned_label: bool = flag(default=False)
    exclusions: tuple[str, ...] = strings(default=("ez-templates", "job-params", "disabled", "description"))


class trac(Property, xml="hudson.plugins.trac.TracProjectProperty", plugin="trac"):
    """The Trac of a project, where links in changes lead."""

    url: str = text("tracWebsite", first=True)
    stripped: str | None = text("tracStrippedFromChangesetPath", default=None)
    appended: str | None = text("tracAppendedToBrowserURL", default=None)


class redmine(Property, xml="hudson.plugins.redmine.RedmineProjectProperty", plugin="redmine"):
    """The project in one of the controller's Redmine sites, where links in changes lead."""

    site: str = text("redmineWebsiteName", first=True)
    project: str = text("projectName", first=True)


class restriction_upstream(Misc, xml=_RESTRICTIONS + "UpstreamCauseRestriction", plugin="job-restrictions"):
    """Which jobs may start this one."""

    restriction: Any = child("jobRestriction", accepts=Restriction, default=None, first=True)
    accept_unknown: bool = flag("skipCheckForMissingInfo", default=False)


class restriction_by_hand(Misc, xml=_RESTRICTIONS + "UserIdCauseRestriction", plugin="job-restrictions"):
    """Whether people may start a job by hand."""

    prohibited: bool = flag("prohibitManualLaunch", default=False, first=True)


class job_restriction_rules(
    Misc, xml=_RESTRICTIONS + "JobRestrictionPropertyConfig", plugin="job-restrictions"
):
    """Which users and causes may start a job."""

    upstream: Any = child("upstreamCauseRestriction", accepts=restriction_upstream, plain=True, default=None)
    by_hand: Any = child("userIdCauseRestriction", accepts=restriction_by_hand, plain=True, default=None)


class job_restriction(Property, xml=_RESTRICTIONS + "JobRestrictionProperty", plugin="job-restrictions"):
    """Builds that may not be started end at once: `job_restriction(job_restriction_rules(...))`."""

    rules: Any = child("config", accepts=job_restriction_rules, plain=True, first=True)


class _ConfigFiles(ChildrenField):
    """Files in a sorted set, which begins with its comparator."""

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        comparator = f'{indent}  <comparator class="{_FILES}ConfigByIdComparator"/>'
        inner = "".join([file.write(indent + "  ") for file in value])
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{comparator}{inner}{indent}</{self.tag}>"

    def read(self, node: Node) -> tuple[Any, ...]:
        first, *files = node.children or [Node("")]
        if first.tag != "comparator" or first.attrs.get("class") != f"{_FILES}ConfigByIdComparator":
            raise Unfit
        return super().read(Node(node.tag, "", files))


class folder_config_files(
    Property, xml=_FILES + "folder.FolderConfigFileProperty", plugin="config-file-provider"
):
    """Files a folder provides to its jobs: `folder_config_files([misc.maven_settings_file("ci", ...)])`."""

    files: Any = _ConfigFiles(
        "configs", ConfigFile, None, default=(), first=True, attrs={"class": "sorted-set"}
    )
