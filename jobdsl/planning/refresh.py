"""Live documents: compared with their definitions, and shown as differences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from jobdsl.documents.compare import Comparison, compare
from jobdsl.documents.kept import keeps_own, with_own
from jobdsl.documents.marker import stripped
from jobdsl.documents.masking import masked_diff
from jobdsl.documents.tree import Node, parse
from jobdsl.documents.wording import summary_in_words
from jobdsl.errors import Problem, XmlError
from jobdsl.model import Definition
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.planning.inventory import Inventory, Key

__all__ = [
    "DIFFS",
    "diff",
    "diffs",
    "drift",
    "explained",
    "not_read",
    "owned",
    "shown",
]

DIFFS = 50
"""Differences fetched for one plan, unless asked for more."""
_NAMED = 5
"""Objects that a note names; the others are counted."""
DRIFT = "changed in Jenkins"
"""Prefix of the reason for a change that was made on the controller."""


def not_read(unreadable: Collection[Key]) -> Iterator[Problem]:
    """Yield the note that names documents which were not compared, as the user may not read them."""
    names = [name for _, name in unreadable]
    if not names:
        return
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    text = f"this user may not read the stored documents of {', '.join(names[:_NAMED])}{more}"
    hint = "with Job/ExtendedRead or Job/Configure, what was changed in Jenkins is found there too"
    yield Problem(text, hint=hint, severity="note", rule="plan")


def owned(definitions: Iterable[Definition], inventory: Inventory, seed: str) -> list[Key]:
    """List the objects that are up to date by their digests; only stored documents can show a change."""
    keys = []
    for definition in definitions:
        live = inventory.get(*definition.key)
        marker = live.marker if live else None
        if marker and (marker.seed, marker.digest) == (seed, definition.digest):
            keys.append(definition.key)
    return keys


def drift(definitions: Iterable[Definition], documents: Mapping[Key, bytes]) -> dict[Key, str]:
    """Describe what was changed in Jenkins, for each object that was changed."""
    drifted: dict[Key, str] = {}
    for definition in definitions:
        stored = documents.get(definition.key)
        if stored is None:
            continue
        changed = _compare(definition, stored)
        if changed and changed.drift:
            more = f" and {len(changed.drift) - 1} more" if len(changed.drift) > 1 else ""
            drifted[definition.key] = f"{DRIFT}: {changed.drift[0]}{more}"
    return drifted


def shown(plan: Plan, limit: int = DIFFS) -> list[Key]:
    """List the first `limit` objects whose documents change, by the names they have now."""
    origins = plan.origins()
    return [origins[change.key] for change in _rewritten(plan)[:limit]]


def explained(plan: Plan, documents: Mapping[Key, bytes]) -> Plan:
    """Add to the plan's reasons what changes in the documents at hand, and how many are not at hand."""
    origins = plan.origins()
    changes = tuple(_explained(change, documents.get(origins[change.key])) for change in plan.changes)
    unknown = sum(origins[change.key] not in documents for change in _rewritten(plan))
    note = [_not_compared(unknown, len(_rewritten(plan)))] if unknown else []
    return replace(plan, changes=changes, problems=(*plan.problems, *note))


def _explained(change: Change, stored: bytes | None) -> Change:
    rewritten = change.action in (Action.UPDATE, Action.ADOPT, Action.MOVE)
    if stored is None or not rewritten or change.reason.startswith(DRIFT):
        return change
    try:
        live, desired = parse(stored), parse(change.document)
    except XmlError:
        return change
    sent = _sent(desired, live, change.full_name)
    words = summary_in_words(compare(sent, live).root, stripped(sent))
    return replace(change, reason=f"{change.reason}: {words}") if words else change


def _not_compared(unknown: int, total: int) -> Problem:
    text = f"{unknown} of {total} documents that change were not compared with what is on the controller"
    hint = f"--diffs {total} compares them, where this user may read them"
    return Problem(text, hint=hint, severity="note", rule="plan")


def _rewritten(plan: Plan) -> list[Change]:
    """List the changes that replace a stored document."""
    return [change for change in plan.changes if change.action in (Action.UPDATE, Action.ADOPT, Action.MOVE)]


def diffs(
    plan: Plan, documents: Mapping[Key, bytes], limit: int = DIFFS, values: Mapping[str, str] | None = None
) -> dict[Key, list[str]]:
    """Compare the first `limit` documents that change with the stored ones; unified differences, as lines.

    Users that see jobs may not always read their documents: such a user's plan has no differences.

    `documents`: the stored ones, by the names that the objects have now. `values`: those of the secrets file,
    by name; they are hidden as every secret is.
    """
    origins = plan.origins()
    compared = {
        change.key: diff(change, documents.get(origins[change.key]), values)
        for change in _rewritten(plan)[:limit]
    }
    return {key: lines for key, lines in compared.items() if lines}


def diff(change: Change, stored: bytes | None, values: Mapping[str, str] | None = None) -> list[str]:
    """Return how a stored document would change; empty where only the marker would, or nothing is stored."""
    if stored is None:
        return []
    try:
        live, desired = parse(stored), parse(change.document)
    except XmlError:
        return ["(what is stored cannot be read as XML)"]
    sent = _sent(desired, live, change.full_name)
    return masked_diff(compare(sent, live).root, stripped(sent), change.full_name, values)


def _compare(definition: Definition, stored: bytes) -> Comparison | None:
    """Compare what an update would send with what is stored; None where one cannot be read."""
    try:
        live, desired = parse(stored), parse(definition.document)
    except XmlError:
        return None
    return compare(_sent(desired, live, definition.full_name), live)


def _sent(desired: Node, live: Node, name: str) -> Node:
    """Return what an update would send: the document, and what the object keeps."""
    return with_own(desired, live, name) if keeps_own(desired.tag) else desired
