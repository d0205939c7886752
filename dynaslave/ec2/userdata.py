"""The user data of a pool's instances: a shell script that makes each of them an agent. No secrets."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dynaslave.ec2.secrets import prefix
from dynaslave.pools.pool import AgentPool

if TYPE_CHECKING:
    import jinja2

__all__ = ["RECONNECT_S", "USER", "script"]

USER = "jenkins"
"""The user builds run as; made unless the image has it."""
RECONNECT_S = 1_800
"""An agent that lost its controller waits so long for it, then its instance ends itself."""
_SLACK_MINUTES = 2
"""A start that hangs is ended so much after the boot deadline, by the instance itself."""


def script(pool: AgentPool, manager: str, *, user: str = USER, run: str = "/run/dynaslave") -> str:
    """The script for a pool, the same for all its instances: each finds its own parameter by its id."""
    settings = {
        "prefix": prefix(manager),
        "user": user,
        "workdir": pool.remote_fs,
        "run": run,
        "boot_seconds": pool.boot_minutes * 60,
        "reconnect_seconds": RECONNECT_S,
    }
    commands = _commands(pool.user_data)
    return _template().render(
        pool=pool.name,
        minutes=math.ceil(pool.boot_minutes) + _SLACK_MINUTES,
        commands=commands,
        user=shlex.quote(user),
        settings=json.dumps(settings),
        agent=_read("agent.py").rstrip("\n"),
        mark="END-" + hashlib.sha256(commands.encode()).hexdigest()[:8],
    )


def _commands(user_data: str) -> str:
    """Return the commands as shell or for their interpreter; one that fails ends the instance."""
    text = user_data.strip("\n")
    if not text.strip() or text.startswith("#!"):
        return text
    return f"#!/bin/bash -e\n{text}"


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - shell, not HTML
    )
    return environment.from_string(_read("agent-cloud-init.sh.j2"))


def _read(name: str) -> str:
    return resources.files("dynaslave.ec2").joinpath(name).read_text("utf-8")
