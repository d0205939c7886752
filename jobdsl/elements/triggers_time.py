"""Triggers by time: schedules, polling, folders that are scanned again."""

from __future__ import annotations

import re
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.fields import computed, flag, meta, number, secret_text, text
from jobdsl.elements.kinds import REQUIRED, TextField, Unfit
from jobdsl.elements.slots import Trigger
from jobdsl.errors import DslError

__all__ = [
    "cron",
    "cron_text",
    "folder_webhook",
    "parameterized_cron",
    "periodic_folder",
    "poll_scm",
    "startup",
]


def cron_text(tag: str = "", *, default: Any = "", first: bool = False) -> Any:
    """Return a field that holds a schedule in Jenkins' cron; one that Jenkins would refuse is an error."""
    return text(tag, default=default, first=first, check=_schedule)


def _schedule(spec: str) -> None:
    from jobdsl.grammar.cron import check

    for finding in check(spec):
        if finding.severity == "error":
            place = f"line {finding.line}, column {finding.column}: " if "\n" in spec else ""
            raise DslError(f"{place}{finding.message}", hint=finding.hint)


class cron(Trigger, xml="hudson.triggers.TimerTrigger"):
    """Build by the clock: `cron("H 4 * * 1-5")`; `H` spreads the load, `TZ=Europe/Berlin` may come first."""

    spec: str = cron_text(default=REQUIRED, first=True)


class poll_scm(Trigger, xml="hudson.triggers.SCMTrigger"):
    """Poll for changes on a schedule; an empty schedule waits for hooks only."""

    spec: str = cron_text(first=True)
    ignore_hooks: bool = flag("ignorePostCommitHooks", default=False)


def _parameterized(spec: str) -> None:
    """Every line is a schedule, perhaps followed by `% NAME=value;NAME=value`."""
    lines = [line.partition("%") for line in spec.splitlines()]
    _schedule("\n".join(schedule for schedule, _, _ in lines))
    for _, percent, values in lines:
        wrong = next((word for word in values.split(";") if word.strip() and "=" not in word), None)
        if percent and wrong is not None:
            raise DslError(f"{wrong.strip()!r} is not NAME=value", hint="H 4 * * * % NAME=value;OTHER=value")


class parameterized_cron(
    Trigger,
    xml="org.jenkinsci.plugins.parameterizedscheduler.ParameterizedTimerTrigger",
    plugin="parameterized-scheduler",
):
    """Build by the clock with values for parameters: `parameterized_cron("H 4 * * * % TARGET=nightly")`."""

    spec: str = text(default="")
    schedule: str = text("parameterizedSpecification", first=True, check=_parameterized)


class startup(
    Trigger,
    xml="org.jvnet.hudson.plugins.triggers.startup.HudsonStartupTrigger",
    plugin="startup-trigger-plugin",
):
    """Build when the controller starts, or an agent with that label connects or comes online."""

    spec: str = text(default="")
    label: str | None = text(default=None, first=True)
    quiet_period: int | str = number(default=0, least=0)
    on: str = text("runOnChoice", default="ON_CONNECT", choices=("ON_CONNECT", "ON_ONLINE", "ON_BOTH"))


_UNITS = {"m": 60, "h": 3600, "d": 86400}
_WAKE_UPS = (
    (5 * 60, "* * * * *"),
    (30 * 60, "H/5 * * * *"),
    (3600, "H/15 * * * *"),
    (8 * 3600, "H/30 * * * *"),
    (86400, "H H/4 * * *"),
    (2 * 86400, "H H/12 * * *"),
)
"""How often the plugin checks whether an interval of so many seconds is over (PeriodicFolderTrigger)."""


def _seconds(interval: str) -> int:
    match = re.fullmatch("([0-9]+)([mhd])", interval)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 60 <= seconds <= 30 * 86400:
        raise DslError(
            f"takes a time from 1m to 30d, not {interval!r}", hint="as 15m, 4h or 1d: minutes, hours, days"
        )
    return seconds


def _interval(value: Any) -> Any:
    if not isinstance(value, str):
        raise DslError(f"takes a time such as '4h', not {value!r}")
    _seconds(value)
    return value


class periodic_folder(
    Trigger,
    xml="com.cloudbees.hudson.plugins.folder.computed.PeriodicFolderTrigger",
    plugin="cloudbees-folder",
):
    """Scan a multibranch job or organization again when nothing has for so long: `"1d"`, `"4h"`, `"15m"`."""

    interval: str = meta(_interval, first=True, default="1d")
    schedule: str | None = meta(TextField("", default=None).check, default=None)
    _spec = computed("spec", text(), "_wake_up")
    _millis = computed("interval", number(), "_milliseconds")

    def _wake_up(self) -> str:
        if self.schedule is not None:
            return self.schedule
        seconds = _seconds(self.interval)
        return next((spec for limit, spec in _WAKE_UPS if seconds <= limit), "H H * * *")

    def _milliseconds(self) -> int:
        return _seconds(self.interval) * 1000

    @classmethod
    def _read_computed(cls, tag: str, node: Node) -> dict[str, Any]:
        if tag == "spec":
            return {"schedule": node.text}
        seconds, odd = divmod(int(node.text), 1000) if node.text.isdigit() else (0, 1)
        if odd or seconds % 60:
            raise Unfit
        unit = next(unit for unit in "dhm" if seconds % _UNITS[unit] == 0)
        return {"interval": _interval(f"{seconds // _UNITS[unit]}{unit}")}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments without a schedule that follows from the interval."""
        interval = arguments["interval"]
        if arguments["schedule"] is not None and isinstance(interval, str):
            try:
                usual = periodic_folder(interval=interval)._wake_up()
            except DslError:
                return arguments
            arguments["schedule"] = None if arguments["schedule"] == usual else arguments["schedule"]
        return arguments


class folder_webhook(
    Trigger,
    xml="com.igalg.jenkins.plugins.mswt.trigger.ComputedFolderWebHookTrigger",
    plugin="multibranch-scan-webhook-trigger",
):
    """Scan again when /multibranch-webhook-trigger/invoke is called with this token."""

    spec: str = text(default="")
    token: str = secret_text(first=True)
