"""Wrappers of plugins that fewer use: where builds run, keychains, release notes, services."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import flag, raw, secret_text, text
from jobdsl.elements.slots import Misc, Wrapper

__all__ = [
    "glassfish_port",
    "jira_release_notes",
    "keychains",
    "live_screenshot",
    "mongodb",
    "npm_packages",
    "run_on_node_of",
    "test_in_progress",
    "tomcat_port",
    "tool_variables",
]


class run_on_node_of(
    Wrapper,
    xml="com.datalex.jenkins.plugins.nodestalker.wrapper.NodeStalkerBuildWrapper",
    plugin="job-node-stalker",
):
    """The build runs where another job ran last, perhaps in its very workspace."""

    job: str = text(first=True)
    share_workspace: bool = flag(default=False)


class test_in_progress(
    Wrapper, xml="org.jenkinsci.plugins.testinprogress.TestInProgressBuildWrapper", plugin="testInProgress"
):
    """Tests are shown while they run."""


class tool_variables(Wrapper, xml="hudson.plugins.toolenv.ToolEnvBuildWrapper", plugin="toolenv"):
    """Homes of tools in variables: `tool_variables("MAVEN_3_HOME,ANT_HOME")`."""

    variables: str = text("vars", first=True)


class npm_packages(Wrapper, xml="jenkins.plugins.nodejs.tools.NpmPackagesBuildWrapper", plugin="nodejs"):
    """Node.js in the path, as old versions of the plugin had it; `wrappers.nodejs` has replaced it."""

    installation: str = text("nodeJSInstallationName", first=True)


class keychains(Wrapper, xml="com.sic.plugins.kpp.KPPKeychainsBuildWrapper", plugin="kpp-management-plugin"):
    """Apple keychains for signing."""

    pairs: Any = raw("keychainCertificatePairs", default=None, first=True)
    delete: bool = flag("deleteKeychainsAfterBuild", default=False)
    overwrite: bool = flag("overwriteExistingKeychains", default=False)


class jira_release_notes(Wrapper, xml="hudson.plugins.jira.JiraCreateReleaseNotes", plugin="jira"):
    """Release notes of a Jira version in a variable."""

    variable: str = text("jiraEnvironmentVariable", default="RELEASE_NOTES")
    project: str = text("jiraProjectKey", first=True)
    release: str = text("jiraRelease", first=True)
    filter: str = text("jiraFilter", default="status in (Resolved, Closed)")


class mongodb(Wrapper, xml="org.jenkinsci.plugins.mongodb.MongoBuildWrapper", plugin="mongodb"):
    """A MongoDB for the time of the build."""

    installation: str = text("mongodbName", first=True)
    port: str = text(default="")
    path: str = text("dbpath", default="")
    parameters: str = text(default="")
    start_timeout: str = text(default="0")


class live_screenshot(
    Wrapper, xml="org.jenkinsci.plugins.livescreenshot.LiveScreenshotBuildWrapper", plugin="livescreenshot"
):
    """Show a picture of the screen while the build runs."""

    full: str = text("fullscreenFilename", default="screenshot.png")
    thumbnail: str = text("thumbnailFilename", default="screenshot-thumb.png")


class glassfish_port(
    Misc, xml="org.jvnet.hudson.plugins.port_allocator.GlassFishJmxPortType", plugin="port-allocator"
):
    """A port of a GlassFish that is stopped with the build."""

    name: str = text(first=True)
    user: str = text("userName", default="")
    password: str = secret_text(default="")


class tomcat_port(
    Misc, xml="org.jvnet.hudson.plugins.port_allocator.TomcatShutdownPortType", plugin="port-allocator"
):
    """A port of a Tomcat that is stopped with the build."""

    name: str = text(first=True)
    password: str = secret_text(default="")
