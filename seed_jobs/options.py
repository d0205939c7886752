"""Options of the seed job: their types for editors, and their values with defaults."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from jobdsl import DslError
from jobdsl.dsl import requirements

if TYPE_CHECKING:
    from jobdsl.elements.slots import Publisher, Step, Trigger, Wrapper
    from jobdsl.typed.items import FreestyleFields
    from jobdsl.typed.parts import Untyped
else:

    class FreestyleFields(TypedDict, total=False):
        """Fields of a job; listed for type checkers only."""


__all__ = ["SeedOptions", "SeedParts", "SeedSettings"]

StepPart: TypeAlias = "str | Step | Untyped | None"
"""A step, or the command of a shell; None takes it away."""
TriggerPart: TypeAlias = "Trigger | Untyped | None"
WrapperPart: TypeAlias = "Wrapper | Untyped | None"
PublisherPart: TypeAlias = "Publisher | Untyped | None"


class SeedOptions(TypedDict, total=False):
    """Options of `seed`, but for `name` and `repo`."""

    credentials: str
    """Jenkins id of the user and API token that change the jobs. [default: jobdsl-seed]"""
    branch: str
    """Branch of the repository. [default: main]"""
    path: str
    """Directory of the estate in the repository. [default: the whole of it]"""
    git_credentials: str | None
    """Jenkins id of what reads the repository."""
    secrets_file: str | None
    """Jenkins id of a secret file with the values of the estate's secrets."""
    agent: str | None
    """Label expression of the agents it runs on. [default: any agent]"""
    poll: str
    """When the repository is asked for changes; "" to wait for webhooks. [default: every five minutes]"""
    github_push: bool
    """Whether a push to GitHub starts it. [default: False]"""
    install: str | None
    """What pip installs jobdsl from: the address of a wheel. [default: the wheel the job carries]"""
    tool: str | None
    """The command of a jobdsl that is on the agents."""
    controller_url: str | None
    """Address of the controller as agents reach it. [default: that of Jenkins' settings]"""
    seed_name: str
    """Name of the seed in the estate's jobdsl.toml. [default: main]"""
    timeout_minutes: int
    """When a build is ended. [default: 30]"""
    builds: int
    """Builds that are kept. [default: 50]"""
    html_page: bool
    """Whether the plan is a page of the job (HTML Publisher plugin). [default: False]"""
    self_update: bool
    """Whether the job runs `jobdsl bootstrap` first; not where it carries a wheel. [default: True]"""


class SeedParts(SeedOptions, FreestyleFields, total=False):
    """Options and parts of `seed`."""

    github: TriggerPart
    timestamps: WrapperPart
    timeout: WrapperPart
    access: WrapperPart
    apply: StepPart
    plan: PublisherPart
    page: PublisherPart
    findings: PublisherPart


@dataclass(frozen=True, kw_only=True)
class SeedSettings:
    """`SeedOptions` with their defaults."""

    name: str = "jobdsl-seed"
    repo: str
    credentials: str = "jobdsl-seed"
    branch: str = "main"
    path: str = "."
    git_credentials: str | None = None
    secrets_file: str | None = None
    agent: str | None = None
    poll: str = "H/5 * * * *"
    github_push: bool = False
    install: str | None = None
    tool: str | None = None
    controller_url: str | None = None
    seed_name: str = "main"
    timeout_minutes: int = 30
    builds: int = 50
    html_page: bool = False
    self_update: bool = True

    @staticmethod
    def split(parts: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Split the arguments of `seed` into options and parts."""
        names = SeedOptions.__annotations__
        options = {name: value for name, value in parts.items() if name in names}
        return options, {name: value for name, value in parts.items() if name not in names}

    def check(self) -> None:
        """Refuse options that cannot be. Raises DslError."""
        requirements.check(self.install, self.tool)
        requirements.warn(self.install)
        if self.path.startswith(("/", "-")) or ".." in self.path.split("/"):
            message = f"seed: path {self.path!r} is not inside the repository"
            raise DslError(message, hint='"." is the whole of it')

    def command_line(self) -> str:
        """Return the options of `jobdsl bootstrap` that make this very job, as shell words."""
        return shlex.join(self._words())

    def _words(self) -> Iterator[str]:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "self_update" or value == field.default:
                continue
            option = f"--{field.name.replace('_', '-')}"
            yield option if value is True else f"{option}={value}"
