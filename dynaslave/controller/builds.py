"""Names of builds: from their addresses, and as the queue names what waits for them."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

__all__ = ["build_name", "waiting_names"]


def build_name(url: str) -> str:
    """Return `payments/api #12` for the URL of a build, the URL itself if it is none."""
    parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
    if "job" not in parts:
        return url
    rest = parts[parts.index("job") :]
    names = []
    while len(rest) > 1 and rest[0] == "job":
        names.append(rest[1])
        rest = rest[2:]
    number = f" #{rest.pop()}" if rest and rest[-1].isdecimal() else ""
    return "/".join([*names, *rest]) + number


def waiting_names(url: str) -> tuple[str, ...]:
    """Return the names by which a build, or a part of a Pipeline's build, waited in the queue."""
    name = build_name(url)
    return name.rpartition(" #")[0], f"part of {name}", f"part of {name.replace('/', ' » ')}"
