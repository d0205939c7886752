"""Triggers that watch other jobs, files and pages."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import children, flag, label_text, number, result, secret_text, strings, text
from jobdsl.elements.slots import Misc, Trigger
from jobdsl.elements.triggers_time import cron_text

__all__ = [
    "any_content",
    "build_result",
    "build_result_of",
    "checked_result",
    "file",
    "file_content",
    "files",
    "folder_content",
    "groovy_script",
    "jms_message",
    "json_content",
    "json_path",
    "rabbitmq",
    "rundeck",
    "script",
    "text_content",
    "text_pattern",
    "upstream",
    "url",
    "url_entry",
    "url_header",
    "x_path",
    "xml_content",
]


class upstream(Trigger, xml="jenkins.triggers.ReverseBuildTrigger"):
    """Build after other jobs: `upstream("a, b")` or `upstream(["a", "b"])`, if they end at least so well."""

    spec: str = text(default="")
    projects: Any = text("upstreamProjects", first=True)
    threshold: str = result(default="SUCCESS")

    also = {"projects": "list[str] | tuple[str, ...]"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a list of names as Jenkins keeps it."""
        if isinstance(arguments["projects"], list | tuple):
            arguments["projects"] = ", ".join(arguments["projects"])
        return arguments


class checked_result(
    Misc, xml="org.jenkinsci.plugins.buildresulttrigger.model.CheckedResult", plugin="buildresult-trigger"
):
    """A result that `triggers.build_result` waits for."""

    result: str = text("checked", first=True)


class build_result_of(
    Misc,
    xml="org.jenkinsci.plugins.buildresulttrigger.model.BuildResultTriggerInfo",
    plugin="buildresult-trigger",
):
    """Jobs, separated by commas, and the results that count."""

    jobs: str = text("jobNames", first=True)
    results: Any = children("checkedResults", accepts=checked_result, convert=checked_result)


class build_result(
    Trigger, xml="org.jenkinsci.plugins.buildresulttrigger.BuildResultTrigger", plugin="buildresult-trigger"
):
    """Poll the results of other jobs on a schedule; with `combined`, all must have one."""

    spec: str = cron_text(first=True)
    combined: bool = flag("combinedJobs", default=False)
    jobs: Any = children("jobsInfo", accepts=build_result_of)


class _Content(Misc):
    """What is compared of a page or file."""

    slot = "a content (triggers.json_content, ...)"


_U = "org.jenkinsci.plugins.urltrigger."


class any_content(_Content, xml=_U + "content.SimpleContentType", plugin="urltrigger"):
    """Any change of the content."""


class json_path(Misc, xml=_U + "content.JSONContentEntry", plugin="urltrigger"):
    """One JSONPath."""

    path: str = text("jsonPath", first=True)


class json_content(_Content, xml=_U + "content.JSONContentType", plugin="urltrigger"):
    """A change at these JSONPaths."""

    paths: Any = children("jsonPaths", accepts=json_path, convert=json_path, first=True)


class x_path(Misc, xml=_U + "content.XMLContentEntry", plugin="urltrigger"):
    """One XPath."""

    path: str = text("xPath", first=True)


class xml_content(_Content, xml=_U + "content.XMLContentType", plugin="urltrigger"):
    """A change at these XPaths."""

    paths: Any = children("xPaths", accepts=x_path, convert=x_path, first=True)


class text_pattern(Misc, xml=_U + "content.TEXTContentEntry", plugin="urltrigger"):
    """One regular expression."""

    pattern: str = text("regEx", first=True)


class text_content(_Content, xml=_U + "content.TEXTContentType", plugin="urltrigger"):
    """A change of lines that fit these regular expressions."""

    patterns: Any = children("regExElements", accepts=text_pattern, convert=text_pattern, first=True)


class url_header(Misc, xml=_U + "URLTriggerRequestHeader", plugin="urltrigger"):
    """A header sent with the request."""

    name: str = text("headerName", first=True)
    value: str = text("headerValue", first=True)
    mask: bool = flag("maskValue", default=False)


class url_entry(Misc, xml=_U + "URLTriggerEntry", plugin="urltrigger"):
    """A page and what of it is compared; `timeout` is in seconds."""

    forms = {
        "jjb": Form(
            "url username password checkStatus proxyActivated timeout checkETag checkLastModificationDate "
            "statusCode inspectingContent contentTypes"
        )
    }

    url: str = text(first=True)
    username: str | None = text(default=None)
    password: str | None = secret_text(default=None)
    follow_redirects: bool = flag(default=False)
    proxy: bool = flag("proxyActivated", default=False)
    check_status: bool = flag(default=False)
    status_code: int | str = number(default=200, least=None)
    timeout: int | str = number(default=300, least=0)
    check_etag: bool = flag("checkETag", default=False)
    check_last_modified: bool = flag("checkLastModificationDate", default=False)
    inspect: bool = flag("inspectingContent", default=False)
    use_global_variables: bool = flag("useGlobalEnvVars", default=False)
    contents: Any = children("contentTypes", accepts=_Content)
    headers: Any = children("requestHeaders", accepts=url_header)


class url(Trigger, xml=_U + "URLTrigger", plugin="urltrigger"):
    """Poll web pages for changes on a schedule: `url("H/15 * * * *", ["https://example.com/v"])`."""

    forms = {"jjb": Form("spec labelRestriction triggerLabel entries")}

    spec: str = cron_text(first=True)
    label: str | None = label_text("triggerLabel", default=None)
    entries: Any = children(accepts=url_entry, convert=url_entry, first=True)
    label_restriction: bool = flag(default=False)


_F = "org.jenkinsci.plugins.fstrigger.triggers."


class file_content(Misc, xml=_F + "filecontent.SimpleFileContent", plugin="fstrigger"):
    """Any change of a file's content."""


class file(Misc, xml=_F + "FileNameTriggerInfo", plugin="fstrigger"):
    """A file, or a pattern of which the newest is taken."""

    path: str = text("filePathPattern", first=True)
    strategy: str = text(default="LATEST", choices=("LATEST", "IGNORE"))
    inspect: bool = flag("inspectingContentFile", default=False)
    ignore_date: bool = flag("doNotCheckLastModificationDate", default=False)
    contents: Any = children("contentFileTypes", accepts=Misc)


class files(Trigger, xml=_F + "FileNameTrigger", plugin="fstrigger"):
    """Poll files for changes on a schedule."""

    spec: str = cron_text(first=True)
    files: Any = children("fileInfo", accepts=file, convert=file, first=True)


class folder_content(Trigger, xml=_F + "FolderContentTrigger", plugin="fstrigger"):
    """Poll a directory for changes on a schedule."""

    forms = {
        "jjb": Form(
            "path spec includes excludes excludeCheckLastModificationDate excludeCheckContent "
            "excludeCheckFewerOrMoreFiles"
        )
    }

    spec: str = cron_text()
    path: str = text(first=True)
    includes: str = text(default="")
    excludes: str = text(default="")
    ignore_dates: bool = flag("excludeCheckLastModificationDate", default=False)
    ignore_contents: bool = flag("excludeCheckContent", default=False)
    ignore_counts: bool = flag("excludeCheckFewerOrMoreFiles", default=False)


class script(Trigger, xml="org.jenkinsci.plugins.scripttrigger.ScriptTrigger", plugin="scripttrigger"):
    """Run a script by the clock and build when it ends with that exit code."""

    forms = {
        "jjb": Form("script scriptFilePath spec enableConcurrentBuild exitCode labelRestriction triggerLabel")
    }

    spec: str = cron_text()
    label: str | None = label_text("triggerLabel", default=None)
    concurrent: bool = flag("enableConcurrentBuild", default=False)
    label_restriction: bool = flag(default=False)
    script: str = text(default="", first=True)
    script_file: str = text("scriptFilePath", default="")
    exit_code: str = text(default="0")


class groovy_script(
    Trigger, xml="org.jenkinsci.plugins.scripttrigger.groovy.GroovyScriptTrigger", plugin="scripttrigger"
):
    """Run a Groovy script on a schedule and build when it returns true."""

    forms = {
        "jjb": Form(
            "groovySystemScript groovyExpression groovyFilePath propertiesFilePath enableConcurrentBuild "
            "spec labelRestriction triggerLabel"
        )
    }

    spec: str = cron_text()
    label: str | None = label_text("triggerLabel", default=None)
    concurrent: bool = flag("enableConcurrentBuild", default=False)
    label_restriction: bool = flag(default=False)
    script: str = text("groovyExpression", default="", first=True)
    script_file: str = text("groovyFilePath", default="")
    properties_file: str = text("propertiesFilePath", default="")
    system: bool = flag("groovySystemScript", default=False)


class rundeck(Trigger, xml="org.jenkinsci.plugins.rundeck.RundeckTrigger", plugin="rundeck"):
    """Build when Rundeck reports that one of its jobs has ended."""

    spec: str = text(default="")
    filter_jobs: bool = flag(default=False)
    jobs: Any = strings("jobsIdentifiers", default=None)
    statuses: Any = strings("executionStatuses", default=None)
    token: str | None = secret_text(default=None)


class jms_message(Trigger, xml="com.redhat.jenkins.plugins.ci.CIBuildTrigger", plugin="jms-messaging"):
    """Build when a message of that provider fits the selector."""

    spec: str = text(default="")
    selector: str = text(default="", first=True)
    provider: str | None = text("providerName", default=None)
    overrides: str | None = text(default=None)


class rabbitmq(
    Trigger,
    xml="org.jenkinsci.plugins.rabbitmqbuildtrigger.RemoteBuildTrigger",
    plugin="rabbitmq-build-trigger",
):
    """Build when a message with this token comes by RabbitMQ."""

    spec: str = text(default="")
    token: str = secret_text("remoteBuildToken", first=True)
