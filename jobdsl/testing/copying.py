"""Artifacts a step copies from another job's build: from which build, which of them, and where to."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from jobdsl.documents.tree import Node
from jobdsl.grammar.names import resolve
from jobdsl.testing.builds import Build
from jobdsl.testing.store import StoredItem

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["Copied", "copied"]

_PERMALINKS: dict[str, Callable[[Build], bool]] = {
    "lastBuild": lambda build: True,  # noqa: ARG005 - one signature
    "lastCompletedBuild": lambda build: not build.building,
    "lastSuccessfulBuild": lambda build: build.result in ("SUCCESS", "UNSTABLE"),
    "lastStableBuild": lambda build: build.result == "SUCCESS",
    "lastUnstableBuild": lambda build: build.result == "UNSTABLE",
    "lastFailedBuild": lambda build: build.result == "FAILURE",
}


class Copied:
    """What a step copies: files by their path in the workspace, its line of the log, or why it fails."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        """Contents as base64."""
        self.variables: dict[str, str] = {}
        self.log_text = ""
        self.problem = ""


def copied(jenkins: ControllerState, to: Build, step: Node, expanded: Callable[[str], str]) -> Copied:
    """Do what the plugin's step does in a build now; `expanded` fills variables in."""
    done = Copied()
    optional = _text(step, "optional") == "true"
    job = expanded(_text(step, "project"))
    full_name = resolve(job, to.item.full_name.rpartition("/")[0])
    job_item = jenkins.root.find(full_name) if full_name else None
    try:
        build = _build(job_item, step.find("selector"), to, expanded) if job_item is not None else None
    except NotImplementedError as error:
        done.problem = f"ERROR: {error}\n"
        return done
    if build is None:
        missing = "a build" if job_item is not None else "project"
        done.problem = "" if optional else f"ERROR: Unable to find {missing} for artifact copy from: {job}\n"
        return done
    pattern = expanded(_text(step, "filter")) or "**"
    chosen = _chosen(build.artifacts, pattern, expanded(_text(step, "excludes")))
    if not chosen and not optional:
        done.problem = f"ERROR: Failed to copy artifacts from {job} with filter: {pattern}\n"
        return done
    target, flat = expanded(_text(step, "target")).strip("/"), _text(step, "flatten") == "true"
    for path, data in chosen.items():
        name = path.rpartition("/")[2] if flat else path
        done.files[f"{target}/{name}".lstrip("/")] = base64.b64encode(data).decode()
    suffix = _text(step, "resultVariableSuffix") or re.sub(r"[^A-Z]+", "_", job.upper())
    done.variables[f"COPYARTIFACT_BUILD_NUMBER_{suffix}"] = str(build.number)
    many = "artifact" if len(chosen) == 1 else "artifacts"
    done.log_text = f'Copied {len(chosen)} {many} from "{build.item.full_name}" build number {build.number}\n'
    return done


def _build(job: StoredItem, selector: Node | None, to: Build, expanded: Callable[[str], str]) -> Build | None:
    """Return the build a selector means, of those there are."""
    kind = (selector.attrs.get("class", "") if selector else "").rpartition(".")[2]
    if selector is None or kind in ("", "StatusBuildSelector"):
        stable = selector is not None and _text(selector, "stable") == "true"
        return _last(job, "lastStableBuild" if stable else "lastSuccessfulBuild")
    if kind == "LastCompletedBuildSelector":
        return _last(job, "lastCompletedBuild")
    if kind == "PermalinkBuildSelector":
        return _last(job, _text(selector, "id"))
    if kind == "TriggeredBuildSelector":
        falls_back = _text(selector, "fallbackToLastSuccessful") == "true"
        return _upstream(to, job) or (_last(job, "lastSuccessfulBuild") if falls_back else None)
    if kind == "SpecificBuildSelector":
        number = expanded(_text(selector, "buildNumber"))
        return job.builds.get(int(number)) if number.isdigit() else _last(job, number)
    raise NotImplementedError(f"builds are not chosen by {kind} here")


def _upstream(build: Build, job: StoredItem) -> Build | None:
    """Return the build of a job that started this one, directly or through others."""
    started_by = build.started_by
    while started_by is not None and started_by.item is not job:
        started_by = started_by.started_by
    return started_by


def _last(job: StoredItem, permalink: str) -> Build | None:
    fits = _PERMALINKS.get(permalink)
    builds = [build for _, build in sorted(job.builds.items()) if fits is not None and fits(build)]
    return builds[-1] if builds else None


def _chosen(artifacts: Mapping[str, bytes], pattern: str, excludes: str) -> dict[str, bytes]:
    included, excluded = _matcher(pattern), _matcher(excludes)
    return {path: data for path, data in artifacts.items() if included(path) and not excluded(path)}


def _matcher(patterns: str) -> Callable[[str], bool]:
    """Return whether a path fits one of Ant's patterns, which commas separate."""
    regexes = [re.compile(_regex(word.strip())) for word in patterns.split(",") if word.strip()]
    return lambda path: any(regex.fullmatch(path) for regex in regexes)


def _regex(pattern: str) -> str:
    marks = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    whole = f"{pattern}**" if pattern.endswith("/") else pattern
    return re.sub(r"\*\*/|\*\*|\*|\?|[^*?]+", lambda match: marks.get(match[0], re.escape(match[0])), whole)


def _text(node: Node, tag: str) -> str:
    child = node.find(tag)
    return child.text if child else ""
