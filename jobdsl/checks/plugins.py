"""Which plugin brings a class, and which plugins a controller has (asked, or saved in a file)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jobdsl.documents.aliases import plugin_of_name
from jobdsl.errors import JobdslError

__all__ = ["CORE", "PluginList", "plugin_of", "plugins_of", "read_plugins"]

CORE = ""
"""The plugin of classes that Jenkins itself brings."""

_CORE_CLASSES = frozenset(
    {
        "hudson.scm.NullSCM",
        "hudson.tasks.ArtifactArchiver",
        "hudson.tasks.BatchFile",
        "hudson.tasks.BuildTrigger",
        "hudson.tasks.Fingerprinter",
        "hudson.tasks.LogRotator",
        "hudson.tasks.Maven",
        "hudson.tasks.Shell",
        "project",
    }
)
_PREFIXES = (
    ("hudson.matrix.", "matrix-project"),
    ("hudson.tasks.junit.", "junit"),
    ("hudson.tasks.Mailer", "mailer"),
    ("hudson.tasks.Ant", "ant"),
    ("hudson.tasks.JavadocArchiver", "javadoc"),
    ("hudson.maven.", "maven-plugin"),
    ("maven2-moduleset", "maven-plugin"),
    ("hudson.plugins.git.", "git"),
    ("jenkins.plugins.git.", "git"),
    ("hudson.plugins.copyartifact.", "copyartifact"),
    ("hudson.plugins.emailext.", "email-ext"),
    ("hudson.plugins.parameterizedtrigger.", "parameterized-trigger"),
    ("hudson.plugins.ws_cleanup.", "ws-cleanup"),
    ("hudson.plugins.timestamper.", "timestamper"),
    ("hudson.plugins.build_timeout.", "build-timeout"),
    ("hudson.plugins.ansicolor.", "ansicolor"),
    ("com.cloudbees.hudson.plugins.folder.", "cloudbees-folder"),
    ("com.cloudbees.plugins.credentials.", "credentials"),
    ("com.cloudbees.jenkins.plugins.sshagent.", "ssh-agent"),
    ("org.jenkinsci.plugins.credentialsbinding.", "credentials-binding"),
    ("org.jenkinsci.plugins.workflow.cps.", "workflow-cps"),
    ("org.jenkinsci.plugins.workflow.job.", "workflow-job"),
    ("org.jenkinsci.plugins.workflow.multibranch.", "workflow-multibranch"),
    ("org.jenkinsci.plugins.github_branch_source.", "github-branch-source"),
    ("flow-definition", "workflow-job"),
    ("jenkins.branch.", "branch-api"),
    ("hudson.triggers.", CORE),
    ("jenkins.triggers.", CORE),
    ("hudson.model.", CORE),
    ("jenkins.model.", CORE),
    ("jenkins.mvn.", CORE),
    ("hudson.views.", CORE),
    ("hudson.security.", CORE),
    ("hudson.slaves.", CORE),
    ("hudson.tools.", CORE),
)


def plugin_of(java_class: str) -> str | None:
    """Return the plugin that brings a class; CORE for Jenkins itself, None when no table has it."""
    return next(iter(plugins_of(java_class)), None)


@lru_cache(maxsize=4096)
def plugins_of(java_class: str) -> tuple[str, ...]:
    """Return the plugins any of which is enough to read a class of this name, the one of today first.

    A class that moved is read under its old name by the plugin that has it today, or by the old one.
    """
    plugins = (plugin_of_name(java_class), _own_plugin(java_class))
    return tuple(dict.fromkeys(plugin for plugin in plugins if plugin is not None))


def _own_plugin(java_class: str) -> str | None:
    """Return the plugin of the class that has this very name."""
    from jobdsl.elements import load_all
    from jobdsl.elements.base import typed

    if java_class in _CORE_CLASSES:
        return CORE
    load_all()
    known = typed(java_class)
    if known is not None and known.plugin:
        return known.plugin
    named = next((plugin for prefix, plugin in _PREFIXES if java_class.startswith(prefix)), None)
    return CORE if named is None and known is not None else named


@dataclass(frozen=True, slots=True)
class PluginList:
    """Plugins of a controller."""

    versions: Mapping[str, str]
    """Versions by plugin id; "" where the list has none."""
    is_complete: bool = True
    """Whether a plugin that is not on the list is not installed. A `plugins.txt` leaves out the
    dependencies, which are installed along with what it names."""


def lost_class_hint(
    plugin: str, versions: Mapping[str, str], optional: Mapping[str, Mapping[str, str]]
) -> str:
    """Return what to do about a class that was dropped although its plugin is installed; empty if it is not.

    A class that extends one of another plugin (`hudson.plugins.git.GitRevisionBuildParameters` one of
    parameterized-trigger) is loaded only where that plugin is installed in the version its own plugin
    requires. `versions` are those installed, `optional` the optional dependencies of each plugin.
    """
    if plugin not in versions:
        return ""
    dependencies = optional.get(plugin, {})
    unmet = [
        f"{other} {required} ({versions[other]} is installed)"
        for other, required in sorted(dependencies.items())
        if other in versions and _release(versions[other]) < _release(required)
    ]
    unmet += [
        f"{other} {required}" for other, required in sorted(dependencies.items()) if other not in versions
    ]
    text = f"the plugin {plugin} {versions[plugin]} is installed, but this class of it is not loaded"
    if not unmet:
        return f"{text}: update the plugin, or leave the element out"
    return f"{text}: it may need one of the other plugins that {plugin} works with: {', '.join(unmet)}"


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers a version begins with."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def read_plugins(path: Path) -> PluginList:
    """Read a saved list of plugins.

    Accepts what a controller answers to `/pluginManager/api/json?depth=1`, `{"id": "version"}`, a JSON list
    of ids, and a `plugins.txt` (`id`, `id:version` or `id:version:url` a line, `#` begins a comment), as the
    Jenkins image and its `jenkins-plugin-cli` read it. Raises JobdslError for anything else.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise JobdslError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _no_list(path) from None
    if not text.lstrip().startswith(("{", "[")):
        named = _lines(text)
        if not named:
            raise _no_list(path)
        return PluginList(named, is_complete=False)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JobdslError(f"{path}: not JSON: {error}") from None
    plugins = _plugins(content)
    if plugins is None:
        raise _no_list(path)
    return PluginList(plugins)


def _no_list(path: Path) -> JobdslError:
    hint = "save it with: curl -u USER:TOKEN URL/pluginManager/api/json?depth=1, or name a plugins.txt"
    return JobdslError(f"{path}: not a list of plugins", hint=hint)


_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:[:@]([^\s:]*)(?::\S*)?)?")


def _lines(text: str) -> dict[str, str] | None:
    """Plugins of a plugins.txt; None where a line names none."""
    plugins: dict[str, str] = {}
    for line in text.splitlines():
        entry = re.sub(r"(^|\s)#.*", "", line).strip()
        if not entry:
            continue
        match = _LINE.fullmatch(entry)
        if match is None:
            return None
        plugins[match[1]] = match[2] or ""
    return plugins


def _plugins(data: object) -> dict[str, str] | None:
    if isinstance(data, dict) and isinstance(data.get("plugins"), list):
        return _plugins(data["plugins"])
    if isinstance(data, dict):
        return {str(name): str(version) for name, version in data.items()}
    if not isinstance(data, list):
        return None
    plugins: dict[str, str] = {}
    for entry in data:
        if isinstance(entry, str):
            plugins[entry.partition(":")[0].partition("@")[0]] = ""
        elif isinstance(entry, dict) and isinstance(entry.get("shortName"), str):
            if entry.get("active", True):
                plugins[entry["shortName"]] = str(entry.get("version", ""))
        else:
            return None
    return plugins
