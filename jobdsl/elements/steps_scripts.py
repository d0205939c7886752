"""Steps that run a script: shells, PowerShell, Python, Groovy, Node.js, scripts the controller keeps."""

from __future__ import annotations

from typing import Any

from jobdsl import context
from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, number, strings, sugar, text
from jobdsl.elements.misc_groovy import groovy_script
from jobdsl.elements.slots import Misc, Step
from jobdsl.errors import DslError

__all__ = [
    "GroovySource",
    "SystemGroovySource",
    "batch",
    "buildout",
    "custom_python",
    "groovy",
    "groovy_file",
    "groovy_text",
    "managed_batch",
    "managed_powershell",
    "managed_script",
    "nodejs",
    "powershell",
    "python",
    "python_builder",
    "shell",
    "ssh",
    "system_groovy",
    "system_groovy_file",
    "system_groovy_text",
    "tox",
    "virtualenv",
]


class _Script(Step):
    """What all steps have that hand a text to an interpreter."""

    command: str = text(first=True)
    rules: Any = children("configuredLocalRules", accepts=Misc)


class shell(_Script, xml="hudson.tasks.Shell"):
    """Run a shell script; it fails when its last command does, or any with `set -e`.

    The script runs with `/bin/sh -xe` unless it starts with `#!`. `unstable_return` is the exit code that
    makes the build unstable instead of failing it.
    """

    unstable_return: int | str | None = number(default=None, least=None)


class batch(_Script, xml="hudson.tasks.BatchFile"):
    """Run a Windows batch script; `unstable_return` is the exit code that makes the build unstable."""

    unstable_return: int | str | None = number(default=None, least=None)


class powershell(_Script, xml="hudson.plugins.powershell.PowerShell", plugin="powershell"):
    """Run a PowerShell script."""

    use_profile: bool = flag(default=False)
    unstable_return: int | str | None = number(default=None, least=None)
    stop_on_error: bool = flag(default=True)
    installation: str | None = text(default=None)


class python(_Script, xml="hudson.plugins.python.Python", plugin="python"):
    """Run a Python script with the agent's `python`."""


class nodejs(_Script, xml="jenkins.plugins.nodejs.NodeJSCommandInterpreter", plugin="nodejs"):
    """Run a Node.js script with an installation of the controller."""

    installation: str | None = text("nodeJSInstallationName", default=None)
    config: str | None = text("configId", default=None)
    cache: Any = child("cacheLocationStrategy", accepts=Misc, default=None)


class managed_script(
    Step, xml="org.jenkinsci.plugins.managedscripts.ScriptBuildStep", plugin="managed-scripts"
):
    """Run a shell script the controller keeps, by its id."""

    id: str = text("buildStepId", first=True)
    args: Any = strings("buildStepArgs")
    tokenized: bool = flag(default=False)


class managed_batch(
    Step, xml="org.jenkinsci.plugins.managedscripts.WinBatchBuildStep", plugin="managed-scripts"
):
    """Run a Windows batch script the controller keeps, by its id."""

    id: str = text("command", first=True)
    args: Any = strings("buildStepArgs")


class managed_powershell(
    Step, xml="org.jenkinsci.plugins.managedscripts.PowerShellBuildStep", plugin="managed-scripts"
):
    """Run a PowerShell script the controller keeps, by its id."""

    id: str = text("buildStepId", first=True)
    args: Any = strings("buildStepArgs")


class ssh(Step, xml="org.jvnet.hudson.plugins.SSHBuilder", plugin="ssh"):
    """Run commands on another machine; `site` is one the controller knows, as `user@host:port`."""

    site: str = text("siteName")
    command: str = text(first=True)
    each_line: bool = flag("execEachLine", default=False)
    hide: bool = flag("hideCommand", default=False)


_NATURES = ("shell", "xshell", "python")


class virtualenv(Step, xml="jenkins.plugins.shiningpanda.builders.VirtualenvBuilder", plugin="shiningpanda"):
    """Run commands in a Python virtual environment, made when it is first needed."""

    forms = {
        "jjb": Form("pythonName home clear useDistribute systemSitePackages nature command ignoreExitCode")
    }

    python: str = text("pythonName")
    home: str = text(default="")
    clear: bool = flag(default=False)
    system_site_packages: bool = flag(default=False)
    nature: str = text(default="shell", choices=_NATURES)
    command: str = text(first=True)
    ignore_exit_code: bool = flag(default=False)


class python_builder(Step, xml="jenkins.plugins.shiningpanda.builders.PythonBuilder", plugin="shiningpanda"):
    """Run commands with a Python installation of the controller."""

    python: str = text("pythonName")
    nature: str = text(default="shell", choices=_NATURES)
    command: str = text(first=True)
    ignore_exit_code: bool = flag(default=False)


class custom_python(
    Step, xml="jenkins.plugins.shiningpanda.builders.CustomPythonBuilder", plugin="shiningpanda"
):
    """Run commands with a Python found at a path of the agent."""

    home: str = text()
    nature: str = text(default="shell", choices=_NATURES)
    command: str = text(first=True)
    ignore_exit_code: bool = flag(default=False)


class buildout(Step, xml="jenkins.plugins.shiningpanda.builders.BuildoutBuilder", plugin="shiningpanda"):
    """Run commands in a zc.buildout environment."""

    python: str = text("pythonName")
    config: str = text("buildoutCfg", default="buildout.cfg")
    nature: str = text(default="shell", choices=_NATURES)
    command: str = text(first=True)
    ignore_exit_code: bool = flag(default=False)


class tox(Step, xml="jenkins.plugins.shiningpanda.builders.ToxBuilder", plugin="shiningpanda"):
    """Run tox."""

    config: str = text("toxIni", default="tox.ini", first=True)
    recreate: bool = flag(default=False)
    environments: str | None = text("toxenvPattern", default=None)


class GroovySource(Misc):
    """Where a Groovy script is."""

    slot = "a Groovy source (steps.groovy_text or steps.groovy_file)"


class groovy_text(GroovySource, xml="hudson.plugins.groovy.StringScriptSource", plugin="groovy"):
    """A Groovy script written in the job."""

    command: str = text(first=True)


class groovy_file(GroovySource, xml="hudson.plugins.groovy.FileScriptSource", plugin="groovy"):
    """A Groovy script of the workspace."""

    file: str = text("scriptFile", first=True)


class groovy(Step, xml="hudson.plugins.groovy.Groovy", plugin="groovy"):
    """Run a Groovy script on the agent."""

    source: Any = child("scriptSource", accepts=GroovySource, convert=groovy_text, first=True)
    installation: str = text("groovyName", default="(Default)")
    parameters: str = text(default="")
    script_parameters: str = text(default="")
    properties: str = text(default="")
    java_opts: str = text(default="")
    class_path: str = text(default="")


class SystemGroovySource(Misc):
    """Where a system Groovy script is."""

    slot = "a system Groovy source (steps.system_groovy_text or steps.system_groovy_file)"


class system_groovy_text(
    SystemGroovySource, xml="hudson.plugins.groovy.StringSystemScriptSource", plugin="groovy"
):
    """A system Groovy script written in the job."""

    script: Any = child(accepts=groovy_script, plain=True, convert=groovy_script, first=True)


class system_groovy_file(
    SystemGroovySource, xml="hudson.plugins.groovy.FileSystemScriptSource", plugin="groovy"
):
    """A system Groovy script of the workspace."""

    file: str = text("scriptFile", first=True)


class system_groovy(Step, xml="hudson.plugins.groovy.SystemGroovy", plugin="groovy"):
    """Run a Groovy script inside the controller; outside the sandbox it has all its powers."""

    source: Any = child(accepts=SystemGroovySource, first=True)
    bindings: str | None = text(default=None)
    sandbox: bool | None = sugar()

    also = {"source": "str"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a script written in the job, from its text."""
        source, boxed = arguments["source"], arguments["sandbox"]
        if isinstance(source, str):
            arguments["source"] = system_groovy_text(groovy_script(source, sandbox=boxed is None or boxed))
        elif boxed is not None and isinstance(source, SystemGroovySource):
            problem = f"steps.system_groovy: sandbox={boxed!r} is for a script given as text"
            context.complain(DslError(problem, hint="set it where the source is created"))
        return arguments

    def arguments(self) -> dict[str, Any]:
        """Return the arguments with the script as text where it has no other options."""
        arguments = super().arguments()
        source = self.source
        if type(source) is not system_groovy_text or source.layout or source.extra:
            return arguments
        script = source.script
        if type(script) is not groovy_script or script.layout or script.extra or script.classpath is not None:
            return arguments
        return {**arguments, "source": script.script} | ({} if script.sandbox else {"sandbox": False})
