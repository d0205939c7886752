"""YAML files of Jenkins Job Builder, read by its own loader with the dangerous parts taken out.

Runs in the child process alone. Jenkins Job Builder constructs any Python object a tag names, runs Jinja2
without a sandbox and includes any file; here, tags of Python are errors, Jinja2 is sandboxed, and files
that are included lie in directories the user named.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import jinja2.meta
import yaml
from jenkins_jobs import yaml_objects
from jenkins_jobs.errors import JenkinsJobsException
from jenkins_jobs.loader import Loader
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["SafeLoader", "first_line", "load_file", "positions", "restrict"]

_MOST_VALUES = 500_000
"""Values of one file, with aliases written out."""
_LARGEST = 8 << 20
"""Bytes of one file."""
_PYTHON = "tag:yaml.org,2002:python/"


class SafeLoader(Loader):  # type: ignore[misc]
    """Jenkins Job Builder's loader without the tags that construct Python objects."""

    yaml_constructors = {
        tag: function
        for tag, function in Loader.yaml_constructors.items()
        if not (tag or "").startswith(_PYTHON)
    }
    yaml_multi_constructors = {
        tag: function
        for tag, function in Loader.yaml_multi_constructors.items()
        if not (tag or "").startswith(_PYTHON)
    }

    def _with_stream(self, stream: Any, source_path: Any, source_dir: Any) -> SafeLoader:
        return SafeLoader(stream, self.jjb_config, source_path, source_dir, self.anchors)

    def load(self, stream: Any, source_path: Any = None, source_dir: Any = None) -> Any:
        """Load one document; raise JenkinsJobsException for one with too many values."""
        try:
            data = super().load(stream, source_path, source_dir)
        except RecursionError:
            raise JenkinsJobsException("its values are nested too deeply") from None
        if _count(data, {}, set()) > _MOST_VALUES:
            raise JenkinsJobsException(
                f"it has more than {_MOST_VALUES} values, with its aliases written out"
            )
        return data


def _count(value: Any, known: dict[int, int], open_: set[int]) -> int:
    """Count the values in a value, those that aliases repeat each time."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) in known:
        return known[id(value)]
    if id(value) in open_:
        raise JenkinsJobsException("an alias refers to a value it is part of")
    open_.add(id(value))
    inner = [part for pair in value.items() for part in pair] if isinstance(value, dict) else list(value)
    known[id(value)] = total = 1 + sum(_count(part, known, open_) for part in inner)
    open_.discard(id(value))
    return total


def load_file(loader: SafeLoader, path: Path) -> Any:
    """Return the data of a file. Raises JenkinsJobsException, OSError, UnicodeDecodeError or YAMLError."""
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise JenkinsJobsException("it is no plain file")
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise JenkinsJobsException(f"it has more than {_LARGEST >> 20} MB")
    return loader.load(data.decode("utf-8-sig"), source_path=path, source_dir=path.parent)


def restrict(roots: list[Path]) -> None:
    """Sandbox Jinja2, and let files be included from these directories only."""

    def is_inside(path: Path) -> bool:
        return any(path.is_relative_to(root) for root in roots)

    class YamlFiles(jinja2.FileSystemLoader):
        def get_source(self, environment: jinja2.Environment, template: str) -> Any:
            for directory in self.searchpath:
                path = Path(directory, template).resolve()
                if path.is_file() and not is_inside(path):
                    raise JenkinsJobsException(
                        f"{template} is outside the directories that files are read from"
                    )
            return super().get_source(environment, template)

    original = yaml_objects.BaseYamlObject._find_file

    def find_file(self: Any, rel_path: str, pos: Any) -> Path:
        path: Path = original(self, rel_path, pos)
        real = path.resolve()
        if not is_inside(real):
            raise JenkinsJobsException(
                f"{rel_path} is outside the directories that files are read from: add its own with --include",
                pos=pos,
            )
        if real.stat().st_size > _LARGEST:
            raise JenkinsJobsException(f"{rel_path} has more than {_LARGEST >> 20} MB", pos=pos)
        return path

    yaml_objects.BaseYamlObject._find_file = find_file
    yaml_objects.jinja2 = SimpleNamespace(
        Environment=SandboxedEnvironment,
        FileSystemLoader=YamlFiles,
        StrictUndefined=jinja2.StrictUndefined,
        UndefinedError=jinja2.UndefinedError,
        meta=jinja2.meta,
    )


def first_line(error: BaseException) -> tuple[int, str]:
    """Return line and message of an error of YAML or Jenkins Job Builder; line 0 where there is none."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1 if mark else 0), str(error.problem or error.context or error)
    return 0, " ".join(str(error).split()) or type(error).__name__


def positions(error: JenkinsJobsException) -> Iterator[Any]:
    """Yield where an error happened, innermost first."""
    yield error.pos
    yield from (context.pos for context in reversed(error.ctx))
