"""The stages of a Pipeline: named, in order, and written as Groovy whenever one of them changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import groupby
from typing import Any

from jobdsl import DslError, pipeline, template
from jobdsl.errors import suggestion

__all__ = ["Stage", "StageCredentials", "Stages", "written"]


@dataclass(frozen=True)
class StageCredentials:
    """A user and a password that a stage gets, and the variables it gets them in."""

    id: str
    user: str
    password: str


@dataclass(frozen=True)
class Stage:
    """One stage: a shell script with what surrounds it, or Groovy."""

    name: str
    script: str = ""
    _: KW_ONLY
    groovy: str = ""
    """Taken instead of a script."""
    on_agent: bool = True
    """Whether it holds an executor; what waits for people does not."""
    access: StageCredentials | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables, and the Groovy variables that hold their values."""
    results: str = ""
    archive: str = ""
    stash: tuple[str, str] | None = None
    unstash: str = ""
    lock: str = ""
    """Only one build at a time is in stages with this lock."""
    image_from: str = ""
    """The properties file with the image of the later stages."""
    only: str = ""
    """The Groovy condition it runs under."""
    otherwise: str = ""
    """The script for a canary that was not promoted."""
    may_wait: bool = False
    """Whether it may leave a canary that waits to be decided on; `waits` has the answer afterwards."""

    report: str = ""
    """The directory with the name and the description that its run gives the build."""

    @property
    def keeps(self) -> bool:
        """Whether something is kept of it, also after a failure."""
        return bool(self.archive or self.results or self.report)


@dataclass(frozen=True)
class _Block:
    """Stages that follow each other on one agent, or on none."""

    stages: list[Stage]

    @property
    def on_agent(self) -> bool:
        """Whether they hold an executor."""
        return self.stages[0].on_agent

    @property
    def only(self) -> str:
        """The condition that all of them run under: where it does not hold, no executor is waited for."""
        conditions = {stage.only for stage in self.stages}
        return conditions.pop() if len(conditions) == 1 else ""


class Stages:
    """The stages of one Pipeline. `stages["test"] = "make check"` replaces the script of one."""

    def __init__(self, job: pipeline, stages: Iterable[Stage], values: Mapping[str, Any]) -> None:
        self._job = job
        self._values = dict(values)
        self._stages = list(stages)
        self._write()

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages)

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        return [stage.name for stage in self._stages]

    def __getitem__(self, name: str) -> Stage:
        return self._stages[self._index(name)]

    def __setitem__(self, name: str, stage: Stage | str) -> None:
        """Another stage, or another script with all that surrounds it as it was."""
        position = self._index(name)
        old = self._stages[position]
        new = replace(old, script=stage, groovy="") if isinstance(stage, str) else stage
        self._stages[position] = new
        self._write()

    def __delitem__(self, name: str) -> None:
        del self._stages[self._index(name)]
        self._write()

    def before(self, name: str, *stages: Stage) -> None:
        """Put stages before the one of that name."""
        self._insert(self._index(name), stages)

    def after(self, name: str, *stages: Stage) -> None:
        """Put stages after the one of that name."""
        self._insert(self._index(name) + 1, stages)

    def override(self, name: str, value: Any) -> None:
        """Another command, shell step or stage; None takes it away."""
        if value is None:
            del self[name]
        else:
            self[name] = getattr(value, "command", value)

    def _insert(self, position: int, stages: Iterable[Stage]) -> None:
        self._stages[position:position] = stages
        self._write()

    def _index(self, name: str) -> int:
        if name not in self.names:
            hint = suggestion(name, self.names) or "its stages: " + ", ".join(self.names)
            raise DslError(f"there is no stage {name!r}", hint=hint)
        return self.names.index(name)

    def _write(self) -> None:
        self._job.script = written(self._stages, self._values)


def written(stages: Iterable[Stage], values: Mapping[str, Any]) -> str:
    """Return the script of a Pipeline: those stages, and what they have in common."""
    stages = list(stages)
    blocks = [_Block(list(block)) for _, block in groupby(stages, key=lambda stage: stage.on_agent)]
    keeps = any(stage.keeps and not stage.groovy for stage in stages)
    return _indented(template("./pipeline/pipeline.groovy.j2", blocks=blocks, keeps=keeps, **values))


def _indented(text: str) -> str:
    """Return the script with its blocks indented; texts of several lines stay as they are."""
    depth, within, lines = 0, False, []
    for line in text.splitlines():
        opens_or_closes = line.count("'''") % 2 == 1
        if within:
            lines.append(line)
        else:
            depth -= line.startswith("}")
            lines.append("    " * depth + line if line else "")
            depth += line.endswith("{") and not opens_or_closes
        within ^= opens_or_closes
    return "\n".join(lines) + "\n"
