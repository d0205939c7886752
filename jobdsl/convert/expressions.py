"""Placeholders in the source of a document, replaced by parameters, calls of macros and lists. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobdsl.convert.placeholders import ANY, LIST, MACRO
from jobdsl.importer.families.expressions import Reference, text_of, text_value
from jobdsl.importer.literals import literal, quoted
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.secrets.placeholders import TOKEN

__all__ = ["Placeholders", "Unplaceable", "value_code"]


_SCHEDULED = {
    "hudson.triggers.TimerTrigger": "triggers.cron(",
    "hudson.triggers.SCMTrigger": "triggers.poll_scm(",
}


class Unplaceable(Exception):  # noqa: N818  # says what is the matter, as StopIteration does
    """A placeholder is where no expression can be."""


@dataclass(slots=True)
class Placeholders:
    """What stands for what in one document."""

    names: Mapping[str, str]
    """Names of parameters by placeholder."""
    macros: Mapping[str, Callable[[], tuple[Code, bool]]] = field(default_factory=dict)
    """Calls of macros by placeholder, and whether each gives a list."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Values of secrets by name: one with a placeholder in it is none."""

    def expression(self, code: Code) -> Code:
        """Return an expression with parameters in the place of placeholders. Raises Unplaceable."""
        if isinstance(code, str):
            return self._leaf(code)
        if code.start == "secret(":
            name = text_value(code.parts[0][1])
            value = self.secrets.get(name or "", "")
            return self.text(value) if ANY.search(value) else code
        if token := _token(code):
            component, is_list = self._component(token)
            if is_list:
                raise Unplaceable(token)
            return component
        if code.start == "element(" and (typed := self._trigger(code)) is not None:
            return typed
        if code.start == "[":
            items = [self._item(label, part) for label, part in code.parts]
            if len(items) == 1 and items[0][0] == "*":
                return items[0][1]
            return Brackets("[", items, "]")
        parts = [(self._label(label), self.expression(part)) for label, part in code.parts]
        if _has_token(code.start):
            raise Unplaceable(code.start)
        return Brackets(code.start, parts, code.end)

    def _trigger(self, code: Brackets) -> Code | None:
        """Return a trigger whose schedule is a parameter: a placeholder is no schedule a class takes."""
        tag = text_value(code.parts[0][1]) or ""
        fields = dict(code.parts[1:])
        if tag not in _SCHEDULED or not isinstance(fields.get("spec="), str):
            return None
        if fields.pop("ignorePostCommitHooks=", "False") != "False" or len(fields) != 1:
            return None
        return Brackets(_SCHEDULED[tag], [("", self.expression(fields["spec="]))])

    def text(self, text: str) -> Code:
        """Return a text with parameters in the place of placeholders."""
        text = TOKEN.sub(lambda match: self._secret(match[1], match[0]), text)
        pieces: list[tuple[bool, str]] = []
        end = 0
        for match in ANY.finditer(text):
            if match[0] not in self.names:
                continue
            if match.start() > end:
                pieces.append((False, text[end : match.start()]))
            pieces.append((True, self.names[match[0]]))
            end = match.end()
        if not pieces:
            return literal(text)
        if end < len(text):
            pieces.append((False, text[end:]))
        return Reference(pieces[0][1]) if len(pieces) == 1 else text_of(pieces)

    def _secret(self, name: str, token: str) -> str:
        value = self.secrets.get(name, "")
        return value if ANY.search(value) else token

    def _leaf(self, code: str) -> Code:
        if code in self.names:  # a number
            return Reference(self.names[code])
        if not (ANY.search(code) or TOKEN.search(code)):
            return code
        text = text_value(code)
        if text is None:
            raise Unplaceable(code)
        return self.text(text)

    def _label(self, label: str) -> str:
        if not _has_token(label):
            return label
        text = text_value(label.removesuffix(": "))
        if text is None:
            raise Unplaceable(label)
        return f"{self.text(text)}: "

    def _item(self, label: str, part: Code) -> tuple[str, Code]:
        token = _token(part)
        if token:
            code, is_list = self._component(token)
            return ("*" if is_list else label), code
        return self._label(label), self.expression(part)

    def _component(self, token: str) -> tuple[Code, bool]:
        if token in self.macros:
            return self.macros[token]()
        if token in self.names:
            return Reference(self.names[token]), True
        raise Unplaceable(token)


def _token(code: Code) -> str:
    """Return the placeholder that an element stands for; empty text for any other expression."""
    if isinstance(code, str) or code.start != "element(" or len(code.parts) != 1:
        return ""
    tag = text_value(code.parts[0][1]) or ""
    return tag if LIST.fullmatch(tag) or MACRO.fullmatch(tag) else ""


def _has_token(text: str) -> bool:
    return any(pattern.search(text) for pattern in (ANY, LIST, MACRO))


def value_code(value: Any, kind: str) -> Code:
    """Return the expression of a value that a call gives to a parameter of a kind."""
    if kind == "number":
        return str(int(value))
    if kind == "text":
        return literal(str(value))
    if isinstance(value, dict):
        return Brackets(
            "{", [(f"{quoted(key)}: ", value_code(element, "choice")) for key, element in value.items()], "}"
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Brackets("[", [("", value_code(element, "choice")) for element in value], "]")
    return literal(value) if isinstance(value, str) else repr(value)
