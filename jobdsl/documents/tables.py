"""Tables that come with the package: lines of columns between tabs; comments begin with `#`."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["rows"]


def rows(package: str, name: str) -> list[list[str]]:
    """Return the columns of each line of a table.

    Args:
        package: The package the file is in, for example `jobdsl.documents`.
        name: The file's name.
    """
    text = files(package).joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
