"""Axes of matrix jobs: what is combined."""

from __future__ import annotations

from typing import Any

from jobdsl.elements import fields as f
from jobdsl.elements.slots import Axis

__all__ = [
    "dynamic",
    "elastic",
    "groovy",
    "jdk",
    "label",
    "label_expression",
    "python",
    "text",
    "tox",
    "yaml",
]


class _Values(Axis):
    """An axis of named values."""

    name: str = f.text(first=True)
    values: Any = f.strings(first=True)


class text(_Values, xml="hudson.matrix.TextAxis", plugin="matrix-project"):
    """Any values: `text("DATABASE", ["postgres", "mysql"])`."""


class label(Axis, xml="hudson.matrix.LabelAxis", plugin="matrix-project"):
    """Agents by name or label: `label(["linux", "windows"])`."""

    name: str = f.text(default="label")
    values: Any = f.strings(first=True, refers="node")


class label_expression(Axis, xml="hudson.matrix.LabelExpAxis", plugin="matrix-project"):
    """Agents by label expressions: `label_expression(["linux && x86", "macos"])`."""

    name: str = f.text(default="label")
    values: Any = f.strings(first=True, refers="label")


class jdk(Axis, xml="hudson.matrix.JDKAxis", plugin="matrix-project"):
    """JDKs by the names they have in Jenkins' configuration."""

    name: str = f.text(default="jdk")
    values: Any = f.strings(first=True)


class dynamic(Axis, xml="ca.silvermaplesolutions.jenkins.plugins.daxis.DynamicAxis", plugin="dynamic-axis"):
    """The words of an environment variable, seen when the build starts: `dynamic("config", "CONFIGS")`."""

    name: str = f.text(first=True)
    values: Any = f.strings(default=None)
    variable: str = f.text("varName", first=True)
    last_seen: Any = f.strings("axisValues", default=("default",))

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments, with the variable's name as the values where there are none."""
        if arguments["values"] is None and isinstance(arguments["variable"], str):
            arguments["values"] = (arguments["variable"],)
        return arguments

    def but(self, **changes: Any) -> Any:
        """Return a copy with some arguments changed; another variable brings its own values."""
        return super().but(**{"values": None, **changes} if "variable" in changes else changes)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments, with the values only where they are not the usual ones."""
        arguments = super().arguments()
        if arguments.get("values") == (self.variable,):
            del arguments["values"]
        return arguments


class python(_Values, xml="jenkins.plugins.shiningpanda.matrix.PythonAxis", plugin="shiningpanda"):
    """Pythons by the names they have in Jenkins' configuration."""

    name: str = f.text(default="PYTHON")
    values: Any = f.strings(first=True)


class tox(_Values, xml="jenkins.plugins.shiningpanda.matrix.ToxAxis", plugin="shiningpanda"):
    """Environments of tox."""

    name: str = f.text(default="TOXENV")
    values: Any = f.strings(first=True)


class yaml(_Values, xml="org.jenkinsci.plugins.yamlaxis.YamlAxis", plugin="yaml-axis"):
    """Values read from a YAML file of the workspace: `yaml("python", ["config.yaml"])`."""


class groovy(Axis, xml="org.jenkinsci.plugins.GroovyAxis", plugin="GroovyAxis"):
    """Values a Groovy script returns: `groovy("foo", "return ['a', 'b']")`."""

    name: str = f.text(first=True)
    script: str = f.text("groovyString", first=True)
    computed_values: Any = f.strings("computedValues")


class elastic(Axis, xml="org.jenkinsci.plugins.elasticaxisplugin.ElasticAxis", plugin="elastic-axis"):
    """Every agent that fits a label expression, seen when the build starts."""

    name: str = f.text(default="label")
    values: Any = f.strings()
    label: str = f.label_text(first=True)
    ignore_offline: bool = f.flag(default=True)
    keep_expressions: bool | None = f.flag("doNotExpandLabels", default=None)
