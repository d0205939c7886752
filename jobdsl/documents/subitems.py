"""Documents that no estate can hold: what Jenkins keeps inside a job or makes itself, and what is no item."""

from __future__ import annotations

from dataclasses import dataclass

from jobdsl.documents.tree import Node, parse
from jobdsl.errors import XmlError

__all__ = ["Subitem", "subitem_of"]


@dataclass(frozen=True, slots=True)
class Subitem:
    """A kind of document that belongs to a job, or to no item."""

    name: str
    plural: str
    reason: str
    """Why it is left out, as a sentence."""
    hint: str
    """What to do instead."""


_PROMOTION = Subitem(
    "promotion process",
    "promotion processes",
    "a promotion process belongs to its job, and Jenkins takes it as part of no folder",
    "where its job is, it stays as it is; on a new controller, POST its document to"
    " JOB/promotion/createProcess?name=NAME",
)
_CONFIGURATION = Subitem(
    "matrix configuration",
    "matrix configurations",
    "a matrix configuration belongs to its matrix job, and Jenkins makes it from the job's axes",
    "define the matrix job alone",
)
_MODULE = Subitem(
    "module of a Maven or Ivy job",
    "modules of Maven and Ivy jobs",
    "a module belongs to its job, and Jenkins makes it from what a build finds",
    "define the Maven or Ivy job alone",
)
_BRANCH = Subitem(
    "branch of a multibranch project",
    "branches of multibranch projects",
    "a job with BranchJobProperty belongs to its multibranch project, and Jenkins refuses changes of it (403)"
    " to everybody",
    "define the multibranch project alone; to have the job by itself, leave out that property and its"
    " SCMBinder",
)
_PAGE = Subitem(
    "HTML page",
    "HTML pages",
    "an HTML page is not a document of Jenkins; servers send one to refuse a request or ask for a login",
    "fetch config.xml again as a user who may read it (`curl -f` fails where the server refuses)",
)
_JENKINS = Subitem(
    "configuration of Jenkins itself",
    "configurations of Jenkins itself",
    "the configuration of Jenkins itself is not an item",
    "import the directory it is in: its jobs, and the views that it holds",
)
_BUILD = Subitem("build", "builds", "a build is not an item", "import the config.xml of its job")
_NODE = Subitem(
    "node", "nodes", "a node is not an item", "declare an agent pool instead, or leave it as it is"
)
_USER = Subitem("user", "users", "a user is not an item", "leave it as it is")
_CREDENTIALS = Subitem(
    "store of credentials",
    "stores of credentials",
    "a store of credentials is not an item",
    "leave it as it is: jobs name credentials by id",
)
_BRANCH_PROPERTY = "org.jenkinsci.plugins.workflow.multibranch.BranchJobProperty"
_SUBITEMS = {
    "hudson.plugins.promoted__builds.PromotionProcess": _PROMOTION,
    "matrix-config": _CONFIGURATION,
    "hudson.matrix.MatrixConfiguration": _CONFIGURATION,
    "maven2": _MODULE,
    "hudson.maven.MavenModule": _MODULE,
    "hudson.ivy.IvyModule": _MODULE,
    **dict.fromkeys(("html", "HTML"), _PAGE),
    **dict.fromkeys(("hudson", "hudson.model.Hudson", "jenkins.model.Jenkins"), _JENKINS),
    **dict.fromkeys(
        ("build", "flow-build", "matrix-build", "matrix-run", "hudson.model.FreeStyleBuild"), _BUILD
    ),
    **dict.fromkeys(("hudson.maven.MavenBuild", "hudson.maven.MavenModuleSetBuild"), _BUILD),
    **dict.fromkeys(("slave", "hudson.slaves.DumbSlave"), _NODE),
    **dict.fromkeys(("user", "hudson.model.User"), _USER),
    "com.cloudbees.plugins.credentials.SystemCredentialsProvider": _CREDENTIALS,
}
"""By the root of the document."""


def subitem_of(root: str, document: str | bytes) -> Subitem | None:
    """Return the kind of a document that is no item of its own; None for one that is, or cannot be read."""
    if root in _SUBITEMS:
        return _SUBITEMS[root]
    text = document if isinstance(document, str) else document.decode("latin-1")
    return _BRANCH if _BRANCH_PROPERTY in text and _has_branch(document) else None


def _has_branch(document: str | bytes) -> bool:
    try:
        properties = parse(document).find("properties") or Node("properties")
    except XmlError:
        return False
    return properties.find(_BRANCH_PROPERTY) is not None
