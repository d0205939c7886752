"""What a push starts: the jobs that poll the repository of the notification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobdsl.documents.tree import Node
from jobdsl.testing.parameters import definitions, values_for
from jobdsl.testing.store import StoredItem

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["git_urls", "notify"]

_POLL = "hudson.triggers.SCMTrigger"


def git_urls(root: Node) -> list[str]:
    """Return the repositories a job's document checks out."""
    scm = root.find("scm")
    definition = root.find("definition")
    if scm is None and definition is not None:
        scm = definition.find("scm")
    if scm is None:
        return []
    remotes = [node for node in scm.walk() if node.tag == "hudson.plugins.git.UserRemoteConfig"]
    urls = [remote.find("url") for remote in remotes]
    return [url.text for url in urls if url is not None]


def _normal(url: str) -> str:
    return url.rstrip("/").removesuffix(".git")


def _polls(item: StoredItem, root: Node) -> bool:
    return not item.disabled and any(node.tag == _POLL for node in root.walk())


def notify(jenkins: ControllerState, url: str) -> list[str]:
    """Schedule every enabled job that polls this repository. Returns the git plugin's messages about it."""
    if not url:
        return ["No url"]
    lines = []
    for item in jenkins.root.walk():
        if item.kind.holds_items:
            continue
        root = item.document.tree()
        if not _polls(item, root) or _normal(url) not in map(_normal, git_urls(root)):
            continue
        parameters = values_for(definitions(item), {}, jenkins.store.rewriter.plain)
        jenkins.scheduler.schedule(item, user="", quiet=0.0, parameters=parameters)
        lines.append(f"Scheduled polling of {item.full_name}")
    return lines or [f"No git jobs using repository: {url}"]
