"""A simulated controller's items, views, nodes and credentials as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobdsl.testing.credentials import Credential
from jobdsl.testing.documents import read
from jobdsl.testing.store import StoredDocument
from jobdsl.testing.views import view_from

if TYPE_CHECKING:
    from jobdsl.testing.controller import SimulatedJenkins

__all__ = ["load", "save"]


def save(jenkins: SimulatedJenkins, path: Path) -> None:
    """Write everything but builds and the queue."""
    items = {name: item.document.text for name, item in jenkins.items.items()}
    views = [view.document.text for view in jenkins.views.values()]
    nodes = {name: agent.document.text for name, agent in jenkins.computers.agents.items() if agent.document}
    credentials = [
        [credential.id, credential.java, credential.fields]
        for credential in jenkins.credentials.by_id.values()
    ]
    state = {"items": items, "views": views, "nodes": nodes, "credentials": credentials}
    path.write_text(json.dumps(state, ensure_ascii=False, indent=0), encoding="utf-8")


def load(jenkins: SimulatedJenkins, path: Path) -> None:
    """Restore what `save` wrote, into a controller that has nothing yet."""
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name, text in state["items"].items():
        jenkins.create_item(name, text)
        jenkins.update_item(name, text)
    settle = jenkins.store.settle_view
    for text in state["views"]:
        view = view_from(read(text.encode()), None, settle)
        view.primary = view.name == "all"
        jenkins.views[view.name] = view
    for name, text in state["nodes"].items():
        document = StoredDocument(text.encode(), settle)
        jenkins.computers.configure(jenkins.computers.add(name), document.tree(), document)
    for id, java, fields in state["credentials"]:
        jenkins.credentials.by_id[id] = Credential(id, java, fields)
