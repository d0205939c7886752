"""Groovy scripts that run on the controller, in the sandbox or approved by an administrator."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import flag, raw, text
from jobdsl.elements.slots import Misc

__all__ = ["groovy_script"]


class groovy_script(
    Misc,
    xml="org.jenkinsci.plugins.scriptsecurity.sandbox.groovy.SecureGroovyScript",
    plugin="script-security",
):
    """A Groovy script; outside the sandbox an administrator has to approve it."""

    script: str = text(first=True)
    sandbox: bool = flag(default=True)
    classpath: Any = raw(default=None)
