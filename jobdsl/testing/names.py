"""What Jenkins accepts as the name of an item, view or node (jenkins.model.Jenkins.checkGoodName)."""

from __future__ import annotations

from jobdsl.testing.pages import failure

__all__ = ["check"]

_UNSAFE = "?*/\\%!@#$^&|<>[]:;"


def check(name: str) -> None:
    """Refuse a bad name with 400 and the reason."""
    if not name:
        raise failure("No name is specified")
    if name in (".", ".."):
        raise failure(f"\u2018{name}\u2019 is not an allowed name")
    if name.strip().endswith("."):
        raise failure("A name cannot end with \u2018.\u2019")
    for character in name:
        if ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F:
            shown = "".join(f"\\u{ord(letter)};" if ord(letter) < 0x20 else letter for letter in name)
            raise failure(f"No control code is allowed: {shown}")
        if character in _UNSAFE:
            raise failure(f"\u2018{character}\u2019 is an unsafe character")
