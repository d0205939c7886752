"""Every path the simulated controller answers, put together once."""

from __future__ import annotations

from functools import cache

from jobdsl.testing.answers_agents import add_agents
from jobdsl.testing.answers_api import add_api
from jobdsl.testing.answers_builds import add_builds
from jobdsl.testing.answers_computers import add_computers
from jobdsl.testing.answers_items import add_items
from jobdsl.testing.answers_system import add_system
from jobdsl.testing.answers_views import add_views
from jobdsl.testing.exports import TARGETS
from jobdsl.testing.routing import Router
from jobdsl.testing.state import ControllerState

__all__ = ["router"]


@cache
def router() -> Router:
    """Return the routes of all controllers."""
    routes = Router()
    add_system(routes, ControllerState)
    add_api(routes, [ControllerState, *TARGETS])
    add_items(routes, ControllerState)
    add_views(routes, ControllerState)
    add_builds(routes, ControllerState)
    add_computers(routes)
    add_agents(routes, ControllerState)
    return routes
