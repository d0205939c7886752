"""Parts of jobs that live in no slot: what is kept, pipeline definitions, strategies, factories."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, flag, number, raw, result, text
from jobdsl.elements.misc_cleanup import *  # noqa: F403
from jobdsl.elements.misc_cleanup import __all__ as _cleanup
from jobdsl.elements.misc_conditions import *  # noqa: F403
from jobdsl.elements.misc_conditions import __all__ as _conditions
from jobdsl.elements.misc_configfiles import *  # noqa: F403
from jobdsl.elements.misc_configfiles import __all__ as _configfiles
from jobdsl.elements.misc_envinject import *  # noqa: F403
from jobdsl.elements.misc_envinject import __all__ as _envinject
from jobdsl.elements.misc_files import *  # noqa: F403
from jobdsl.elements.misc_files import __all__ as _files
from jobdsl.elements.misc_folder_views import *  # noqa: F403
from jobdsl.elements.misc_folder_views import __all__ as _folder_views
from jobdsl.elements.misc_folders import *  # noqa: F403
from jobdsl.elements.misc_folders import __all__ as _folders
from jobdsl.elements.misc_groovy import *  # noqa: F403
from jobdsl.elements.misc_groovy import __all__ as _groovy
from jobdsl.elements.misc_publish_over import *  # noqa: F403
from jobdsl.elements.misc_publish_over import __all__ as _publish_over
from jobdsl.elements.misc_restrictions import *  # noqa: F403
from jobdsl.elements.misc_restrictions import __all__ as _restrictions
from jobdsl.elements.misc_trigger import *  # noqa: F403
from jobdsl.elements.misc_trigger import __all__ as _trigger
from jobdsl.elements.slots import Misc, Scm

__all__ = [
    "cps_scm",
    "cps_script",
    "default_maven_global_settings",
    "default_maven_settings",
    "default_orphans",
    "default_strategy",
    "keep",
]
__all__ += [
    *_cleanup,
    *_conditions,
    *_configfiles,
    *_envinject,
    *_files,
    *_folder_views,
    *_folders,
    *_groovy,
    *_publish_over,
    *_restrictions,
    *_trigger,
]


class keep(Misc, xml="hudson.tasks.LogRotator"):
    """How long builds and their artifacts are kept; -1 is for ever."""

    days: int | str = number("daysToKeep", default=-1)
    builds: int | str = number("numToKeep", default=-1, first=True)
    artifact_days: int | str = number("artifactDaysToKeep", default=-1)
    artifact_builds: int | str = number("artifactNumToKeep", default=-1)
    remove_last: bool = flag("removeLastBuild", default=False)


class cps_script(Misc, xml="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition", plugin="workflow-cps"):
    """A Pipeline script written in the job."""

    script: str = text(first=True)
    sandbox: bool = flag(default=True)


class cps_scm(Misc, xml="org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition", plugin="workflow-cps"):
    """A Pipeline script read from a repository."""

    forms = {
        "jjb": Form("sandbox scm scriptPath lightweight?", {"sandbox": "true"}),
        "jjb-unboxed": Form("sandbox scm scriptPath lightweight?", {"sandbox": "false"}),
    }

    scm: Any = child(accepts=Scm, first=True)
    script_path: str = text(default="Jenkinsfile")
    lightweight: bool = flag(default=True)


class default_strategy(Misc, xml="hudson.matrix.DefaultMatrixExecutionStrategyImpl", plugin="matrix-project"):
    """How the combinations of a matrix are run."""

    sequential: bool = flag("runSequentially", default=False)
    touchstone_filter: str | None = text("touchStoneCombinationFilter", default=None)
    touchstone_result: str | None = result("touchStoneResultCondition", default=None)
    sorter: Any = raw("sorter")


class default_orphans(
    Misc,
    xml="com.cloudbees.hudson.plugins.folder.computed.DefaultOrphanedItemStrategy",
    plugin="cloudbees-folder",
):
    """What happens to jobs whose branch or repository is gone."""

    prune: bool = flag("pruneDeadBranches", default=True)
    days: int | str = number("daysToKeep", default=-1)
    builds: int | str = number("numToKeep", default=-1, first=True)
    abort_builds: bool = flag("abortBuilds", default=False)


class default_maven_settings(Misc, xml="jenkins.mvn.DefaultSettingsProvider"):
    """Maven's own settings."""


class default_maven_global_settings(Misc, xml="jenkins.mvn.DefaultGlobalSettingsProvider"):
    """Maven's own global settings."""
