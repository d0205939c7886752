"""The rule of lint for steps of Pipelines whose plugin is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from jobdsl.checks.lookups import EstateIndex, Finding
from jobdsl.checks.plugins import CORE, plugins_of
from jobdsl.documents.pipelinenames import plugins_of_call
from jobdsl.documents.pipelinescript import ScriptCall, calls_of
from jobdsl.documents.references import References
from jobdsl.model import Definition

__all__ = ["pipeline_steps"]


def pipeline_steps(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Find calls in a Pipeline's script whose plugin the controller lacks: the build would end at them."""
    plugins = estate.known.plugins
    if plugins is None:
        return
    for script in references.pipelines:
        calls = calls_of(script)
        for call in calls.calls:
            enough = _plugins(call)
            if not enough or CORE in enough or not plugins.versions.keys().isdisjoint(enough):
                continue
            where = estate.line_of(script.split("\n")[call.line - 1], definition)
            text = f"line {call.line} of its script calls {_shown(call)}, which needs the plugin {enough[0]}"
            if not plugins.is_complete:
                hint = "another plugin may bring it along; name a complete list in JSON instead"
                yield "warning", f"{text}; plugins.txt does not name it", hint, where
            elif calls.has_library:
                hint = "install the plugin, unless a library of this script defines that name"
                yield "warning", f"{text}; the controller does not have it", hint, where
            elif _is_stored(call, definition, estate):
                hint = "install the plugin, or remove the call: a build that gets there fails"
                text += (
                    "; the controller does not have it, and the job on the controller calls it all the same"
                )
                yield "warning", text, hint, where
            else:
                hint = f"install the plugin, or remove the call: a build that gets there fails{_error(call)}"
                yield "error", f"{text}; the controller does not have it", hint, where


def _plugins(call: ScriptCall) -> tuple[str, ...]:
    if call.place != "class":
        return plugins_of_call(call.place, call.name)
    return plugins_of(call.name) if "." in call.name else _by_simple_name().get(call.name, ())


@cache
def _by_simple_name() -> dict[str, tuple[str, ...]]:
    """Return the plugins of typed classes by the last part of the class's name, as `$class` takes it."""
    from jobdsl.elements import load_all
    from jobdsl.elements.base import registry

    load_all()
    plugins: dict[str, tuple[str, ...]] = {}
    for java in registry:
        name = java.rpartition(".")[2].rpartition("$")[2]
        plugins[name] = tuple(dict.fromkeys((*plugins.get(name, ()), *plugins_of(java))))
    return plugins


def _is_stored(call: ScriptCall, definition: Definition, estate: EstateIndex) -> bool:
    """Return whether the job on the controller makes the same call already."""
    stored = estate.known.stored(definition)
    stored_calls = (
        known for script in (stored.pipelines if stored else ()) for known in calls_of(script).calls
    )
    return any((known.place, known.name) == (call.place, call.name) for known in stored_calls)


def _shown(call: ScriptCall) -> str:
    return f"$class: '{call.name}'" if call.place == "class" else call.name


def _error(call: ScriptCall) -> str:
    return f" with \"No such DSL method '{call.name}'\"" if call.place == "step" else ""
