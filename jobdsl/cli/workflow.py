"""The steps of the commands: load, check, read the controller, plan.

Nothing here is written to a controller.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.cli.known import known_for
from jobdsl.errors import EstateError, JobdslError, Problem, Where, XmlError
from jobdsl.model import Definition, Estate
from jobdsl.settings import config

if TYPE_CHECKING:
    from jobdsl.checks.lint import Known
    from jobdsl.controller.jenkins import Controller
    from jobdsl.documents.secrets import Secrets
    from jobdsl.planning.inventory import Inventory
    from jobdsl.planning.still_used import Use
    from jobdsl.settings.config import Settings

__all__ = [
    "Access",
    "Checked",
    "Findings",
    "Rendered",
    "check",
    "connect",
    "findings",
    "render",
]


@dataclass(frozen=True, slots=True)
class Access:
    """Which controller, and as which user; empty where not specified."""

    url: str | None = None
    user: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What checking an estate found."""

    problems: list[Problem]
    checked: list[str]
    """Full names of everything that was looked at."""
    isolation: str = ""
    no_policy: str = ""
    """Why there is no policy, for the user of the command; empty where a file may hold one."""
    strict: bool = False
    """Whether warnings count as errors."""
    uses: Sequence[Use] = ()
    """References of the definitions to jobs."""
    others: Mapping[str, int] = field(default_factory=dict)
    """How many definitions of other kinds were checked, as in `{"pool": 3}`."""

    @property
    def failed(self) -> bool:
        """Whether anything stands in the way."""
        return any(
            problem.severity == "error" or (self.strict and problem.severity == "warning")
            for problem in self.problems
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An estate that loaded and passed lint and policy, and the controller it is meant for."""

    root: Path
    settings: Settings
    estate: Estate
    secrets: Secrets
    controller: Controller
    inventory: Inventory
    findings: Findings


@dataclass(frozen=True, slots=True)
class Rendered:
    """What `render` did."""

    estate: Estate
    written: Sequence[str]
    """Names of the files, below the directory."""
    removed: Sequence[str]
    """Names of the files of an earlier run that were removed."""


def render(root: Path, out: Path, isolation: str | None) -> Rendered:
    """Load an estate, check its policy, and write all of its documents, or none.

    Each is written as it comes, and none is kept; all are put into place when all are in order.
    """
    from jobdsl.checks import policy
    from jobdsl.documents.rendering import DocumentWriter
    from jobdsl.documents.secrets import secrets_of
    from jobdsl.loading.load import load

    settings = config.load(root)
    secrets = secrets_of(root, settings)
    has_policy = bool(settings.teams) or settings.policy.default == "deny"
    breaches: list[Problem] = []
    failures: list[JobdslError] = []

    def take(definition: Definition) -> None:
        if has_policy:
            breaches.extend(policy.check([definition], settings))
        try:
            filled = _filled(definition, secrets)
            if not failures and not breaches:
                writer.stage(filled, private=filled is not definition)
        except JobdslError as error:
            failures.append(error)  # those of the estate come first

    with DocumentWriter(out, root) as writer:
        estate = load(root, settings, on_definition=take, isolation=isolation)
        if any(problem.severity == "error" for problem in breaches):
            raise EstateError(sorted(breaches, key=_place))
        if failures:
            raise min(failures, key=_place)  # whichever process came first
        return Rendered(estate, *writer.commit())


def _place(error: Problem | JobdslError) -> Where:
    return error.where or Where("", 0)


def _filled(definition: Definition, secrets: Secrets) -> Definition:
    """Return a definition with the values of its secrets. Raises JobdslError at its line."""
    try:
        document = secrets.fill(definition.document)
    except JobdslError as error:
        raise JobdslError(error.message, hint=error.hint, where=error.where or definition.where) from None
    return definition if document is definition.document else replace(definition, document=document)


def show(root: Path, full_name: str, isolation: str | None, *, view: bool = False) -> Definition:
    """Load an estate and return one of its definitions. Raises JobdslError when it has none of the name."""
    from jobdsl.errors import suggestion
    from jobdsl.loading.load import load

    estate = load(root, config.load(root), isolation=isolation)
    definitions = [
        definition
        for definition in estate.definitions
        if definition.full_name == full_name and (definition.is_view or not view)
    ]
    if not definitions:
        kind = "view" if view else "item or view"
        names = [definition.full_name for definition in estate.definitions]
        raise JobdslError(f'the estate defines no {kind} "{full_name}"', hint=suggestion(full_name, names))
    return min(definitions, key=lambda definition: definition.is_view)


def connect(access: Access, settings: Settings, threads: int = 8) -> Controller:
    """The controller that options, environment or jobdsl.toml name. Raises JobdslError when none does."""
    from jobdsl.controller import jenkins

    url = access.url or settings.controller.url
    if not url:
        raise JobdslError(
            "no controller is named", hint="give --url, JENKINS_URL, or controller.url in jobdsl.toml"
        )
    return jenkins.connect(url, access.user, access.token, threads=threads)


def findings(
    root: Path, access: Access, isolation: str | None, plugins: Path | None, *, offline: bool = False
) -> Findings:
    """Return everything wrong with an estate, also where it does not load.

    The controller is asked only if one is named, and never with `offline`.
    """
    from jobdsl.loading.collector import LoadError
    from jobdsl.loading.load import load

    settings = config.load(root)
    not_loaded: list[Problem] = []
    try:
        estate = load(root, settings, isolation=isolation)
    except LoadError as error:
        estate, not_loaded = error.estate, error.problems
    except EstateError as error:
        return Findings(problems=error.problems, checked=[], strict=settings.lint.warn_as_error)
    named = not offline and (access.url or settings.controller.url)
    controller = connect(access, settings) if named else None
    inventory = controller.inventory() if controller is not None else None
    known = known_for(root, estate, settings, controller, inventory, plugins)
    result = _findings(root, estate, settings, known, settings.lint.ignore, not_loaded)
    if inventory is not None and not estate.partial:
        result.problems.extend(_still_used(estate, inventory, settings, result.uses))
    return result


def _still_used(
    estate: Estate, inventory: Inventory, settings: Settings, uses: Sequence[Use]
) -> list[Problem]:
    """References to jobs that the next `apply` would take away."""
    from jobdsl.planning import plan as planning
    from jobdsl.planning.still_used import RULE

    seed = settings.seed
    result = planning.plan(estate, inventory, seed.name, settings.removed, uses=uses, folders=seed.folders)
    return [problem for problem in result.problems if problem.rule == RULE]


def check(root: Path, access: Access, isolation: str | None, threads: int = 8) -> Checked:
    """Load an estate, read its controller, lint, and check policy, but for what planning decides.

    Raises EstateError with all problems when the estate does not load; findings of lint and policy
    are given back, whatever they are.
    """
    from jobdsl.controller.hidden_views import with_hidden_views
    from jobdsl.documents.secrets import secrets_of
    from jobdsl.loading.collector import LoadError
    from jobdsl.loading.load import load
    from jobdsl.planning import plan as planning

    settings = config.load(root)
    controller = connect(access, settings, threads)
    not_loaded: list[Problem] = []
    try:
        estate = load(root, settings, isolation=isolation)
    except LoadError as error:
        estate, not_loaded = error.estate, error.problems
    inventory = with_hidden_views(estate.definitions, controller.inventory(), controller, threads)
    known = known_for(root, estate, settings, controller, inventory, None)
    ignore = (*settings.lint.ignore, *planning.RULES)
    result = _findings(root, estate, settings, known, ignore, not_loaded)
    if not_loaded:
        raise EstateError(result.problems)
    return Checked(
        root=root,
        settings=settings,
        estate=estate,
        secrets=secrets_of(root, settings),
        controller=controller,
        inventory=inventory,
        findings=result,
    )


def _findings(
    root: Path,
    estate: Estate,
    settings: Settings,
    known: Known,
    ignore: Iterable[str],
    not_loaded: Sequence[Problem] = (),
) -> Findings:
    """Yield everything wrong with the definitions, after the problems of those that did not load."""
    from jobdsl.checks import extensions
    from jobdsl.checks.effort import Effort
    from jobdsl.checks.exceptions import without_exceptions
    from jobdsl.checks.lint import Linter
    from jobdsl.checks.policy import check_one
    from jobdsl.checks.sourcelines import SourceLines
    from jobdsl.documents.references import look
    from jobdsl.planning.still_used import uses

    def check_definition(definition: Definition) -> Iterator[Problem]:
        links = look(definition)
        if not isinstance(links, XmlError):  # else lint reports it
            all_uses.extend(uses(definition, links))
            yield from check_one(definition, links, settings)
        yield from linter.check(definition, links)

    lines = SourceLines(root)
    linter = Linter(estate.definitions, known, ignore, lines)
    problems = [*(not_loaded or estate.warnings), *extensions.check(root, estate, settings)]
    if known.items is not None and known.plugins is None and "missing-plugin" not in ignore:
        problems.append(_UNKNOWN_PLUGINS)
    all_uses: list[Use] = []
    effort = Effort(settings.lint.file_timeout_seconds, time.monotonic)
    for definition in estate.definitions:
        problems += effort.bounded(definition, check_definition(definition))
    problems += linter.check_together()
    sources = lines.of(sorted({definition.where.file for definition in estate.definitions}))
    problems = without_exceptions(problems, sources, linter.checked)
    names = [definition.full_name for definition in estate.definitions]
    return Findings(
        problems=problems,
        checked=names,
        isolation=estate.isolation,
        no_policy=no_policy(root),
        strict=settings.lint.warn_as_error,
        uses=all_uses,
        others={kind: len(values) for kind, values in estate.extra.items() if values},
    )


def no_policy(root: Path) -> str:
    """Return a note that the estate has no policy; empty where a file may hold one."""
    return "" if (root / config.CONFIG_FILE).exists() else _NO_POLICY


_NO_POLICY = f"there is no {config.CONFIG_FILE}, so there is no policy: every file may define anything"
_UNKNOWN_PLUGINS = Problem(
    "the rules missing-plugin and missing-step were left out:"
    " this user may not list the controller's plugins",
    hint='give it the permission "Overall/SystemRead" (off in a default Jenkins), or name a saved list:'
    " --plugins or controller.plugins in jobdsl.toml (jobdsl bootstrap --save-plugins writes one)",
    severity="note",
    rule="missing-plugin",
)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file, and the directories it lies in. Raises JobdslError when that fails.

    A `private` one is for its owner alone.
    """
    from jobdsl.documents.outdir import write_file

    try:
        write_file(path, text, private=private)
    except OSError as error:
        raise JobdslError(f"{path}: cannot be written: {error.strerror}") from None
