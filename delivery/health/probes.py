"""Health as the service itself reports it: a command of the user's, and a URL of each instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from delivery.health.judge import HealthReport
from delivery.health.sources import Address
from delivery.shell import run

__all__ = ["command", "urls"]

COMMAND_S = 60.0
"""Seconds a command may take."""
URL_S = 5.0
"""Seconds an instance may take to answer."""
_AT_ONCE = 16
_LONGEST = 200
"""Characters of a reason."""


def command(text: str, facts: Mapping[str, str], *, timeout: float = COMMAND_S) -> HealthReport:
    """Run a command with /bin/sh; exit code 0 means healthy, else its last line is the reason.

    `facts` stand in its environment.
    """
    result = run(text, facts, timeout, is_merged=True)
    if result.exit_code is None:
        return HealthReport("command", wrong=f"it took longer than {timeout:g} s", output=result.output)
    if result.exit_code == 0:
        return HealthReport("command", output=result.output)
    lines = result.output.strip().splitlines()
    reason = f": {lines[-1].strip()[:_LONGEST]}" if lines else ""
    return HealthReport("command", wrong=f"exit code {result.exit_code}{reason}", output=result.output)


def urls(pattern: str, instances: Sequence[Address], *, timeout: float = URL_S) -> HealthReport:
    """Query each instance with GET; an answer of 200 to 299 means healthy."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        wrong = list(pool.map(lambda instance: _ask(pattern, instance, timeout), instances))
    return HealthReport(
        "url", {instance.instance_id: problem for instance, problem in zip(instances, wrong, strict=True)}
    )


def _ask(pattern: str, address: Address, timeout: float) -> str:
    import requests

    for name in ("private_ip", "public_ip"):
        if f"{{{name}}}" in pattern and not getattr(address, name):
            return f"it has no {name.replace('_', ' ')}"
    url = pattern
    for name in ("private_ip", "public_ip", "instance_id"):
        url = url.replace(f"{{{name}}}", getattr(address, name))
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between us and an instance
            with session.get(url, timeout=timeout, stream=True) as answer:
                return "" if answer.ok else f"HTTP {answer.status_code}"
    except requests.RequestException as error:
        return _why(error)


def _why(error: Exception) -> str:
    name = type(error).__name__
    return {"ConnectTimeout": "no connection", "ReadTimeout": "no answer"}.get(name) or (
        "no connection" if name == "ConnectionError" else str(error)[:_LONGEST]
    )
