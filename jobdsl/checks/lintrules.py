"""The rules of lint: each checks one definition, what its document refers to, and the estate around it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jobdsl.checks.documentrules import back_references, top_level
from jobdsl.checks.lookups import EstateIndex, Finding, Known, LintRule
from jobdsl.checks.pipelinerules import pipeline_steps
from jobdsl.checks.plugins import CORE, plugins_of
from jobdsl.checks.valuerules import VALUE_RULES
from jobdsl.documents.conversions import conversions_of
from jobdsl.documents.references import References
from jobdsl.errors import Severity
from jobdsl.grammar import cron, labels, names
from jobdsl.model import Definition

__all__ = ["RULES", "EstateIndex", "Finding", "Known", "LintRule"]


def _plugins(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Every element's plugin is installed."""
    plugins = estate.known.plugins
    if plugins is None:
        return
    for java in references.classes:
        enough = plugins_of(java)
        if not enough and "." in java:
            yield (
                "warning",
                f"no plugin is known for {java}",
                "Jenkins drops it silently where its plugin is missing",
            )
        elif enough and CORE not in enough and plugins.versions.keys().isdisjoint(enough):
            plugin = enough[0]
            if plugins.is_complete:
                hint = "install it, or leave the element out: Jenkins would drop it silently"
                yield "error", f"{java} needs the plugin {plugin}, which the controller does not have", hint
            else:
                hint = "another plugin may bring it along; name a complete list in JSON instead"
                yield (
                    "warning",
                    f"{java} needs the plugin {plugin}, which plugins.txt does not name",
                    hint,
                )


def _jobs(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Jobs named downstream, upstream or as source of artifacts exist."""
    on_controller = estate.known.items
    for kind, name in references.jobs:
        if "$" in name:
            continue
        words = {
            "downstream": "downstream job",
            "upstream": "upstream job",
            "copied": "job to copy artifacts from",
            "run": "job of a run parameter",
        }
        target = estate.named(name, "" if kind == "run" else definition.parent)
        if target is None and kind == "run" and (meant := estate.named(name, definition.parent)) is not None:
            text = f"the {words[kind]} {name!r} is not a full name, so the parameter offers no builds"
            yield "warning", text, f'write "{meant}"'
            continue
        if target is not None:
            if target in estate.holders:
                inside = sorted(other for other in estate.items.values() if other.startswith(f"{target}/"))
                hint = f'name a job in it, such as "/{inside[0]}"' if inside else "name a job in it"
                yield "error", f"the {words[kind]} {name!r} is a folder, which has no builds", hint
            continue
        near = estate.near(
            definition,
            "job",
            name,
            (other for other in estate.items.values() if other != definition.full_name),
        )
        if on_controller is None or estate.known.partial:
            elsewhere = "among what did not load" if estate.known.partial else "on the controller"
            yield (
                "warning",
                f"the {words[kind]} {name!r} is not in the estate",
                near or f"it may be {elsewhere}",
            )
        else:
            text = f"the {words[kind]} {name!r} exists neither in the estate nor on the controller"
            stored = estate.known.stored(definition)
            if stored is not None and (kind, name) in stored.jobs:
                hint = near or "remove the reference, if that job is not needed"
                yield "warning", f"{text}; this job on the controller refers to it all the same", hint
            else:
                yield "error", text, near


_SHOWN = 200
"""Characters of a schedule that a finding quotes."""


def _crons(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Schedules are what Jenkins understands, and can come true."""
    for spec in references.crons:
        for finding in cron.check(spec):
            shown = spec.strip()[:_SHOWN]
            yield finding.severity, f"schedule {shown!r}: {finding.message}", finding.hint


def _empty(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """No step is empty."""
    for java in references.empty:
        yield "warning", f"a {java.rpartition('.')[2]} step is empty", "give it a command, or remove it"


def _labels(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Label expressions can be read, and some agent or pool provides their labels."""
    provided = estate.known.labels
    for text in references.labels:
        if "$" in text:
            continue
        try:
            expression = labels.parse(text)
        except labels.LabelError as error:
            yield "error", f"label {text!r}: {error.message}", error.hint
            continue
        if provided is None or estate.known.partial:
            continue
        for atom in sorted(expression.atoms() - set(provided)):
            yield (
                "warning",
                f"no agent or pool provides the label {atom!r}",
                estate.near(definition, "label", atom, provided),
            )


def _folders(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """The folder an item lives in is defined, or on the controller."""
    parent = definition.parent
    if not parent or parent in estate.folders or parent in (estate.known.items or ()):
        return
    if estate.known.partial and names.key(parent) not in estate.items:
        return
    if (other := estate.items.get(names.key(parent))) is not None:
        yield "error", f"{other} is not a folder, so it cannot hold jobs", ""
    elif estate.known.items is None:
        yield (
            "warning",
            f"the folder {parent!r} is not in the estate",
            estate.near(definition, "folder", parent, estate.folders)
            or f'define it: folder("{parent}"), unless another seed or a user makes it',
        )
    else:
        hint = estate.near(definition, "folder", parent, estate.folders) or f'define it: folder("{parent}")'
        yield "error", f"the folder {parent!r} exists neither in the estate nor on the controller", hint


def _names(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Jenkins would take the name for a new item; what an old controller has may stay there."""
    if why := names.refusal(definition.name):
        if estate.is_there(definition):
            yield "note", f"its name is one Jenkins refuses today: {why}", ""
        else:
            yield "error", f"Jenkins refuses its name: {why}", names.way_out(definition.name)


def _renamed(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """A former name differs from the name, no item has it any more, and only one item names it."""
    if definition.is_view and definition.renamed_from:
        hint = "remove it: the view is made under its new name and the old one deleted, which loses no builds"
        yield "warning", "renamed_from has no effect on a view", hint
    if (why := estate.former_names.refusal(definition)) is not None:
        yield "error", *why


def _case(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """No two items whose names differ in letter case alone."""
    first = definition if definition.is_view else estate.first[names.key(definition.full_name)]
    if first is not definition:
        message = f"Jenkins takes it for the same name as {first.full_name!r} at {first.where}"
        yield "error", message, "give one another name, or remove it"


def _characters(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """No control characters that XML 1.0 cannot hold, and no byte order mark."""
    if "\ufeff" in definition.document:
        hint = "read the file with read_file, or with encoding='utf-8-sig'"
        yield "warning", "it holds a byte order mark, which a shell takes for part of the first word", hint
    if definition.document.startswith('<?xml version="1.1"'):
        yield (
            "warning",
            "it holds control characters, which only XML 1.1 can hold",
            "they are rarely meant: check for pasted terminal output",
        )


_ALIKE = 0.85
"""Likeness from which an unknown field is a known one misspelled: `comand`, `numToKep`, `artifact`.

Fields that a plugin renamed are less alike (`sonarRunnerName`, `sonarScannerName`: 0.84).
"""


_LONGEST_TAG = 100
"""Characters of a field that may be a misspelled one."""


def _fields(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """Elements have the fields of their class: Jenkins drops others without a word.

    A misspelled one is an error: it is nearly one that the class has and this element lacks. Any other
    is a warning: it may belong to another version of the plugin.
    """
    for java, tag, absent in references.strangers:
        old = conversions_of(java).get(tag)
        if old is not None and old.how != "lost":
            continue  # Jenkins reads it
        is_short = len(tag) <= _LONGEST_TAG and estate.may_compare(definition, len(absent))
        short = tag.lower() if is_short else ""
        near = difflib.get_close_matches(short, [name.lower() for name in absent], 1, _ALIKE)
        if near:
            right = next(name for name in sorted(absent) if name.lower() == near[0])
            yield "error", f"{java} has no field {tag}", f'did you mean "{right}"?'
        else:
            hint = estate.near(definition, java, tag, sorted(absent)) or "Jenkins drops it silently"
            hint = hint if old is None else f"its plugin has another field for it: write {old.into}"
            yield "warning", f"{java} has no field {tag} that is known", hint


def _secrets(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """No secret is in the estate in plain text; one known only by its name or form may be none."""
    for secret in references.secrets:
        severity: Severity = "error" if secret.kind == "declared" else "warning"
        line = f", line {secret.line}," if secret.line else ""
        label = "" if secret.is_whole else f" ({secret.label})"
        verb = "holds" if secret.kind == "declared" else "looks like"
        message = f"{secret.field} of {secret.owner}{line} {verb} a secret in plain text{label}"
        yield severity, message, _OUTSIDE, estate.place(secret, definition)


_OUTSIDE = (
    'put secret("a name") in its place (${jobdsl:secret:NAME} in a script file), and the value into the'
    " secrets file; or take it from Jenkins' credentials"
)


RULES: dict[str, LintRule] = {
    "missing-plugin": LintRule(_plugins, "classes"),
    "missing-step": LintRule(pipeline_steps, "pipelines"),
    "unknown-job": LintRule(_jobs, "jobs"),
    "bad-cron": LintRule(_crons, "crons"),
    "empty-step": LintRule(_empty, "empty"),
    "unknown-label": LintRule(_labels, "labels"),
    "unknown-folder": LintRule(_folders),
    "bad-name": LintRule(_names),
    "same-name": LintRule(_case),
    "renamed-from": LintRule(_renamed),
    "control-character": LintRule(_characters),
    "unknown-field": LintRule(_fields, "strangers"),
    "clear-secret": LintRule(_secrets, "secrets"),
    "not-top-level": LintRule(top_level),
    "dangling-reference": LintRule(back_references),
    **VALUE_RULES,
}
"""Rules by the names `lint.ignore` in jobdsl.toml takes (words.py has them, too)."""
