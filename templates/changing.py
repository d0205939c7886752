"""Templates of single changes between deploys: the size of a group, its traffic, one instance."""

from __future__ import annotations

from typing import Any, Unpack

from jobdsl import freestyle, params

from .after_deploy import acting
from .options import ActParts

__all__ = ["resize", "terminate", "traffic"]


def _group() -> Any:
    return params.string("GROUP", description="Group of the cluster", trim=True)


def resize(name: str, *, cluster: str, **parts: Unpack[ActParts]) -> freestyle:
    """Make a job that changes the size of a group, and waits until what was added is healthy.

    Parameters: GROUP, MIN, DESIRED and MAX; what is empty stays as it is. The parameters are
    as in `deploy`.
    Parts to replace by name: prepare, resize (steps); group, min, desired, max; timestamps, timeout, access;
    artifacts, mail, slack.
    """
    parameters = {"group": _group()}
    for part, about in (("min", "Least size"), ("desired", "Size now"), ("max", "Greatest size")):
        parameters[part] = params.string(part.upper(), description=f"{about}; as it is if empty", trim=True)
    return acting(
        name, "resize", f"Resizes groups of {cluster}", cluster, parts, resize, parameters=parameters
    )


def traffic(name: str, *, cluster: str, **parts: Unpack[ActParts]) -> freestyle:
    """Make a job that gives a group traffic, or takes it out and keeps it as it is.

    Parameters: GROUP and DIRECTION. It refuses to take out what serves last. The parameters are as
    in `deploy`.
    Parts to replace by name: prepare, traffic (steps); group, direction; timestamps, timeout, access;
    artifacts, mail, slack.
    """
    directions = params.choice("DIRECTION", ["on", "off"], description="Whether it takes traffic")
    parameters = {"group": _group(), "direction": directions}
    about = f"Switches traffic of groups of {cluster}"
    return acting(name, "traffic", about, cluster, parts, traffic, parameters=parameters)


def terminate(name: str, *, cluster: str, **parts: Unpack[ActParts]) -> freestyle:
    """Make a job that ends one instance of a cluster, and waits until another has taken its place.

    Parameter: INSTANCE. The parameters are as in `deploy`.
    Parts to replace by name: prepare, terminate (steps); instance; timestamps, timeout, access; artifacts,
    mail, slack.
    """
    parameters = {"instance": params.string("INSTANCE", description="Id of the instance", trim=True)}
    about = f"Ends instances of {cluster}"
    return acting(name, "terminate", about, cluster, parts, terminate, parameters=parameters)
