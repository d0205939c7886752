"""An estate applied to a controller, and what a second run would still find to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobdsl.applying.apply import apply
from jobdsl.applying.readback import Verify
from jobdsl.checks.plugins import plugin_of
from jobdsl.controller.jenkins import connect
from jobdsl.controller.stored import fetch
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.dsl.items import Item
from jobdsl.errors import Problem, Where
from jobdsl.model import Definition, Estate
from jobdsl.planning import refresh
from jobdsl.planning.plan import plan
from jobdsl.settings.config import Removed
from jobdsl.testing import SimulatedJenkins

__all__ = ["Settled", "definition", "settle"]


@dataclass(frozen=True)
class Settled:
    """What a run reported, and what the next one would."""

    problems: list[Problem]
    """Of the run that applied the estate."""
    changes: list[str]
    """Of the second plan, as `action name: reason`."""
    drift: list[str]
    """Of the second plan with `--refresh`, as `name: difference`."""
    stored: dict[str, str]
    """The documents on the controller, by full name."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing was reported, and nothing is left to do."""
        return not (self.problems or self.changes or self.drift)


def definition(made: Item) -> Definition:
    """A definition of an item or view made in a test."""
    document = made.render()
    return Definition(made.full_name, parse(document).tag, document, Where("jobs.py", 1))


def settle(
    definitions: Sequence[Definition],
    jenkins: SimulatedJenkins,
    secrets: Secrets | None = None,
    verify: Verify = "all",
) -> Settled:
    """Apply an estate to a controller, and plan again, also with a look at the live documents."""
    estate = Estate(tuple(sorted(definitions, key=lambda one: one.full_name)))
    controller = connect(jenkins.url, jenkins.user, jenkins.token, sleep=lambda _: None)
    fill = (secrets or Secrets()).fill
    made = plan(estate, controller.inventory(), "main", Removed())
    assert made.errors == []
    result = apply(made, controller, workers=4, finish=fill, verify=verify, plugin_of=plugin_of)
    inventory = controller.inventory()
    again = plan(estate, inventory, "main", Removed())
    owned = refresh.owned(estate.definitions, inventory, "main")
    documents = fetch(controller, owned, 4)
    drift = refresh.drift(estate.definitions, documents)
    return Settled(
        result.problems,
        [f"{change.action} {change.full_name}: {change.reason}" for change in again.changes],
        [f"{name}: {what}" for (_, name), what in drift.items()],
        {name: document.decode() for (_, name), document in documents.items()},
    )
