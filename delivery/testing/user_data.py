"""What becomes of the user data of a simulated instance: its console, and the tag it writes on itself."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["PACKAGES", "UserDataPlayer", "UserDataRun", "bake_of", "console_of", "run_user_data"]

PACKAGES = "bash 5.2.15-2 amd64\nhello 1.2.0-h15.abc1234 amd64\n"
"""What `dpkg` lists on an image by default."""


@dataclass
class UserDataRun:
    """The result of user data: text on the console, and the tag the instance wrote on itself."""

    console: str = ""
    tag: str = ""
    stops: bool = True


UserDataPlayer = Callable[[str, str], UserDataRun]
"""Plays the user data of an instance: (id, user data) -> what became of it."""


def bake_of(user_data: str) -> str:
    """The id of the bake, as the script has it."""
    match = re.search(r"^bake='(\S+)'$", user_data, re.M)
    return match[1] if match else ""


def console_of(bake: str, result: str = "ok", packages: str = PACKAGES) -> str:
    """A console as cloud-init leaves it, with times and names before each line."""
    packed = base64.encodebytes(gzip.compress(packages.encode())).decode().splitlines()
    lines = ["BAKE-STEP: install", "Setting up hello (1.2.0-h15.abc1234) ...", "BAKE-MANIFEST-BEGIN", *packed]
    lines += ["BAKE-MANIFEST-END"] if result == "ok" else []
    lines = lines if result == "ok" else lines[:2]
    numbered = [f"[   {number}.123456] cloud-init[812]: {line}" for number, line in enumerate(lines, 20)]
    return "\r\n".join([*numbered, f"BAKE-RESULT: {result.replace('BAKE', bake)} {bake}".rstrip(), ""])


def run_user_data(_: str, user_data: str) -> UserDataRun:
    """Install the package; an instance whose role allows it tags itself as well."""
    bake = bake_of(user_data)
    tag = f"ok {bake}" if 'on_instance.py" tag' in user_data else ""
    return UserDataRun(console_of(bake), tag)
