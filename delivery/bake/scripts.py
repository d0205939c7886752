"""The scripts that put a package on a base, on an instance or in a change root; both take the same steps."""

from __future__ import annotations

import hashlib
import shlex
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

__all__ = ["digest", "read", "template"]

STEPS = "steps.sh.j2"
"""Install, run hooks, list what is installed, remove what belongs to one machine alone."""


def digest(*names: str) -> str:
    """Return a digest of scripts and the steps in them: it is part of an image's key."""
    return hashlib.sha256("".join(read(name) for name in (*names, STEPS)).encode()).hexdigest()


@cache
def template(name: str) -> jinja2.Template:
    """A script's template; what is not given to it is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - shell, not HTML
    )
    environment.filters["shell"] = _quoted
    return environment.get_template(name)


def _quoted(value: object) -> str:
    """Quote a value for the shell, always: shellcheck takes a plain word such as bake-1 for arithmetic."""
    text = shlex.quote(str(value))
    return text if text.startswith("'") else f"'{text}'"


@cache
def read(name: str) -> str:
    """Read a file next to this module."""
    return resources.files("delivery.bake").joinpath(name).read_text("utf-8")
