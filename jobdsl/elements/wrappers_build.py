"""What surrounds a build: its log, name, variables, files and workspace."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, label_text, number, strings, text
from jobdsl.elements.misc_cleanup import cleanup_pattern
from jobdsl.elements.misc_envinject import InjectsEnv, env_password, job_env_info
from jobdsl.elements.misc_files import managed_file
from jobdsl.elements.slots import Step, Wrapper

__all__ = [
    "ansicolor",
    "ant_targets",
    "build_name",
    "build_user_vars",
    "clean_before",
    "config_files",
    "copy_to_agent",
    "env_file",
    "env_script",
    "inject_env",
    "inject_passwords",
    "job_log",
    "log_size",
    "logstash",
    "maven_repository_cleanup",
    "owner_vars",
    "pre_scm_steps",
    "set_env",
    "tie_parent",
    "timestamps",
]


class timestamps(Wrapper, xml="hudson.plugins.timestamper.TimestamperBuildWrapper", plugin="timestamper"):
    """The time of every line of the log."""


class ansicolor(Wrapper, xml="hudson.plugins.ansicolor.AnsiColorBuildWrapper", plugin="ansicolor"):
    """Colours in the log."""

    map: str = text(
        "colorMapName", default="xterm", choices=("xterm", "vga", "css", "gnome-terminal"), first=True
    )


class build_name(
    Wrapper, xml="org.jenkinsci.plugins.buildnamesetter.BuildNameSetter", plugin="build-name-setter"
):
    """Name the build: `build_name("#${BUILD_NUMBER} ${BRANCH}")`."""

    template: str = text(first=True)
    description: str | None = text("descriptionTemplate", default="")
    at_start: bool = flag("runAtStart", default=True)
    at_end: bool = flag("runAtEnd", default=True)


class build_user_vars(
    Wrapper, xml="org.jenkinsci.plugins.builduser.BuildUser", plugin="build-user-vars-plugin"
):
    """Set variables like BUILD_USER to the user who started the build."""


class clean_before(Wrapper, xml="hudson.plugins.ws_cleanup.PreBuildCleanup", plugin="ws-cleanup"):
    """Empty the workspace before the build, or only what `patterns` name."""

    patterns: Any = children(accepts=cleanup_pattern, convert=cleanup_pattern, default=None)
    directories: bool = flag("deleteDirs", default=False)
    parameter: str | None = text("cleanupParameter", default="")
    command: str | None = text("externalDelete", default="")
    now: bool = flag("disableDeferredWipeout", default=False)


class config_files(
    Wrapper,
    xml="org.jenkinsci.plugins.configfiles.buildwrapper.ConfigFileBuildWrapper",
    plugin="config-file-provider",
):
    """Files the controller keeps, for the time of the build: `config_files(["maven-settings"])`."""

    files: Any = children("managedFiles", accepts=managed_file, convert=managed_file, first=True)


class inject_env(InjectsEnv, Wrapper, xml="EnvInjectBuildWrapper", plugin="envinject"):
    """Variables for the build: `inject_env({"STAGE": "test"})`, `inject_env(file="env.properties")`."""

    info: Any = child(accepts=job_env_info, plain=True, default=job_env_info())


class inject_passwords(Wrapper, xml="EnvInjectPasswordWrapper", plugin="envinject"):
    """Passwords as variables, the controller's own among them, masked in the log."""

    inject_global: bool = flag("injectGlobalPasswords", default=True)
    mask_parameters: bool = flag("maskPasswordParameters", default=True)
    passwords: Any = children("passwordEntries", accepts=env_password)


class set_env(Wrapper, xml="hudson.plugins.setenv.SetEnvBuildWrapper", plugin="setenv"):
    """Variables as lines of text (setenv plugin; `inject_env` has replaced it)."""

    variables: str = text("localVarText", first=True)


class env_file(Wrapper, xml="hudson.plugins.envfile.EnvFileBuildWrapper", plugin="envfile"):
    """Variables from a file of the agent."""

    path: str | None = text("filePath", default=None, first=True)


class env_script(Wrapper, xml="com.lookout.jenkins.EnvironmentScript", plugin="environment-script"):
    """Variables from what a script prints."""

    script: str = text(first=True)
    type: str = text("scriptType", default="unixScript", choices=("unixScript", "batchScript", "powerShell"))
    only_on_parent: bool = flag("runOnlyOnParent", default=False)
    hide_values: bool = flag("hideEnvironmentVariablesValues", default=False)


class pre_scm_steps(
    Wrapper, xml="org.jenkinsci.plugins.preSCMbuildstep.PreSCMBuildStepsWrapper", plugin="preSCMbuildstep"
):
    """Steps before the sources are there."""

    steps: Any = children("buildSteps", accepts=Step, first=True)
    fail_on_error: bool = flag(default=False)


class log_size(
    Wrapper, xml="hudson.plugins.logfilesizechecker.LogfilesizecheckerWrapper", plugin="logfilesizechecker"
):
    """End builds whose log grows beyond so many megabytes."""

    own: bool = flag("setOwn", default=False)
    megabytes: int | str = number("maxLogSize", default=0, first=True, least=0)
    fail: bool = flag("failBuild", default=False)


class logstash(Wrapper, xml="jenkins.plugins.logstash.LogstashBuildWrapper", plugin="logstash"):
    """Send the log to Logstash."""


class job_log(
    Wrapper,
    xml="org.jenkins.ci.plugins.jobloglogger.JobLogLoggerBuildWrapper",
    plugin="job-log-logger-plugin",
):
    """Send the log to the controller's own log."""

    suppress_empty: bool = flag(default=True)


class copy_to_agent(
    Wrapper, xml="com.michelin.cio.hudson.plugins.copytoslave.CopyToSlaveBuildWrapper", plugin="copy-to-slave"
):
    """Copy files of the controller to the workspace."""

    includes: str = text(first=True)
    excludes: str = text(default="")
    flatten: bool = flag(default=False)
    ant_excludes: bool = flag("includeAntExcludes", default=False)
    home_relative: bool = flag("hudsonHomeRelative", default=False)
    relative_to: str = text(default="userContent")

    forms = {"jjb": Form("includes excludes flatten includeAntExcludes relativeTo hudsonHomeRelative")}


class ant_targets(Wrapper, xml="hudson.tasks.AntWrapper", plugin="ant"):
    """Notes of Ant targets in the log."""

    installation: str | None = text(default=None)
    jdk: str | None = text(default=None)


class tie_parent(Wrapper, xml="matrixtieparent.BuildWrapperMtp", plugin="matrixtieparent"):
    """Run the parent of a matrix on agents with this label."""

    label: str = label_text("labelName", first=True)


class maven_repository_cleanup(
    Wrapper, xml="hudson.plugins.m2_repo_reaper.M2RepoReaperWrapper", plugin="m2-repo-reaper"
):
    """Remove artifacts from the local Maven repository before the build."""

    artifacts: str = text("artifactPatterns", first=True)
    patterns: Any = strings(default=())


class owner_vars(
    Wrapper,
    xml="com.synopsys.arc.jenkins.plugins.ownership.wrappers.OwnershipBuildWrapper",
    plugin="ownership",
):
    """Owners of the node and the job, in variables."""

    node: bool = flag("injectNodeOwnership", default=False)
    job: bool = flag("injectJobOwnership", default=False)
