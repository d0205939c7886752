"""Who may define what: the rules of jobdsl.toml, checked in the parent over finished documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobdsl.checks.findings import problem_of
from jobdsl.documents.aliases import tag_class
from jobdsl.documents.references import References, look
from jobdsl.documents.tree import class_name
from jobdsl.errors import Problem, XmlError
from jobdsl.grammar.labels import LabelError
from jobdsl.grammar.labels import parse as parse_label
from jobdsl.model import Definition
from jobdsl.settings.config import Settings, Team
from jobdsl.settings.words import ANY_VIEW, KINDS

__all__ = ["check", "check_one", "kind_of"]

_WORDS = {tag_class(root): word for root, word in KINDS.items()}
"""What the DSL calls a kind of item or view, by its class."""


def kind_of(one: Definition) -> str:
    """What a DSL file calls this kind of item or view; the root's class where it has no word for it."""
    java = tag_class(one.root)
    return _WORDS.get(java, java)


def _may_be_this_kind(one: Definition, team: Team) -> bool:
    names = [kind_of(one), tag_class(one.root), class_name(one.root), *([ANY_VIEW] if one.is_view else [])]
    return any(map(team.may_use_kind, names))


def check(definitions: Sequence[Definition], settings: Settings) -> list[Problem]:
    """Every breach of the policy, each at the line that defined it."""
    return [problem for one in definitions for problem in check_one(one, look(one), settings)]


def check_one(one: Definition, found: References | XmlError, settings: Settings) -> Iterator[Problem]:
    """Every breach by one definition; `found` is what its document refers to."""
    teams = settings.teams_of(one.where.file)
    if not teams:
        if settings.policy.default == "deny":
            yield _breach(
                one, f"{one.where.file} belongs to no team", "name it in a team's files= in jobdsl.toml"
            )
        return
    if isinstance(found, XmlError):
        yield _breach(one, f"the document cannot be read: {found.message}", "")
        return
    reasons = [list(_reasons(one, found, team)) for team in teams]
    if all(reasons):  # what any of the teams may define, the file may
        yield from (_breach(one, message, hint) for message, hint in min(reasons, key=len))


def _reasons(one: Definition, found: References, team: Team) -> Iterator[tuple[str, str]]:
    """Why this team may not define it."""
    who = f"team {team.name}"
    if not team.may_define(one.full_name):
        yield f"{who} may not define this name", f"its folders: {_list(team.folders)}"
    if one.renamed_from and not team.may_define(one.renamed_from):
        yield f"{who} may not move {one.renamed_from!r} here", f"its folders: {_list(team.folders)}"
    if not _may_be_this_kind(one, team):
        yield f"{who} may not define a {kind_of(one)}", f"its kinds: {_list(team.kinds)}"
    for identity in dict.fromkeys(found.credentials):
        if not team.may_use_credentials(identity):
            yield (
                f"{who} may not use the credentials {identity!r}",
                f"its credentials: {_list(team.credentials)}",
            )
    for atom in _atoms(found):
        if not team.may_use_label(atom):
            yield f"{who} may not use the label {atom!r}", f"its labels: {_list(team.labels)}"


def _atoms(found: References) -> list[str]:
    atoms: dict[str, None] = {}
    for text in found.labels:
        try:
            atoms |= dict.fromkeys(sorted(parse_label(text).atoms()))
        except LabelError:
            atoms[text] = None
    return list(atoms)


def _list(globs: Sequence[str] | None) -> str:
    return ", ".join(globs or ()) or "none"


def _breach(one: Definition, message: str, hint: str) -> Problem:
    return problem_of(one, "error", message, hint, "policy")
