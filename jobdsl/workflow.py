"""What the commands do, step by step: load, check, look at the controller, plan. Nothing here is written to a controller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobdsl import config
from jobdsl.errors import ControllerError, EstateError, JobdslError, Problem
from jobdsl.model import Definition, Estate

if TYPE_CHECKING:
    from jobdsl.config import Settings
    from jobdsl.inventory import Inventory
    from jobdsl.jenkins import Controller
    from jobdsl.lint import Known
    from jobdsl.rendering import Renderer
    from jobdsl.secrets import Secrets

__all__ = [
    "Access",
    "Checked",
    "Findings",
    "check",
    "connect",
    "findings",
    "known_of",
    "problem_json",
    "render",
]


@dataclass(frozen=True, slots=True)
class Access:
    """Which controller, and who asks; empty where nothing was said."""

    url: str | None = None
    user: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What checking an estate found."""

    problems: list[Problem]
    checked: list[str]
    """Full names of everything that was looked at."""
    isolation: str = ""
    strict: bool = False
    """Whether warnings count as errors."""

    @property
    def failed(self) -> bool:
        """Whether anything stands in the way."""
        return any(
            one.severity == "error" or (self.strict and one.severity == "warning") for one in self.problems
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """An estate that loaded and passed lint and policy, and the controller it is meant for."""

    root: Path
    settings: Settings
    estate: Estate
    secrets: Secrets
    controller: Controller
    inventory: Inventory
    findings: Findings


def problem_json(one: Problem) -> dict[str, Any]:
    """A problem as JSON values."""
    place = {"file": one.where.file, "line": one.where.line} if one.where else {"file": None, "line": None}
    return {
        "severity": one.severity,
        "rule": one.rule,
        "job": one.job,
        **place,
        "message": one.message,
        "hint": one.hint,
    }


def render(root: Path, out: Path, isolation: str | None) -> tuple[Estate, Renderer, list[str]]:
    """Write all documents; gives the estate, what was written, and what of an earlier run was removed."""
    from jobdsl.load import load
    from jobdsl.rendering import Renderer
    from jobdsl.secrets import secrets_of

    settings = config.load(root)
    secrets = secrets_of(root, settings)
    renderer = Renderer(out)

    def write(one: Definition) -> None:
        filled = secrets.fill(one.document)
        renderer.write(one if filled is one.document else replace(one, document=filled))

    loaded = load(root, settings, on_definition=write, isolation=isolation)
    return loaded, renderer, renderer.finish()


def connect(access: Access, settings: Settings, threads: int = 8) -> Controller:
    """The controller that options, environment or jobdsl.toml name. Raises JobdslError when none does."""
    from jobdsl import jenkins

    url = access.url or settings.controller.url
    if not url:
        raise JobdslError(
            "no controller is named", hint="give --url, JENKINS_URL, or controller.url in jobdsl.toml"
        )
    return jenkins.connect(url, access.user, access.token, threads=threads)


def findings(root: Path, access: Access, isolation: str | None, plugins: Path | None) -> Findings:
    """Everything wrong with an estate, also where it does not load. Asks the controller only if one is named."""
    from jobdsl.load import load

    settings = config.load(root)
    try:
        estate = load(root, settings, isolation=isolation)
    except EstateError as error:
        return Findings(error.problems, [], strict=settings.lint.warn_as_error)
    controller = connect(access, settings) if access.url or settings.controller.url else None
    inventory = controller.inventory() if controller is not None else None
    return _findings(root, estate, settings, known_of(root, estate, settings, controller, inventory, plugins))


def check(root: Path, access: Access, isolation: str | None, threads: int = 8) -> Checked:
    """Load an estate, look at its controller, lint, and check policy.

    Raises EstateError with all problems when the estate does not load; findings of lint and policy
    are given back, whatever they are.
    """
    from jobdsl.load import load
    from jobdsl.secrets import secrets_of

    settings = config.load(root)
    controller = connect(access, settings, threads)
    estate = load(root, settings, isolation=isolation)
    inventory = controller.inventory()
    found = _findings(root, estate, settings, known_of(root, estate, settings, controller, inventory, None))
    return Checked(root, settings, estate, secrets_of(root, settings), controller, inventory, found)


def _findings(root: Path, estate: Estate, settings: Settings, known: Known) -> Findings:
    from jobdsl import lint, policy

    problems = [*estate.warnings, *policy.check(estate.definitions, settings)]
    problems += lint.lint(estate.definitions, known, settings.lint.ignore)
    names = [one.full_name for one in estate.definitions]
    return Findings(problems, names, estate.isolation, settings.lint.warn_as_error)


def known_of(
    root: Path,
    estate: Estate,
    settings: Settings,
    controller: Controller | None,
    inventory: Inventory | None,
    plugins: Path | None,
) -> Known:
    """What lint may take as given: from a saved list, from jobdsl.toml, and from the controller."""
    from jobdsl.lint import Known

    return Known(
        plugins=_plugins(root, settings, controller, plugins),
        items=None if inventory is None else {one.full_name for one in inventory if one.kind == "item"},
        labels=_labels(estate, settings, controller),
    )


def _plugins(
    root: Path, settings: Settings, controller: Controller | None, saved: Path | None
) -> Mapping[str, str] | None:
    from jobdsl.plugins import read_plugins

    if saved is None and settings.controller.plugins:
        saved = root / settings.controller.plugins
    if saved is not None:
        return read_plugins(saved)
    return None if controller is None else _allowed(controller.plugins)


def _labels(estate: Estate, settings: Settings, controller: Controller | None) -> frozenset[str] | None:
    from jobdsl.labels import split

    given = frozenset(settings.controller.labels)
    pools = [split(str(pool.get("label", ""))) for pool in estate.extra.get("pool", ())]
    if controller is None:
        return given.union(*pools) if given or pools else None
    asked = _allowed(controller.labels)
    return None if asked is None else given.union(asked, *pools)


def _allowed(ask: Callable[[], Any]) -> Any:
    """The answer, or None where the user may not ask: lint then leaves the question out."""
    try:
        return ask()
    except ControllerError as error:
        if error.status == 403:
            return None
        raise


def blocking(found: Findings, problems: Iterable[Problem]) -> Sequence[Problem]:
    """Every problem that keeps a plan from being applied."""
    severe = ("error", "warning") if found.strict else ("error",)
    return [one for one in found.problems if one.severity in severe] + [
        one for one in problems if one.severity == "error"
    ]
