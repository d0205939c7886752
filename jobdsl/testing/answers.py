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
from jobdsl.testing.resolver import TARGETS
from jobdsl.testing.routing import Router

__all__ = ["router"]


@cache
def router() -> Router:
    """The routes of all controllers."""
    from jobdsl.testing.controller import SimulatedJenkins  # it gets its routes from here

    routes = Router()
    add_system(routes, SimulatedJenkins)
    add_api(routes, [SimulatedJenkins, *TARGETS])
    add_items(routes, SimulatedJenkins)
    add_views(routes, SimulatedJenkins)
    add_builds(routes, SimulatedJenkins)
    add_computers(routes)
    add_agents(routes, SimulatedJenkins)
    return routes
