"""All definitions of some YAML files, each broken one left out and named.

Runs in the child process alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from jenkins_jobs.config import JJBConfig
from jenkins_jobs.errors import JenkinsJobsException
from jenkins_jobs.expander import YamlObjectsExpander
from jenkins_jobs.loc_loader import LocDict, LocList
from jenkins_jobs.roots import Roots, root_adders
from jenkins_jobs.yaml_objects import BaseYamlObject

from jobdsl.convert.exchange import YamlProblem
from jobdsl.convert.timer import TimeUp, limited
from jobdsl.convert.yamlfiles import SafeLoader, first_line, load_file, positions

__all__ = ["Problems", "YamlRoots", "place"]


class Problems:
    """Gathers what cannot be read."""

    def __init__(self) -> None:
        self.findings: list[YamlProblem] = []

    def add(self, pos: Any, message: str, *, subject: str = "", hint: str = "") -> None:
        """Note a problem at a position of a file; equal ones count once."""
        file = str(getattr(pos, "path", "") or "")
        line = getattr(pos, "line", -1) + 1
        finding = YamlProblem(
            file=file, line=line, message=" ".join(message.split())[:500], hint=hint, subject=subject
        )
        if finding not in self.findings:
            self.findings.append(finding)

    @contextmanager
    def caught(self, pos: Any, subject: str, seconds: float = 10.0) -> Iterator[None]:
        """Note any error as one problem, at its own position where it has one."""
        try:
            with limited(seconds):
                yield
        except JenkinsJobsException as error:
            where = next((position for position in positions(error) if getattr(position, "path", None)), pos)
            where = where if _is_file(where) else pos
            self.add(where, error.message, subject=subject, hint=_hint(error.message))
        except RecursionError:
            hint = "does a macro, a template or an included file use itself?"
            self.add(pos, "it is nested without an end", subject=subject, hint=hint)
        except MemoryError:
            self.add(pos, "it needs more memory than there is", subject=subject)
        except TimeUp:
            self.add(pos, f"it takes longer than {seconds:g} seconds", subject=subject)
        except Exception as error:  # noqa: BLE001  # whatever a module trips over is an error of its input
            self.add(
                pos,
                f"{type(error).__name__}: {first_line(error)[1]}",
                subject=subject,
                hint=_hint(str(error)),
            )


def _is_file(pos: Any) -> bool:
    return not str(getattr(pos, "path", "")).startswith("<")


def place(pos: Any) -> str:
    """Return a position as `file:line`, relative to the current directory."""
    return f"{os.path.relpath(pos.path)}:{pos.line + 1}"


def _hint(message: str) -> str:
    if message == "keywords must be strings":
        return "YAML reads `on`, `off`, `yes` and `no` as true and false: quote such a key"
    if message.startswith("Missing parameter"):
        name = message.partition("'")[2].partition("'")[0]
        return f"define `{name}` in the project, the template or its defaults"
    if message.startswith("Unknown entry point or macro"):
        return "give the file of the macro too, or install the package that has the component"
    if message.startswith("Failed to find suitable"):
        return "give the file that defines it too"
    if "does not exist in any of include directories" in message:
        return "name the directory it is relative to with --include"
    return ""


class YamlRoots(Roots):  # type: ignore[misc]
    """The definitions; of two with one name the first counts, and the other is a problem."""

    def __init__(self, config: JJBConfig, problems: Problems) -> None:
        super().__init__(config)
        self.config = config
        self.problems = problems
        self.loader = SafeLoader.empty(config)
        self._expander = YamlObjectsExpander(config)

    def assign(self, container: Any, id: Any, value: Any, element_type: str) -> None:
        """Keep a definition under its name."""
        if id in container:
            first = container[id].pos
            message = f"{element_type} {id} is defined a second time: the first is in {place(first)}"
            self.problems.add(
                value.pos, message, subject=f"{element_type} {str(id)!r}", hint="rename one of them"
            )
        else:
            container[id] = value

    def add_file(self, path: Path) -> None:
        """Read the definitions of a file."""
        pos = _Place(path, 0)
        try:
            with limited(30):
                data = load_file(self.loader, path)
        except yaml.YAMLError as error:
            line, message = first_line(error)
            self.problems.add(_Place(path, max(line, 1) - 1), message, subject="file")
            return
        except UnicodeDecodeError:
            self.problems.add(pos, "it is not UTF-8", subject="file")
            return
        except OSError as error:
            self.problems.add(pos, f"it cannot be read: {os.strerror(error.errno or 0)}", subject="file")
            return
        except (JenkinsJobsException, MemoryError, RecursionError, TimeUp, ValueError, TypeError) as error:
            self.problems.add(pos, first_line(error)[1], subject="file")
            return
        if data is None:
            return
        if not isinstance(data, LocList):
            hint = "a file of Jenkins Job Builder is a list of `- job:`, `- project:` and so on"
            self.problems.add(pos, "it is no list of definitions", subject="file", hint=hint)
            return
        for index, item in enumerate(data):
            where = data.value_pos[index]
            with self.problems.caught(where, "definition"):
                self._add(item, where)

    def _add(self, item: Any, pos: Any) -> None:
        if not isinstance(item, LocDict) or len(item) != 1:
            raise JenkinsJobsException(
                "a definition is a dict of one key, such as `job:`; is it indented?", pos=pos
            )
        kind, contents = next(iter(item.items()))
        if not isinstance(kind, str) or kind.startswith("_"):
            return
        adder: Callable[..., None] | None = root_adders.get(kind)
        if adder is None:
            raise JenkinsJobsException(
                f"`{kind}` is no kind of definition; those are {', '.join(root_adders)}", pos=pos
            )
        if isinstance(contents, BaseYamlObject):
            contents = contents.expand(self._expander, params={})
        if not isinstance(contents, dict):
            raise JenkinsJobsException(f"`{kind}` has no keys", pos=pos)
        adder(self.config, self, contents, item.pos)


class _Place:
    """A line of a file, as the positions of Jenkins Job Builder are."""

    def __init__(self, path: Path, line: int) -> None:
        self.path, self.line = path, line
