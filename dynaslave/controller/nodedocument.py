"""What an agent's node is made from: its config.xml and, for old controllers, the form "New Node"."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from dynaslave.controller.marks import NodeMarker
from dynaslave.pools.pool import AgentPool
from jobdsl.documents.tree import Node as Element
from jobdsl.documents.tree import header, to_text
from jobdsl.grammar.labels import Atom

__all__ = ["document", "form", "mode_of"]

_EXCLUSIVE = "It takes builds that ask for its labels only."
_WORK_DIR = {"disabled": "false", "internalDir": "remoting", "failIfWorkDirIsMissing": "false"}


def _labels(pool: AgentPool) -> str:
    """Labels as Jenkins keeps them: separated by spaces, quoted where they must be."""
    return " ".join(str(Atom(label)) for label in pool.labels)


def _description(pool: AgentPool, marker: NodeMarker) -> str:
    whose = f" of team {pool.team}" if pool.team else ""
    only = f" {_EXCLUSIVE}" if pool.mode == "exclusive" else ""
    return f"Build agent of the pool {pool.name}{whose}.{only}\n{marker}"


def mode_of(description: str) -> str:
    """Return the mode of a node of ours if it is known: the controller's API shows none."""
    return "exclusive" if _EXCLUSIVE in description else ""


def document(pool: AgentPool, marker: NodeMarker, home: str, *, websocket: bool) -> str:
    """The config.xml of an agent's node."""
    text = {
        "name": marker.node,
        "description": _description(pool, marker),
        "remoteFS": home,
        "numExecutors": str(pool.executors),
        "mode": pool.mode.upper(),
    }
    launcher = [
        Element("workDirSettings", children=[Element(key, value) for key, value in _WORK_DIR.items()]),
        Element("webSocket", str(websocket).lower()),
    ]
    root = Element(
        "slave",
        children=[
            *[Element(key, value) for key, value in text.items()],
            Element("retentionStrategy", attrs={"class": "hudson.slaves.RetentionStrategy$Always"}),
            Element("launcher", children=launcher, attrs={"class": "hudson.slaves.JNLPLauncher"}),
            Element("label", _labels(pool)),
            Element("nodeProperties"),
        ],
    )
    body = to_text(root)
    return header(body) + body.lstrip("\n")


def form(pool: AgentPool, marker: NodeMarker, home: str, *, websocket: bool) -> str:
    """The same as the form of the page "New Node", which every version takes."""
    values = {
        "name": marker.node,
        "nodeDescription": _description(pool, marker),
        "numExecutors": str(pool.executors),
        "remoteFS": home,
        "labelString": _labels(pool),
        "mode": pool.mode.upper(),
        "type": "hudson.slaves.DumbSlave",
        "retentionStrategy": {"stapler-class": "hudson.slaves.RetentionStrategy$Always"},
        "nodeProperties": {"stapler-class-bag": "true"},
        "launcher": {"stapler-class": "hudson.slaves.JNLPLauncher", "webSocket": websocket},
    }
    return urlencode(
        {"name": marker.node, "type": "hudson.slaves.DumbSlave$DescriptorImpl", "json": json.dumps(values)}
    )
