"""Checks across the estate that no single job can do; pure, over definitions and what the controller has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jobdsl import cron, labels, names
from jobdsl.errors import Problem, Severity, XmlError, suggestion
from jobdsl.model import Definition
from jobdsl.plugins import plugin_of
from jobdsl.references import References, references

__all__ = ["RULES", "Known", "lint"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the controller; None where it was not asked."""

    plugins: Mapping[str, str] | None = None
    items: Collection[str] | None = None
    """Full names of items on the controller."""
    labels: Collection[str] | None = None
    """Labels its agents, and the estate's pools, provide."""


@dataclass(slots=True)
class _Estate:
    """What the rules look things up in."""

    known: Known
    items: dict[str, str] = field(default_factory=dict)
    """Defined full names by their key."""
    folders: set[str] = field(default_factory=set)
    _near: dict[tuple[str, str], str] = field(default_factory=dict)

    def near(self, kind: str, word: str, candidates: Iterable[str]) -> str:
        """A suggestion, looked for once for each word: a template repeats its mistakes in every job."""
        if (kind, word) not in self._near:
            self._near[kind, word] = suggestion(word, candidates)
        return self._near[kind, word]

    first: dict[str, Definition] = field(default_factory=dict)
    """The first item of each key."""


Rule = Callable[[Definition, References, _Estate], Iterator[tuple[Severity, str, str]]]


def lint(
    definitions: Sequence[Definition], known: Known | None = None, ignore: Iterable[str] = ()
) -> list[Problem]:
    """Everything the rules find, in the order of the definitions."""
    estate = _Estate(known or Known())
    for one in definitions:
        if not one.is_view:
            estate.items[names.key(one.full_name)] = one.full_name
            estate.first.setdefault(names.key(one.full_name), one)
            if one.is_folder:
                estate.folders.add(one.full_name)
    rules = {name: rule for name, rule in RULES.items() if name not in set(ignore)}
    return [problem for one in definitions for problem in _of_one(one, estate, rules)]


def _of_one(one: Definition, estate: _Estate, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    try:
        found = references(one.document)
    except XmlError as error:
        yield Problem(
            f"the document cannot be read: {error.message}",
            one.where,
            error.hint,
            "error",
            "xml",
            one.full_name,
        )
        return
    for name, rule in rules.items():
        for severity, message, hint in rule(one, found, estate):
            yield Problem(f"{one.full_name}: {message}", one.where, hint, severity, name, one.full_name)


def _plugins(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """Every element's plugin is installed."""
    plugins = estate.known.plugins
    if plugins is None:
        return
    for java in found.classes:
        plugin = plugin_of(java)
        if plugin is None and "." in java:
            yield (
                "warning",
                f"no plugin is known for {java}",
                "Jenkins drops it silently where its plugin is missing",
            )
        elif plugin and plugin not in plugins:
            near = estate.near("plugin", plugin, plugins)
            hint = near or "install it, or leave the element out: Jenkins would drop it silently"
            yield "error", f"{java} needs the plugin {plugin}, which the controller does not have", hint


def _jobs(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """Jobs named downstream, upstream or as source of artifacts exist."""
    on_controller = estate.known.items
    for kind, name in found.jobs:
        if "$" in name or _exists(name, one.parent, estate):
            continue
        words = {
            "downstream": "downstream job",
            "upstream": "upstream job",
            "copied": "job to copy artifacts from",
        }
        near = estate.near("job", name, estate.items.values())
        if on_controller is None:
            yield (
                "warning",
                f"the {words[kind]} {name!r} is not in the estate",
                near or "it may stand on the controller",
            )
        else:
            yield (
                "error",
                f"the {words[kind]} {name!r} exists neither in the estate nor on the controller",
                near,
            )


def _exists(name: str, folder: str, estate: _Estate) -> bool:
    """Whether a name means an item, from the folder or from the top; matrix cells stand for their job."""
    bare = name.split("/", 1)[0] if "=" in name else name
    for candidate in (names.resolve(bare, folder), names.resolve(bare, "")):
        if candidate and (names.key(candidate) in estate.items or candidate in (estate.known.items or ())):
            return True
    return False


def _crons(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """Schedules are what Jenkins understands, and can come true."""
    for spec in found.crons:
        for finding in cron.check(spec):
            yield finding.severity, f"schedule {spec.strip()!r}: {finding.message}", finding.hint


def _empty(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """No step is empty."""
    for java in found.empty:
        yield "warning", f"a {java.rpartition('.')[2]} step is empty", "give it a command, or remove it"


def _labels(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """Label expressions can be read, and some agent or pool provides their labels."""
    provided = estate.known.labels
    for text in found.labels:
        if "$" in text:
            continue
        try:
            expression = labels.parse(text)
        except labels.LabelError as error:
            yield "error", f"label {text!r}: {error.message}", error.hint
            continue
        if provided is None:
            continue
        for atom in sorted(expression.atoms() - set(provided)):
            yield (
                "warning",
                f"no agent or pool provides the label {atom!r}",
                estate.near("label", atom, provided),
            )


def _folders(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """The folder an item lives in is defined, or on the controller."""
    parent = one.parent
    if not parent or parent in estate.folders or parent in (estate.known.items or ()):
        return
    if (other := estate.items.get(names.key(parent))) is not None:
        yield "error", f"{other} is no folder, so nothing can live in it", ""
    elif estate.known.items is None:
        yield (
            "warning",
            f"the folder {parent!r} is not in the estate",
            estate.near("folder", parent, estate.folders),
        )
    else:
        hint = estate.near("folder", parent, estate.folders) or f'define it: folder("{parent}")'
        yield "error", f"the folder {parent!r} exists neither in the estate nor on the controller", hint


def _names(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """Jenkins would take the name for a new item."""
    if why := names.refusal(one.name):
        exists = one.full_name in (estate.known.items or ())
        yield ("note" if exists else "warning"), f"its name is one Jenkins refuses today: {why}", ""


def _case(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """No two items whose names differ in letter case alone."""
    first = one if one.is_view else estate.first[names.key(one.full_name)]
    if first is not one:
        message = f"Jenkins does not tell it from {first.full_name!r} at {first.where}"
        yield "error", message, "give one another name, or remove it"


def _characters(one: Definition, found: References, estate: _Estate) -> Iterator[tuple[Severity, str, str]]:
    """No control characters that XML 1.0 cannot hold."""
    if one.document.startswith('<?xml version="1.1"'):
        yield (
            "warning",
            "it holds control characters, which only XML 1.1 can hold",
            "they are rarely meant: look for pasted terminal output",
        )


RULES: dict[str, Rule] = {
    "missing-plugin": _plugins,
    "unknown-job": _jobs,
    "bad-cron": _crons,
    "empty-step": _empty,
    "unknown-label": _labels,
    "unknown-folder": _folders,
    "bad-name": _names,
    "same-name": _case,
    "control-character": _characters,
}
"""Rules by the names `lint.ignore` in jobdsl.toml takes."""
