"""Values and places in a document that Jenkins accepts and that are mistakes; each check takes one element.

The checks are listed under the tag or the class of their elements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from jobdsl.documents.aliases import canonical
from jobdsl.documents.declared import slots_of
from jobdsl.documents.roots import REQUIRED_CHILDREN
from jobdsl.documents.tree import class_name
from jobdsl.errors import Severity
from jobdsl.grammar import javaregex

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["CHECKS", "MISTAKES", "Check", "Mistake"]

MISTAKES = (
    "bad-parameter",
    "bad-number",
    "empty-pipeline",
    "repeated-trigger",
    "bad-address",
    "bad-regex",
    "misplaced-element",
    "incomplete-item",
)
"""The rules that mistakes fall under."""


class Mistake(NamedTuple):
    """One mistake: the lint rule it falls under, how bad it is, what it is, and a hint."""

    rule: str
    severity: Severity
    message: str
    hint: str


Check: TypeAlias = "Callable[[etree._Element], Iterable[Mistake]]"


def _child(element: etree._Element, tag: str) -> etree._Element | None:
    """Return the first child of a tag; `find` parses its path first, which takes several times as long."""
    for child in element:
        if child.tag == tag:
            return child
    return None


def _text(element: etree._Element, tag: str) -> str:
    child = _child(element, tag)
    return "" if child is None else (child.text or "").strip()


def _number(text: str) -> int | None:
    """Return the number a text is; None for a variable, for nothing, and for what is no number."""
    try:
        return int(text)
    except ValueError:
        return None


def _parameters(element: etree._Element) -> Iterator[Mistake]:
    definitions = _child(element, "parameterDefinitions")
    if definitions is None:
        return
    counts: dict[str, int] = {}
    for parameter in definitions:
        java, named = class_name(str(parameter.tag)), _child(parameter, "name")
        if named is None:
            continue
        name = named.text or ""
        if java.endswith("SeparatorDefinition"):
            continue
        counts[name] = counts.get(name, 0) + 1
        if not name.strip():
            hint = "give it one: letters, digits, _"
            yield Mistake("bad-parameter", "warning", "a parameter has no name", hint)
        elif name.split() != [name]:
            hint = f'name it "{"_".join(name.split())}": with blanks it becomes no variable in a shell'
            yield Mistake("bad-parameter", "warning", f"the parameter {name!r} has blanks in its name", hint)
        if java == "hudson.model.ChoiceParameterDefinition" and not _choices(parameter):
            hint = "give it at least one choice"
            yield Mistake("bad-parameter", "warning", f"the choice parameter {name!r} has no choices", hint)
    for name, count in counts.items():
        if count > 1 and name.strip():
            hint = "rename or remove all but one: Jenkins takes the first"
            yield Mistake("bad-parameter", "warning", f"{count} parameters have the name {name!r}", hint)


def _choices(element: etree._Element) -> bool:
    return any((choice.text or "").strip() for choice in element.iterfind("choices//string"))


_KEPT = {"daysToKeep": ("days", 1), "numToKeep": ("builds", 1)} | {
    "artifactDaysToKeep": ("artifact_days", 0),
    "artifactNumToKeep": ("artifact_builds", 0),
}
"""Fields of a LogRotator, each with its argument and its least number; -1 is no limit."""


def _retention(element: etree._Element) -> Iterator[Mistake]:
    for child in element:
        name, least = _KEPT.get(str(child.tag), ("", 0))
        number = _number(child.text or "") if name and child.text != "-1" else None
        if number is not None and number < least and number != -1:
            hint = f"leave {name}= out to keep all, or give it {least} or more"
            yield Mistake("bad-number", "warning", f"{name}={number} is not a number of builds to keep", hint)


def _least(tag: str, least: int, unit: str) -> Check:
    """Return a check for a number that Jenkins raises, or takes for something else, below its least."""

    def check(element: etree._Element) -> Iterator[Mistake]:
        number = _number(_text(element, tag))
        if number is not None and number < least:
            hint = f"give {least} or more, or leave the timeout out"
            yield Mistake("bad-number", "warning", f"a timeout of {number} {unit} is too short", hint)

    return check


def _pipeline(element: etree._Element) -> Iterator[Mistake]:
    if element.find("definition") is None and element.getparent() is None:
        hint = 'give it script="...", or scm= for the Jenkinsfile of a repository'
        yield Mistake("empty-pipeline", "warning", "the Pipeline has neither a script nor a repository", hint)


def _triggers(element: etree._Element) -> Iterator[Mistake]:
    """Of two triggers of one class Jenkins runs one: it keeps them by class."""
    if len({child.tag for child in element}) == len(element):
        return
    counts = Counter(class_name(str(trigger.tag)) for trigger in element)
    for java, count in counts.items():
        if count < 2 or "." not in java:
            continue
        specs = [_text(trigger, "spec") for trigger in element if class_name(str(trigger.tag)) == java]
        lines = "\\n".join(dict.fromkeys(filter(None, specs)))
        hint = f'put all schedules into one: "{lines}"' if lines else "leave one of them"
        name = java.rpartition(".")[2]
        yield Mistake("repeated-trigger", "error", f"{count} triggers are a {name}; Jenkins runs one", hint)


def _address(tag: str, subject: str, argument: str) -> Check:
    def check(element: etree._Element) -> Iterator[Mistake]:
        if not _text(element, tag):
            hint = f"give {argument}= its address"
            yield Mistake("bad-address", "warning", f"{subject} has no address", hint)

    return check


_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PREFIX = re.compile(r"(?:cc|bcc|to|upstream-individuals):", re.IGNORECASE)


@lru_cache(maxsize=1000)
def _mail_addresses(text: str) -> tuple[Mistake, ...]:
    """Words of a list of recipients that are no addresses; a text with a variable may be anything."""
    if "$" in text:
        return ()
    plain = re.sub(r'(?:"[^"]*"|[^,;<>"]*)<([^<>]*)>', r" \1 ", text)
    words = [_PREFIX.sub("", word) for word in re.split(r"[\s,;]+", plain)]
    wrong = [word for word in words if word and not _MAIL.fullmatch(word)]
    if not wrong:
        return ()
    shown = ", ".join(map(repr, wrong[:3]))
    hint = "write whole addresses, such as team@example.com, with a blank or comma between them"
    return (Mistake("bad-address", "warning", f"{shown} is not a mail address", hint),)


def _recipients(element: etree._Element) -> tuple[Mistake, ...]:
    return _mail_addresses(element.text or "")


def _mailer(element: etree._Element) -> tuple[Mistake, ...]:
    return _mail_addresses(_text(element, "recipients"))


def _remotes(element: etree._Element) -> Iterator[Mistake]:
    remotes = _child(element, "userRemoteConfigs")
    if remotes is None or not len(remotes):
        yield Mistake("bad-address", "warning", "the Git repository has no address", "give url= its address")


def _regex(element: etree._Element) -> Iterator[Mistake]:
    text = element.text or ""
    if "$" in text and "${" in text:
        return
    if wrong := javaregex.problem(text):
        plain = text.replace("*", ".*") if "repeats nothing" in wrong else ""
        hint = f'for any text write ".*": "{plain}"' if plain and not javaregex.problem(plain) else ""
        hint = hint or "put a backslash before a sign that stands for itself"
        yield Mistake("bad-regex", "error", f"{text!r} is not a regular expression: {wrong}", hint)


_PLACES = {
    "builders": ("Step", "steps"),
    "prebuilders": ("Step", "pre_steps"),
    "postbuilders": ("Step", "post_steps"),
    "publishers": ("Publisher", "publishers"),
    "buildWrappers": ("Wrapper", "wrappers"),
    "triggers": ("Trigger", "triggers"),
    "properties": ("Property", "properties"),
}
_ARGUMENTS = dict(reversed(_PLACES.values()))


def _place(element: etree._Element) -> Iterator[Mistake]:
    """Yield a mistake for elements in a job's list that do not belong there."""
    slot, _ = _PLACES[str(element.tag)]
    wrong = [str(child.tag) for child in element if _is_misplaced(slot, str(child.tag))]
    parent = element.getparent()
    if not wrong or parent is None or parent.getparent() is not None:
        return
    for tag in wrong:
        where = " or ".join(
            f"{_ARGUMENTS[slot_name]}=" for slot_name in _slots(tag) if slot_name in _ARGUMENTS
        )
        hint = f"put it into {where}" if where else "take it out"
        message = f"{class_name(tag)} does not belong among the {element.tag!s}"
        yield Mistake("misplaced-element", "error", message, hint)


@lru_cache(maxsize=10_000)
def _is_misplaced(slot: str, tag: str) -> bool:
    return bool(_slots(tag)) and slot not in _slots(tag)


@lru_cache(maxsize=10_000)
def _slots(tag: str) -> tuple[str, ...]:
    return slots_of(class_name(tag))


def _triggers_and_places(element: etree._Element) -> Iterator[Mistake]:
    yield from _triggers(element)
    yield from _place(element)


def _required(tags: tuple[str, ...]) -> Check:
    """Return a check for the children of a root element without which Jenkins cannot load it."""

    def check(element: etree._Element) -> Iterator[Mistake]:
        missing = [tag for tag in tags if _child(element, tag) is None]
        if missing and element.getparent() is None:
            words = " and ".join(f"<{tag}/>" for tag in missing)
            message = f"it has no {words}, and Jenkins refuses the document (500)"
            yield Mistake("incomplete-item", "error", message, f"add {words}: empty is enough")

    return check


_TIMEOUT = "hudson.plugins.build_timeout.impl."
_REGEX_TAGS = (
    "includeRegex excludeRegex regex regexp regexpForFailed regexpForRerun tagRegex groupRegex "
    "triggeredBranchesRegex branchesAlwaysIncludedRegex"
)
_CHECKS: dict[str, Check] = {
    "hudson.model.ParametersDefinitionProperty": _parameters,
    "hudson.tasks.LogRotator": _retention,
    _TIMEOUT + "AbsoluteTimeOutStrategy": _least("timeoutMinutes", 3, "minutes"),
    _TIMEOUT + "NoActivityTimeOutStrategy": _least("timeoutSecondsString", 1, "seconds without output"),
    _TIMEOUT + "ElasticTimeOutStrategy": _least("timeoutPercentage", 1, "percent of the usual time"),
    "flow-definition": _pipeline,
    "hudson.plugins.git.UserRemoteConfig": _address("url", "a Git repository", "url"),
    "hudson.plugins.git.GitSCM": _remotes,
    "hudson.tasks.Mailer": _mailer,
    "recipientList": _recipients,
    "replyTo": _recipients,
    "jenkins.plugins.git.GitSCMSource": _address("remote", "a Git repository", "url"),
    "hudson.scm.SubversionSCM$ModuleLocation": _address("remote", "a Subversion repository", "url"),
    **{java: _required(tags) for java, tags in REQUIRED_CHILDREN.items()},
    **dict.fromkeys(_PLACES, _place),
    "triggers": _triggers_and_places,
    **dict.fromkeys(_REGEX_TAGS.split(), _regex),
}
CHECKS = {canonical(name): check for name, check in _CHECKS.items()}
"""Checks by tag, or by the name of a class under which all its names are one."""
