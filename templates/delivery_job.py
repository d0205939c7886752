"""How a job runs `delivery`: where it comes from, its account, and where failures are reported."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jobdsl import DslError, params, publish, read_file, steps, template, wrappers
from jobdsl.context import complain
from jobdsl.dsl import requirements

__all__ = ["REPORT", "DeliveryArguments", "words"]

HOME = '"${WORKSPACE_TMP:-$WORKSPACE@tmp}"/delivery'
"""Directory of `delivery` and its settings, for a shell: a clean checkout empties the workspace itself."""
REPORT = "delivery-report"
"""Directory of the workspace with the timeline of a bake or a deploy."""

_NO_COMMAND = "the job has no `delivery` to run: neither tool= nor install= is given"
_COMMAND_HINT = (
    f'tool="delivery" where it is installed on the agents; or install="{requirements.EXAMPLE}", a wheel on a'
    " server of your own (`pip wheel --no-deps .` in a checkout makes one)"
)


def words(*options: str, **named: Any) -> str:
    """Options as they continue a command line; what is None or empty is left out, a list is repeated."""
    arguments = list(options)
    for name, value in named.items():
        option = f"--{name.rstrip('_').replace('_', '-')}"
        for text in [value] if isinstance(value, str) else value or ():
            arguments += [option, text] if text else []
    return "".join(f" {shlex.quote(argument)}" for argument in arguments)


@dataclass(frozen=True)
class DeliveryArguments:
    """`DeliveryOptions`, checked."""

    account: str | None = None
    region: str | None = None
    settings: str | None = None
    aws_credentials: str | None = None
    install: str | None = None
    tool: str | None = None
    console: bool = False
    build_names: bool = False
    agent: Any = None
    mail: str | None = None
    slack: str | None = None
    analysis: str | None = None
    """File of the estate with the rules that judge canaries; only jobs that judge them take it."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> DeliveryArguments:
        """Check options. Raises DslError."""
        running = cls(**options)
        requirements.check(running.install, running.tool)
        requirements.warn(running.install)
        if running.install is None and not running.tool:
            complain(DslError(_NO_COMMAND, hint=_COMMAND_HINT))
            running = replace(running, tool="delivery")  # a stand-in, so that all else is checked
        for name, file in (("settings", running.settings), ("analysis", running.analysis)):
            if file is not None and file.startswith("."):
                raise DslError(
                    f"{name} takes a file of the estate, by its path from the root, not {file!r}",
                    hint='like "delivery.toml"' if name == "settings" else 'like "analysis.toml"',
                )
        return running

    @property
    def delivery(self) -> str:
        """The command, as a shell has it."""
        return shlex.quote(self.tool) if self.tool else f"{HOME}/venv/bin/delivery"

    @property
    def place(self) -> str:
        """Options of the place: settings, account, region."""
        file = f" --settings {HOME}/delivery.toml" if self.settings else ""
        return file + words(account=self.account, region=self.region)

    def requested_by(self) -> dict[str, Any]:
        """Return the parameter in which the web console names the user it starts a job for."""
        if not self.console:
            return {}
        about = "User of the web console that asked for it; leave it empty"
        return {"requested_by": params.string("REQUESTED_BY", description=about, trim=True)}

    @property
    def judged(self) -> str:
        """Return the option with the rules that judge a canary."""
        return f" --analysis {HOME}/analysis.toml" if self.analysis else ""

    def prepare(self) -> str | None:
        """The script that brings `delivery` and its settings into the workspace; None if nothing is to do."""
        if self.tool and not self.settings and not self.analysis:
            return None
        return template(
            "./delivery/prepare.sh.j2",
            home=HOME,
            tool=self.tool,
            install=self.install,
            settings=read_file(self.settings).rstrip("\n") if self.settings else None,
            analysis=read_file(self.analysis).rstrip("\n") if self.analysis else None,
        )

    def script(self, name: str, *, options: str = "", **values: Any) -> str:
        """Return a script that calls `delivery`."""
        return template(
            f"./delivery/{name}.sh.j2",
            delivery=self.delivery,
            report=REPORT,
            options=f"{options}{self.place}",
            **values,
        )

    def job(
        self,
        scripts: Mapping[str, Any],
        *,
        minutes: int,
        archive: str | None,
        named: bool = False,
        beside: Any = None,
        chain: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Fields of a job: preparation and the steps of `scripts`, what surrounds them, what is kept of them.

        `named`: whether what runs leaves a name and a description of the build. `beside`: parts that run
        between preparation and steps. `chain`: what a good build starts, as `handing.chain` gives it.
        """
        prepare = self.prepare()
        return {
            "agent": self.agent,
            "keep": 50,
            "properties": (chain or {}).get("properties", {}),
            "steps": {
                "prepare": steps.shell(prepare) if prepare else None,
                **(beside or {}),
                **{name: steps.shell(script) for name, script in scripts.items()},
            },
            "wrappers": {
                "timestamps": wrappers.timestamps(),
                "timeout": wrappers.timeout(minutes=minutes),
                "access": self._access(),
                **(_build_names() if named and self.build_names else {}),
            },
            "publishers": {
                "artifacts": publish.archive(archive, allow_empty=True, fingerprint=True)
                if archive
                else None,
                **(chain or {}).get("publishers", {}),
                "mail": publish.mail(self.mail) if self.mail else None,
                "slack": publish.slack(self.slack, failure=True, back_to_normal=True) if self.slack else None,
            },
        }

    def _access(self) -> Any:
        if self.aws_credentials is None:
            return None
        keys = wrappers.username_password(
            self.aws_credentials,
            user="AWS_ACCESS_KEY_ID",
            password="AWS_SECRET_ACCESS_KEY",  # noqa: S106  # the name of a variable
        )
        return wrappers.credentials([keys])


def _build_names() -> dict[str, Any]:
    """Return the wrappers that record the user of a build and name it as `delivery` requests."""
    return {
        "user": wrappers.build_user_vars(),
        "build_name": wrappers.build_name(
            f'${{FILE,path="{REPORT}/build-name.txt"}}',
            description=f'${{FILE,path="{REPORT}/build-description.txt"}}',
            at_start=False,
        ),
    }
