"""Environment variables brought in from text, files and scripts (EnvInject plugin)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.elements.base import Element
from jobdsl.elements.fields import child, flag, secret_text, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_groovy import groovy_script
from jobdsl.elements.misc_trigger import properties_text
from jobdsl.elements.slots import Misc

__all__ = ["InjectsEnv", "env_info", "env_password", "job_env_info"]

_P = "org.jenkinsci.plugins.envinject."


class _Info(Misc):
    """Variables as `NAME=value` lines, a dict, or a properties file."""

    file: str | None = text("propertiesFilePath", default=None)
    properties: str | None = text("propertiesContent", default=None, first=True)

    also = {"properties": "Mapping[str, object]"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Properties from a dict."""
        if isinstance(arguments["properties"], Mapping):
            arguments["properties"] = properties_text(arguments["properties"])
        return arguments


class env_info(_Info, xml=_P + "EnvInjectInfo", plugin="envinject"):
    """Variables from text and from a file of the workspace."""


class job_env_info(_Info, xml=_P + "EnvInjectJobPropertyInfo", plugin="envinject"):
    """Variables from text, a file, a script's file or text, and Groovy that returns a map."""

    script_file: str | None = text("scriptFilePath", default=None)
    script: str | None = text("scriptContent", default=None)
    groovy: Any = child(
        "secureGroovyScript", accepts=groovy_script, plain=True, convert=groovy_script, default=None
    )
    from_controller: bool = flag("loadFilesFromMaster", default=False)


class env_password(Misc, xml="EnvInjectPasswordEntry", plugin="envinject"):
    """One password, as a variable of the build."""

    name: str = text(first=True)
    value: str = secret_text(first=True)


class InjectsEnv(Holder, Element):
    """What brings in variables; its arguments are those of the information it holds."""

    __slots__ = ()

    properties: Any = sugar(first=True)
    file: str | None = sugar()
    script_file: str | None = sugar()
    script: str | None = sugar()
    groovy: Any = sugar()
    from_controller: bool | None = sugar()

    holds = "info"
    held = job_env_info
