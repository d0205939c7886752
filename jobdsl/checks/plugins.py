"""Which plugin brings a class, and which plugins a controller has (asked, or saved in plugins.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jobdsl.errors import JobdslError

__all__ = ["CORE", "plugin_of", "read_plugins"]

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


@lru_cache(maxsize=4096)
def plugin_of(java_class: str) -> str | None:
    """Short name of the plugin that brings a class; CORE for Jenkins itself, None when nobody knows."""
    from jobdsl.elements import load_all
    from jobdsl.elements.base import registry

    if java_class in _CORE_CLASSES:
        return CORE
    load_all()
    typed = registry.get(java_class)
    if typed is not None and typed.plugin:
        return typed.plugin
    named = next((plugin for prefix, plugin in _PREFIXES if java_class.startswith(prefix)), None)
    return CORE if named is None and typed is not None else named


def read_plugins(path: Path) -> Mapping[str, str]:
    """Plugin ids and versions of a saved list.

    Takes what a controller answers to `/pluginManager/api/json?depth=1`, a list of ids, or
    `{"id": "version"}`. Raises JobdslError for anything else.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise JobdslError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise JobdslError(f"{path}: not JSON: {error}") from None
    plugins = _plugins(found)
    if plugins is None:
        hint = "save it with: curl -u USER:TOKEN URL/pluginManager/api/json?depth=1"
        raise JobdslError(f"{path}: no list of plugins", hint=hint)
    return plugins


def _plugins(found: object) -> dict[str, str] | None:
    if isinstance(found, dict) and isinstance(found.get("plugins"), list):
        return _plugins(found["plugins"])
    if isinstance(found, dict):
        return {str(name): str(version) for name, version in found.items()}
    if not isinstance(found, list):
        return None
    plugins: dict[str, str] = {}
    for one in found:
        if isinstance(one, str):
            plugins[one.partition(":")[0].partition("@")[0]] = ""
        elif isinstance(one, dict) and isinstance(one.get("shortName"), str):
            if one.get("active", True):
                plugins[one["shortName"]] = str(one.get("version", ""))
        else:
            return None
    return plugins
