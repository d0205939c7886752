"""Policy: which team may define what (jobdsl.toml), checked in the parent process on finished documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from jobdsl.checks.findings import problem_of
from jobdsl.documents.aliases import canonical, tag_class
from jobdsl.documents.declared import dsl_call
from jobdsl.documents.elementgroups import is_known
from jobdsl.documents.references import References, look
from jobdsl.documents.roots import is_view_root
from jobdsl.documents.tree import class_name
from jobdsl.errors import Problem, XmlError
from jobdsl.grammar.labels import LabelError
from jobdsl.grammar.labels import parse as parse_label
from jobdsl.model import Definition
from jobdsl.settings.config import Settings, Team
from jobdsl.settings.words import ANY_VIEW, FORBIDDEN, GROUPS, KINDS

__all__ = ["check", "check_one", "kind_of"]

_WORDS = {tag_class(root): word for root, word in KINDS.items()}
"""What the DSL calls a kind of item or view, by its class."""
_CONTROLLER_LABELS = ("built-in", "master")
"""What Jenkins calls its own node, now and before 2.307."""


def kind_of(definition: Definition) -> str:
    """What a DSL file calls this kind of item or view; the root's class where it has no word for it."""
    java = tag_class(definition.root)
    return _WORDS.get(java, java)


def _kinds(definition: Definition, references: References, team: Team) -> list[str]:
    """The kinds of the item that the team may not define: of its root's tag, and of a class named there."""
    refused = []
    for java in references.kinds:
        word = _WORDS.get(java, java)
        names = (
            [word, java, class_name(definition.root)] if java == tag_class(definition.root) else [word, java]
        )
        if not any(map(team.may_use_kind, [*names, *([ANY_VIEW] if is_view_root(java) else [])])):
            refused.append(word)
    return refused


def _elements(references: References, team: Team) -> dict[str, list[str]]:
    """The elements that the team may not write, by the group that is refused; by itself where none is."""
    elements = (java for java in references.classes if canonical(java) not in references.kinds)
    groups: dict[str, set[str]] = {java: set() for java in (*elements, *references.unknown)}
    groups |= {java: {"unknown-classes"} for java in groups if not is_known(java)}
    for group, java in references.groups:
        groups.setdefault(java, set()).add(group)
    refused: dict[str, list[str]] = {}
    for java, own in groups.items():
        default = not team.is_limited or (FORBIDDEN.isdisjoint(own) and java not in references.unknown)
        if not team.may_use_element({java, canonical(java), dsl_call(java), *own}, default):
            group = min(own, key=_importance) if own else java
            refused.setdefault(group, []).append(_shown(java, references.groups.get((group, java), "")))
    return refused


def _importance(group: str) -> tuple[bool, str]:
    return group not in FORBIDDEN, group


def _shown(java: str, field: str) -> str:
    return f"{field} of {java}" if field else java


def check(definitions: Sequence[Definition], settings: Settings) -> list[Problem]:
    """Return every breach of the policy, each at the line that defined it."""
    return [
        problem for definition in definitions for problem in check_one(definition, look(definition), settings)
    ]


def check_one(
    definition: Definition, references: References | XmlError, settings: Settings
) -> Iterator[Problem]:
    """Yield every breach by one definition; `references` is what its document refers to."""
    teams = settings.teams_of(definition.where.file)
    if not teams:
        if settings.policy.default == "deny":
            yield _breach(
                definition,
                f"{definition.where.file} belongs to no team",
                "name it in a team's files= in jobdsl.toml",
            )
        return
    if isinstance(references, XmlError):
        yield _breach(definition, f"the document cannot be read: {references.message}", "")
        return
    reasons = [list(_reasons(definition, references, team)) for team in teams]
    if all(reasons):  # what any of the teams may define, the file may
        yield from (_breach(definition, message, hint) for message, hint in min(reasons, key=len))


def _reasons(definition: Definition, references: References, team: Team) -> Iterator[tuple[str, str]]:
    """Yield why this team may not define it."""
    subject = f"team {team.name}"
    if not team.may_define(definition.full_name):
        yield f"{subject} may not define this name", f"its folders: {_list(team.folders)}"
    if definition.renamed_from and not team.may_define(definition.renamed_from):
        yield (
            f"{subject} may not move {definition.renamed_from!r} here",
            f"its folders: {_list(team.folders)}",
        )
    for kind in _kinds(definition, references, team):
        yield f"{subject} may not define a {kind}", f"its kinds: {_list(team.kinds)}"
    for group, elements in _elements(references, team).items():
        why = f"{GROUPS[group]} ({group}); " if group in GROUPS else ""
        yield f"{subject} may not write {', '.join(elements)}", f"{why}its elements: {_list(team.elements)}"
    yield from _uses(references, team)


def _uses(references: References, team: Team) -> Iterator[tuple[str, str]]:
    """Yield what the definition takes of the controller and of the secrets file that is not the team's."""
    subject = f"team {team.name} may not use the"
    for identity in dict.fromkeys(references.credentials):
        if not team.may_use_credentials(identity):
            yield f"{subject} credentials {identity!r}", f"its credentials: {_list(team.credentials)}"
    for atom in _atoms(references):
        if not team.may_use_label(atom):
            yield f"{subject} label {atom!r}", f"its labels: {_list(team.labels)}"
    if references.is_on_controller and not any(map(team.may_use_label, _CONTROLLER_LABELS)):
        hint = "without an agent, and with canRoam not true, the controller runs it: agent=... names one"
        yield f"{subject} label {_CONTROLLER_LABELS[0]!r}", f"{hint}; its labels: {_list(team.labels)}"
    for text in () if team.may_use_label("") else _fits_others(references):
        why = f"{subject} label {text!r}: it fits agents with none of its labels"
        yield why, f"name those the job needs, as in {_example(team)}"
    for name in references.secret_names:
        if not team.may_use_secret(name):
            yield f"{subject} secret {name!r}", f"its secrets: {_list(team.secret_patterns)}"


def _atoms(references: References) -> list[str]:
    atoms: dict[str, None] = {}
    for text in references.labels:
        try:
            atoms |= dict.fromkeys(sorted(parse_label(text).atoms()))
        except LabelError:
            atoms[text] = None
    return list(atoms)


def _fits_others(references: References) -> Iterator[str]:
    """Yield the expressions that an agent without any of their labels fits, as `!linux` does."""
    for text in dict.fromkeys(references.labels):
        with suppress(LabelError):
            if parse_label(text).matches(()):
                yield text


def _example(team: Team) -> str:
    label = next((label for label in team.labels or () if re.fullmatch(r"[\w.-]+", label)), "mine")
    return f'"{label}&&!other"'


def _list(globs: Sequence[str] | None) -> str:
    return ", ".join(globs or ()) or "none"


def _breach(definition: Definition, message: str, hint: str) -> Problem:
    return problem_of(definition, "error", message, hint, "policy")
