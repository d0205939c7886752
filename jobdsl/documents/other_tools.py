"""Signs in documents that another tool writes jobs: Jenkins Job Builder's line, Job DSL's seeds and actions.

From the tools' own sources: Jenkins Job Builder ends each description it writes with a comment, and
`--delete-old` removes jobs whose description ends so. Job DSL's seeds have its build step, or a Pipeline
step; some versions leave actions in seeds and in the jobs they generate.
"""

from __future__ import annotations

import re

from jobdsl.documents.marker import Marker
from jobdsl.documents.tree import Node, class_name

__all__ = ["JOB_BUILDER", "JOB_DSL", "managed_by", "seed_of", "writer_of"]

JOB_BUILDER = "Jenkins Job Builder"
JOB_DSL = "Job DSL"
_LINE = "<!-- Managed by Jenkins Job Builder -->"
_STEP = "javaposse.jobdsl.plugin.ExecuteDslScripts"
_ACTIONS = "javaposse.jobdsl.plugin.actions."
_SEED_ACTIONS = (
    "GeneratedJobsAction",
    "GeneratedJobsBuildAction",
    "GeneratedViewsAction",
    "GeneratedObjectsAction",
)
"""Actions of a seed itself; the others are those of jobs that a seed generated."""
_CALL = re.compile(r"(?m)^[ \t]*jobDsl\b[ \t]*[(\[\w]|\$class:\s*['\"]ExecuteDslScripts['\"]")
"""The Pipeline step that runs scripts of Job DSL."""


def writer_of(description: str | None) -> str:
    """Return the tool that wrote an object, by the end of its description; empty for no other tool.

    A marker of ours below its line means that the object was taken over since.
    """
    text = (description or "").rstrip()
    return JOB_BUILDER if text.endswith(_LINE) and Marker.find(text) is None else ""


def managed_by(root: Node) -> str:
    """Return the tool that a job's document names as its generator; empty for none."""
    own = root.find("description")
    if writer := writer_of(own.text if own is not None else ""):
        return writer
    generated = any(name not in _SEED_ACTIONS for name in _job_dsl_actions(root))
    return JOB_DSL if generated else ""


def seed_of(root: Node) -> str:
    """Return the tool whose seed a job is: one that makes other jobs; empty for none."""
    if any(name in _SEED_ACTIONS for name in _job_dsl_actions(root)):
        return JOB_DSL
    for node in root.walk():
        if _STEP in (class_name(node.tag), node.attrs.get("class")):
            return JOB_DSL
        if node.tag == "script" and _CALL.search(node.text):
            return JOB_DSL
    return ""


def _job_dsl_actions(root: Node) -> list[str]:
    """Return the names of Job DSL's actions that a job has."""
    actions = root.find("actions")
    names = [class_name(child.tag) for child in actions.children] if actions is not None else []
    return [name.removeprefix(_ACTIONS) for name in names if name.startswith(_ACTIONS)]
