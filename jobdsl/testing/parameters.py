"""Parameters of a job: what its document defines, and the values a trigger gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jobdsl.documents.tree import Node, class_name
from jobdsl.testing.builds import ParameterValue
from jobdsl.testing.pages import oops
from jobdsl.testing.store import StoredItem

__all__ = ["definitions", "values_for"]

_STRING = "hudson.model.StringParameterValue"


def definitions(item: StoredItem) -> list[Node]:
    """Return the parameter definitions of a job, in order."""
    properties = item.document.tree().find("properties")
    holder = properties.find("hudson.model.ParametersDefinitionProperty") if properties else None
    listed = holder.find("parameterDefinitions") if holder else None
    return list(listed.children) if listed else []


def values_for(
    defined: Iterable[Node], arguments: Mapping[str, str], plain: Mapping[str, str]
) -> tuple[ParameterValue, ...]:
    """A value for every definition; what is not defined is ignored, a wrong choice is an error (500)."""
    return tuple(_value(node, arguments, plain) for node in defined)


def _value(node: Node, arguments: Mapping[str, str], plain: Mapping[str, str]) -> ParameterValue:
    kind = class_name(node.tag).rpartition(".")[2]
    name = _text(node, "name")
    default = _text(node, "defaultValue")
    if kind == "BooleanParameterDefinition":
        chosen = arguments.get(name, default).strip().lower() in ("true", "on")
        return ParameterValue(name, chosen, "hudson.model.BooleanParameterValue")
    if kind == "ChoiceParameterDefinition":
        return ParameterValue(name, _choice(node, arguments.get(name)), _STRING)
    if kind == "PasswordParameterDefinition":
        secret = arguments.get(name, plain.get(default, default))
        return ParameterValue(name, secret, "hudson.model.PasswordParameterValue")
    java = "hudson.model.TextParameterValue" if kind == "TextParameterDefinition" else _STRING
    return ParameterValue(name, arguments.get(name, default), java)


def _choice(node: Node, choice: str | None) -> str:
    choices = [node.text for node in node.walk() if node.tag == "string"]
    if choice is None:
        return choices[0] if choices else ""
    if choice not in choices:
        raise oops()
    return choice


def _text(node: Node, tag: str) -> str:
    child = node.find(tag)
    return child.text if child else ""
