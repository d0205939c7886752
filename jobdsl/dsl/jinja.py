"""Jinja2 as `template(...)` uses it: strict about names, sandboxed, and at peace with shell."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound, UndefinedError
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.sandbox import SandboxedEnvironment

from jobdsl.dsl.resolver import FileResolver
from jobdsl.errors import DslError, suggestion

__all__ = ["Renderer", "groovy_text"]

_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK = re.compile(r"\{%-?\s*raw\b.*?\bendraw\s*-?%\}|(\$\{#)|" + _TAG.pattern, re.DOTALL)


class _Shell(Extension):
    """Two of Jinja2's habits that break shell, taken from it; line numbers stay.

    `${#name}` is the length of a variable, not the beginning of a comment. And a tag at the end of a
    line that holds more than tags does not swallow the line's end.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        return _MARK.sub(_tamed, source)


def groovy_text(text: str) -> str:
    """A text as a literal of Groovy, in which nothing is filled in; one of several lines keeps them."""
    plain = text.replace("\\", "\\\\").replace("\r", "\\r")
    if "\n" not in plain:
        return "'" + plain.replace("'", "\\'") + "'"
    safe = re.sub(r"'(?=''|'?$)", r"\\'", plain)
    return f"'''{safe}'''"


def _tamed(match: re.Match[str]) -> str:
    mark, source = match[0], match.string
    if match[1]:
        return '{{ "${#" }}'
    line = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
    at_end = source.startswith("\n", match.end())
    if at_end and mark[-3] not in "+-" and _TAG.sub("", line).strip():
        return f"{mark[:-2]}+{mark[-2:]}"
    return mark


class _Environment(SandboxedEnvironment):
    def join_path(self, template: str, parent: str) -> str:
        assert isinstance(self.loader, _Loader)
        return self.loader.joined(template, parent)


class _Loader(BaseLoader):
    """Templates by their absolute paths."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.paths: set[str] = set()

    def joined(self, name: str, parent: str) -> str:
        """Return the template that `name` means in the template `parent`."""
        try:
            return FileResolver(self.root, os.path.dirname(parent)).find(name)
        except DslError as error:
            raise TemplateNotFound(name, error.message) from None

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        self.paths.add(template)
        return FileResolver(self.root, "").text(template), template, lambda: True


class Renderer:
    """Renders templates of one estate, each compiled once."""

    def __init__(self, root: str) -> None:
        self.loader = _Loader(root)
        self.environment = _Environment(
            loader=self.loader,
            undefined=StrictUndefined,
            autoescape=False,  # shell and Groovy, not HTML; our XML writer escapes what it writes
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            extensions=[_Shell],
        )
        self.environment.filters["quote"] = lambda value: shlex.quote(str(value))
        self.environment.filters["groovy"] = lambda value: groovy_text(str(value))

    def render(self, path: str, values: Mapping[str, Any]) -> str:
        """Return the template with its values. Raises DslError with the template's line."""
        try:
            return self.environment.get_template(path).render(values)
        except DslError:
            raise
        except TemplateSyntaxError as error:
            raise self._error(error.filename or path, error.lineno, error.message or "", "") from None
        except UndefinedError as error:
            hint = _undefined_hint(str(error), values)
            raise self._error(*self._place(error.__traceback__, path), str(error), hint) from None
        except TemplateNotFound as error:
            raise self._error(*self._place(error.__traceback__, path), error.message or "", "") from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            text = f"{type(error).__name__}: {error}"
            raise self._error(*self._place(error.__traceback__, path), text, "") from None

    def _error(self, path: str, line: int, message: str, hint: str) -> DslError:
        return DslError(f"{FileResolver(self.loader.root, '').shown(path)}:{line}: {message}", hint=hint)

    def _place(self, trace: TracebackType | None, path: str) -> tuple[str, int]:
        """Return the innermost template and its line; Jinja2 puts them into the traceback."""
        place = path, 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self.loader.paths:
                place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        return place


def _undefined_hint(message: str, values: Mapping[str, Any]) -> str:
    name = message.split("'")[1] if "'" in message else ""
    near = suggestion(name, values)
    return near or (
        f"give it: template(..., {name}=...)" if name.isidentifier() and "is undefined" in message else ""
    )
