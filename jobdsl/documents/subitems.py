"""Items that Jenkins keeps inside a job: no folder takes their documents, so no seed can write them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SUBITEMS", "Subitem"]


@dataclass(frozen=True, slots=True)
class Subitem:
    """A kind of item that belongs to a job."""

    name: str
    plural: str
    reason: str
    """A sentence that says why it is left out."""
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
SUBITEMS = {
    "hudson.plugins.promoted__builds.PromotionProcess": _PROMOTION,
    "matrix-config": _CONFIGURATION,
    "hudson.matrix.MatrixConfiguration": _CONFIGURATION,
    "maven2": _MODULE,
    "hudson.maven.MavenModule": _MODULE,
    "hudson.ivy.IvyModule": _MODULE,
}
"""By the root of the document."""
