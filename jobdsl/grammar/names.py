"""Names of items and views: what Jenkins takes, how full names are put together, their paths, and globs.

A full name is the names from the top down with "/" between: `payments/api`. Source of the rules:
jenkins.model.Jenkins.checkGoodName of Jenkins 2.568, and what a controller answered to bad names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from jobdsl.errors import DslError
from jobdsl.grammar.globs import Glob

__all__ = [
    "ancestors",
    "between",
    "check",
    "check_full",
    "collisions",
    "covers",
    "join",
    "key",
    "leaf",
    "matches",
    "parent",
    "refusal",
    "refusal_of_length",
    "resolve",
    "unusable",
    "url_path",
    "view_path",
    "way_out",
]

_UNSAFE = re.compile(r"[?*/\\%!@#$^&|<>\[\]:;]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LONGEST = 255
"""Bytes of UTF-8: the name is a directory on the controller. A longer one is answered with 500."""


_LONGEST_PATH = 4096
"""Bytes of UTF-8 of a full name: the longest path of a file on Linux, which the controller makes of it."""


_NO_PATH = re.compile("^$|^/|//|/$|(^|/)[.]{1,2}(/|$)|[\x00-\x1f\x7f]|[\ud800-\udfff]")


def unusable(full_name: str) -> bool:
    """Return whether this can be no full name at all.

    More names are refused by Jenkins (see `refusal`), but only new ones: an old controller may hold
    some, and what is imported from it must load again.
    """
    return _NO_PATH.search(full_name) is not None


def refusal_of_length(full_name: str) -> str:
    """Return why a full name is too long for any controller; empty if it is not.

    A part that is too long for a new item is for lint and plan: see `refusal`.
    """
    size = len(full_name.encode("utf-8", "surrogatepass"))
    if size <= _LONGEST_PATH:
        return ""
    return f"{full_name[:40]!r}... has {size} bytes, and all parts together have at most {_LONGEST_PATH}"


@lru_cache(maxsize=4096)
def refusal(name: str) -> str:
    """Why Jenkins refuses, or would silently change, the name of one item or view; empty if it is good.

    Jenkins trims spaces around a name; that would be another name than the file has, so it is refused.
    """
    if not name:
        return "a name is empty"
    if name != name.strip():
        return "a name cannot begin or end with a space"
    if name in (".", ".."):
        return f'"{name}" is not a name'
    if match := _UNSAFE.search(name):
        return f'Jenkins allows no "{match[0]}" in a name'
    if match := _CONTROL.search(name):
        return f"Jenkins allows no control character (U+{ord(match[0]):04X}) in a name"
    if name.endswith("."):
        return "a name cannot end with a dot"
    size = len(name.encode())
    return f"a name cannot be longer than {_LONGEST} bytes, this has {size}" if size > _LONGEST else ""


def check(name: str, *, kind: str = "item") -> None:
    """Raise DslError unless Jenkins accepts `name` for this `kind` of object ("item", "folder", "view")."""
    if why := refusal(name):
        raise DslError(f"{kind} {name!r}: {why}", hint=way_out(name))


def check_full(full_name: str, *, kind: str = "item") -> None:
    """DslError unless every part of a full name is a good name."""
    for part in full_name.split("/"):
        if why := refusal(part):
            hint = "a full name has no / at its ends and none twice" if not part else way_out(part)
            raise DslError(f"{kind} {full_name!r}: {why}", hint=hint)


def way_out(name: str) -> str:
    """Return a good name near a bad one, as a hint; empty where there is none."""
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST:
        return f"shorten it to {_LONGEST} bytes"
    near = _CONTROL.sub("", _UNSAFE.sub("-", name)).strip().rstrip(".").rstrip()
    return f'"{near}" would do' if near and near != name and not refusal(near) else ""


def join(*parts: str) -> str:
    """Return the full name of parts; empty parts, as the top's own name, add nothing."""
    return "/".join(part for part in parts if part)


def parent(full_name: str) -> str:
    """Full name of the folder around it; empty for the controller's top."""
    return full_name.rpartition("/")[0]


def leaf(full_name: str) -> str:
    """Last name of a full name."""
    return full_name.rpartition("/")[2]


def between(former: str, target: str) -> str:
    """Return the intermediate name of an item that moves from one full name to another; no definition has it.

    An item that is half way already keeps the name it has there.
    """
    old, new = leaf(former), leaf(target)
    return old if old.endswith(f"~{new}") else f"{old[:100]}~{new}"


def ancestors(full_name: str) -> list[str]:
    """Return the folders around it, outermost first: `a` and `a/b` for `a/b/c`."""
    return [full_name[:at] for at, char in enumerate(full_name) if char == "/"]


def resolve(reference: str, folder: str) -> str | None:
    """Return the full name that `reference` means inside `folder`; None if it climbs above the top.

    `/a/b` counts from the top, `../b` and `b` from the folder. Where nothing has that name Jenkins
    takes a relative reference from the top as well: that second lookup is the caller's
    (Jenkins.getItem(String, ItemGroup)).
    """
    path = [] if reference.startswith("/") else folder.split("/") if folder else []
    for step in reference.strip("/").split("/"):
        if step == "..":
            if not path:
                return None
            path.pop()
        elif step not in ("", "."):
            path.append(step)
    return "/".join(path)


def url_path(full_name: str) -> str:
    """Return an item's path on the controller, quoted: `job/a%20b/job/c`; empty for the top."""
    from urllib.parse import quote  # not wanted where DSL files run

    return "/".join(f"job/{quote(part, safe='')}" for part in full_name.split("/") if part)


def view_path(folder: str, *views: str) -> str:
    """Return a view's path: `job/folder/view/name`; views inside a nested view add one name each."""
    from urllib.parse import quote  # not wanted where DSL files run

    return join(url_path(folder), *(f"view/{quote(view, safe='')}" for view in views))


def key(full_name: str) -> str:
    """Return what must be unique among items: Jenkins takes `API` and `api` for one item.

    As Java's case-insensitive order, which folds one character to one (so not `ß` to `ss`).
    Views are not folded: for Jenkins `All` and `all` are two views.
    """
    return full_name.lower() if full_name.isascii() else "".join(map(_fold, full_name))


def _fold(char: str) -> str:
    upper = char.upper()
    return (upper if len(upper) == 1 else char).lower()[0]


def collisions(full_names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of items Jenkins takes for one: (the first of the name, a later one), in the order given."""
    first: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for full_name in full_names:
        folded = key(full_name)
        if folded in first:
            pairs.append((first[folded], full_name))
        else:
            first[folded] = full_name
    return pairs


def matches(pattern: str, path: str) -> bool:
    """Return whether a glob fits a full name or a file's path as a whole.

    `*` and `?` stay within one name, `**` crosses `/`; `**/x` also fits `x` itself. Letters count
    as written.
    """
    return _glob(pattern).fullmatch(path) is not None


def covers(patterns: Iterable[str], path: str) -> bool:
    """Return whether a pattern names a path, or something above it."""
    return any(matches(pattern, path) or matches(f"{pattern}/**", path) for pattern in patterns)


_GLOB = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_FEW = 2
"""Wildcards that a regular expression may have: with more it could take forever to find that nothing fits."""


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str] | Glob:
    wild = _GLOB.findall(pattern)
    if len(wild) - wild.count("?") > _FEW:
        return Glob(pattern)
    literals = map(re.escape, _GLOB.split(pattern))
    meanings = [*map(_MEANING.__getitem__, wild), ""]
    return re.compile("".join(a + b for a, b in zip(literals, meanings, strict=True)), re.DOTALL)
