"""Hints for an argument that an element or a kind of item does not have: what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from jobdsl.elements.kinds import Field
from jobdsl.errors import suggestion

if TYPE_CHECKING:
    from jobdsl.elements.base import Record

__all__ = ["meant"]

_SYNONYMS = {
    "agent": "label labels node nodes assigned_node runs_on",
    "steps": "builders build builder",
    "publishers": "post post_build publish reporters postbuilders",
    "wrappers": "build_wrappers buildwrappers environment",
    "triggers": "trigger when",
    "parameters": "params inputs",
    "scm": "sources",
    "sources": "scm",
    "keep": "num_to_keep discard discarder build_discarder retention keep_builds",
    "script_path": "jenkinsfile",
    "display_name": "title",
    "concurrent": "allow_concurrent parallel",
    "name": "id",
}
"""Arguments by other words for them: the value may stay."""
_OPPOSITES = {
    "disabled": "enabled enable active",
    "concurrent": "disable_concurrent_builds disable_concurrent no_concurrent_builds",
}
"""Arguments by words that mean the opposite."""
_MODULES = {
    "scm": "scm",
    "sources": "sources",
    "triggers": "triggers",
    "wrappers": "wrappers",
    "publishers": "publish",
    "steps": "steps",
    "properties": "properties",
}
"""The module of the elements that an argument takes."""
_ELEMENTS = {
    "cron": "schedule timer crontab",
    "poll_scm": "poll scm_poll polling",
    "git": "repo repository git_url url",
    "svn": "subversion",
    "shell": "command commands sh bash",
    "archive": "artifacts archive_artifacts",
    "mail": "email emails notify recipients",
    "junit": "tests test_results",
    "timeout": "timeout_minutes time_limit",
    "timestamps": "timestamper",
}
"""Elements by other words for them."""


def meant(owner: Record, word: str, value: Any, free: Sequence[Field]) -> str:
    """Return the hint for an argument `word` that was given a value; `free` are the fields not given yet."""
    names = [field.name for field in free]
    by_tag = next((field.name for field in free if field.tag and field.tag == word), "")
    if exact := by_tag or _synonym(_SYNONYMS, word, names):
        return f'did you mean "{exact}"?'
    if opposite := _synonym(_OPPOSITES, word, names):
        return _inverted(opposite, value)
    if word.lower() in ("days_to_keep", "keep_days") and "keep" in names:
        return f"write keep=misc.keep(days={_shown(value)})"
    if elsewhere := owner.kinds_with(word):
        return f"{' and '.join(elsewhere)} {'takes' if len(elsewhere) == 1 else 'take'} it"
    if hint := _element(owner, word, value, names):
        return hint
    return suggestion(word, names) or (f"it has: {', '.join(names)}" if names else "it has no other")


def _synonym(table: Mapping[str, str], word: str, names: Sequence[str]) -> str:
    synonyms = (name for name, others in table.items() if word.lower() in others.split() and name in names)
    return next(synonyms, "")


def _inverted(name: str, value: Any) -> str:
    """Return the hint for a word that means the opposite of the argument of that name."""
    return f"write {name}={not value}" if isinstance(value, bool) else f"write {name}=True or {name}=False"


def _element(owner: Record, word: str, value: Any, free: Sequence[str]) -> str:
    """Return how to write an element that the word is the name of, in the argument that takes it."""
    lowered = word.lower()
    name = next((name for name, others in _ELEMENTS.items() if lowered in others.split()), lowered)
    modules = {argument: module for argument, module in _MODULES.items() if _class(module, name) is not None}
    argument = next((argument for argument in modules if argument in owner._fields), "")
    if not argument:
        inside = modules and "script" in owner._fields
        return f"leave {word}= out: the Pipeline's script defines it" if inside else ""
    call = f"{modules[argument]}.{name}({_arguments(_class(modules[argument], name), value)})"
    if argument not in free:
        return f"add {call} to {argument}=" if argument != "scm" else f"leave one of scm= and {word}= out"
    return f"write {argument}={call}" if argument == "scm" else f"write {argument}=[{call}]"


def _class(module: str, name: str) -> Any:
    member = getattr(import_module(f"jobdsl.elements.{module}"), name, None)
    is_element = isinstance(member, type) and name in import_module(f"jobdsl.elements.{module}").__all__
    return member if is_element else None


def _arguments(cls: Any, value: Any) -> str:
    """Return the arguments of the call: the value where the element has one without a name."""
    if value is True and not any(field.first for field in cls._fields.values()):
        return ""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    takes_one = any(field.first for field in cls._fields.values())
    return _shown(value) if takes_one else "..."


def _shown(value: Any) -> str:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return repr(value) if plain and len(repr(value)) < 200 else "..."
