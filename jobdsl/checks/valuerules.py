"""Rules of lint about values: jobs that views show, secrets without a value, what a document shows."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

from jobdsl.checks.lookups import Check, EstateIndex, Finding, LintRule
from jobdsl.documents.mistakes import MISTAKES
from jobdsl.documents.references import References
from jobdsl.grammar import names
from jobdsl.model import Definition
from jobdsl.secrets.placeholders import SECRET_START, TOKEN

__all__ = ["VALUE_RULES"]


def _shown(definition: Definition, references: References, estate: EstateIndex) -> Iterator[Finding]:
    """The jobs a view shows by name exist: Jenkins leaves others out without a word."""
    if estate.known.partial:
        return
    folder = (
        definition.full_name if definition.is_folder else definition.parent
    )  # a folder's document holds views of its own
    for name in dict.fromkeys([*references.listed, *references.shown]):
        if "$" in name:
            continue
        target = estate.named(name, folder)
        if target is None:
            near = estate.near(definition, "job", name, estate.items.values())
            hint = near or "remove it from the view, or define it"
            yield "warning", f"it shows the job {name!r}, which does not exist", hint
        elif name in references.listed and names.key(target) != names.key(names.join(folder, name)):
            text = f"it lists the job {name!r}, and shows nothing: a view names jobs from its own folder"
            yield "warning", text, _from_folder(target, folder)
        elif name in references.flat:
            text = f"it lists the job {name!r}, and shows nothing: it does not include folders"
            yield "warning", text, "give the view recurse=True, or make it in that folder"


def _from_folder(target: str, folder: str) -> str:
    """Return how a view in a folder lists an item."""
    name = target[len(folder) + 1 :] if folder else target
    if folder and not target.startswith(f"{folder}/"):
        return f'make the view in "{names.parent(target)}"' if "/" in target else "make the view at the top"
    return f'write "{name}"' + (" and recurse=True" if "/" in name else "")


def _secrets_known(definition: Definition, _: References, estate: EstateIndex) -> Iterator[Finding]:
    """Every `secret("name")` has a value."""
    if SECRET_START not in definition.document:
        return
    known = estate.known.secrets
    for name in dict.fromkeys(unescape(token) for token in TOKEN.findall(definition.document)):
        if known is None:
            hint = 'name the file: secrets = "../secrets.json" in jobdsl.toml, or JOBDSL_SECRETS'
            yield "warning", f"the secret {name!r} has no value: there is no secrets file", hint
        elif name not in known:
            hint = estate.near(definition, "secret", name, known) or f'add "{name}" to the secrets file'
            yield "error", f"the secret {name!r} has no value in the secrets file", hint


def _mistakes(rule: str) -> Check:
    """What is wrong in the document itself, by rule."""

    def check(_: Definition, references: References, *__: EstateIndex) -> Iterator[Finding]:
        return (mistake[1:] for mistake in references.mistakes if mistake.rule == rule)

    return check


VALUE_RULES: dict[str, LintRule] = {
    "unknown-shown-job": LintRule(_shown),
    "missing-secret": LintRule(_secrets_known),
    **{rule: LintRule(_mistakes(rule), "mistakes") for rule in MISTAKES},
    "trigger-cycle": LintRule(lambda *_: iter(()), "jobs"),  # over the whole estate: cycles.py
}
"""Rules by name, in the order they are checked."""
