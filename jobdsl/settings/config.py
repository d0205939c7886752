"""`jobdsl.toml` at an estate's root: its tables and keys, their defaults, and all errors in it at once."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, Literal

from jobdsl.errors import EstateError, Problem, Where
from jobdsl.grammar.names import covers, matches
from jobdsl.settings.tomlread import Reader, checked, number, words
from jobdsl.settings.words import ANY_VIEW, GROUPS, KINDS, RULES

__all__ = [
    "CONFIG_FILE",
    "ControllerSettings",
    "Files",
    "Lint",
    "LoadSettings",
    "PolicySettings",
    "Removed",
    "Seed",
    "Settings",
    "Team",
    "load",
    "loads",
]

CONFIG_FILE = "jobdsl.toml"
_EXTRA = ("pools", "quotas")
"""Tables other parts of the project read from this file; passed on as they stand."""
_NEVER = ("**/.*", "**/.*/**", "**/__pycache__/**")

Names = tuple[str, ...]


def _bad_seed(name: str) -> str:
    # It is quoted in every marker, and distinguishes this seed's objects from another's.
    return (
        "" if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) else "must be letters, digits, . _ or -"
    )


def _bad_url(url: str) -> str:
    if not re.match(r"https?://[^/]", url):
        return "must begin with http:// or https://"
    return "must not hold a user or password" if "@" in url else ""


def _bad_file(path: str) -> str:
    inside = not path.startswith("/") and ".." not in path.split("/")
    return "" if inside else "must be relative to the estate's root and inside it"


def _is_class(word: str) -> bool:
    """Return whether this can be the Java class of a kind of item the DSL has no word for."""
    return re.fullmatch(r"\w+(?:[.$]\w+)+", word) is not None


def _is_element(word: str) -> bool:
    """Return whether this can be an entry of a team's elements: a group, or a class or pattern of classes."""
    word = word.removeprefix("!")
    return word in GROUPS or re.fullmatch(r"[\w$*?]+(?:\.[\w$*?]+)+|\*+|\w*[A-Z]\w*", word) is not None


@dataclass(frozen=True, slots=True)
class Seed:
    """The seed: its name is in every marker. Two estates on one controller need two names."""

    name: str = checked("main", _bad_seed)
    folders: Names = ()
    """Globs of full names (a name stands for itself and all below it) in which no other seed and no person
    makes what this estate defines: there an object without a marker is taken over."""


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """The controller, as far as the estate may know it; user and token are never here."""

    url: str | None = checked(None, _bad_url)
    plugins: str | None = checked(None, _bad_file)
    """Saved list of the controller's plugins (JSON) for lint without a controller."""
    labels: Names = ()
    """Labels that agents provide, for lint without a controller."""


@dataclass(frozen=True, slots=True)
class Files:
    """Which files are DSL files; globs of paths relative to the estate's root."""

    include: Names = ("**/*.py",)
    exclude: Names = ("**/tests/**", "**/test_*.py", "**/conftest.py", "**/venv/**")
    """Left out of these. Hidden files and folders, and `__pycache__`, are never loaded."""

    def excluding(self, path: str) -> str:
        """Return the pattern that leaves a file out; empty if none does."""
        return next((pattern for pattern in (*self.exclude, *_NEVER) if matches(pattern, path)), "")

    def has(self, path: str) -> bool:
        """Return whether the file at `path` (relative, with "/") is loaded."""
        return _any(self.include, path) and not _any((*self.exclude, *_NEVER), path)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """How DSL files are kept apart while they run."""

    isolation: Literal["auto", "required", "process"] = "auto"
    """`auto` takes the strongest the host offers, `required` fails without it, `process` takes none."""
    timeout_seconds: float = number(120, 1)
    """Time of a process for all its files."""
    file_timeout_seconds: float = number(30, 1)
    """Time of one file."""
    memory_mb: int = number(2048, 64)
    process_documents_mb: int = number(256, 1, 1 << 16)
    """Documents that the files of one process may define, in all."""
    documents_mb: int = number(512, 1, 1 << 16)
    """Documents of the whole estate."""
    extras_mb: int = number(8, 1, 1024)
    """Definitions of the whole estate that are no jobs, such as agent pools."""
    workers: int = number(0, 0)
    """Processes at once; 0 lets the loader decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What happens to items and views that are ours but no longer defined, and how many at most."""

    jobs: Literal["disable", "ignore", "delete"] = "disable"
    views: Literal["delete", "ignore"] = "delete"
    max_percent: int = number(30, 0, 100)
    """Share of the items we own that one run may remove."""
    min_existing: int = number(10, 0)
    """With fewer items than this the share does not count: two of three are no accident."""
    max_count: int | None = number(None, 0)
    """Removals one run may make, whatever their share; None for no such limit."""

    replace: Names = ()
    """Globs of items that are deleted, with their builds, and made anew where their kind has changed."""

    def too_many(self, removed: int, existing: int) -> str:
        """Return why one run may not remove so many of the `existing` items we own; empty if it may."""
        if self.max_count is not None and removed > self.max_count:
            return f"{removed} to remove, over the limit of {self.max_count} (removed.max_count)"
        if existing >= self.min_existing and removed * 100 > self.max_percent * existing:
            share = f"{removed} of {existing}, {removed * 100 / existing:.0f} %"
            return f"{share} to remove, over {self.max_percent} % (removed.max_percent)"
        return ""


@dataclass(frozen=True, slots=True)
class Lint:
    """Which findings count."""

    ignore: tuple[str, ...] = words((), RULES, "rule")
    """Names of rules left out."""
    warn_as_error: bool = False
    file_timeout_seconds: float = number(60, 1)
    """Time for the checks of what one file defines."""


@dataclass(frozen=True, slots=True)
class Team:
    """What the DSL files of one team may define. None is no limit, an empty list is nothing at all."""

    name: str
    _: KW_ONLY
    folders: Names | None = None
    """Globs of full names: a name stands for itself and all below it."""
    files: Names | None = None
    """Globs of the team's DSL files; without them, the files under its folders' names."""
    credentials: Names | None = None
    """Globs of credentials ids."""
    labels: Names | None = None
    """Globs of agent labels."""
    kinds: tuple[str, ...] | None = words(None, (*KINDS.values(), ANY_VIEW), "kind of item", _is_class)
    """Kinds of items, as the DSL calls them: `freestyle`, `pipeline`, `folder`; Java classes of others."""
    secrets: Names | None = None
    """Globs of names of `secret(...)`; without them, those that begin with its own name or a folder's."""
    elements: tuple[str, ...] | None = words(None, GROUPS, "group of elements", _is_element)
    """Groups and classes of elements it may write, with `!` those it may not; the last that fits counts."""

    @property
    def is_limited(self) -> bool:
        """Whether anything limits what the team may define."""
        limits = (self.folders, self.credentials, self.labels, self.kinds, self.secrets, self.elements)
        return any(limit is not None for limit in limits)

    def owns_file(self, path: str) -> bool:
        """Return whether the DSL file at `path` (relative to the estate's root) is this team's."""
        if self.files is not None:
            return _any(self.files, path)
        return covers(self.folders or (), path) or covers(self.folders or (), path.removesuffix(".py"))

    def may_define(self, full_name: str) -> bool:
        """Return whether an item or view of this full name lies in the team's folders."""
        return self.folders is None or covers(self.folders, full_name)

    def may_use_credentials(self, credentials_id: str) -> bool:
        """Return whether the team's jobs may name these credentials."""
        return self.credentials is None or _any(self.credentials, credentials_id)

    def may_use_label(self, label: str) -> bool:
        """Return whether the team's jobs may use this label."""
        return self.labels is None or _any(self.labels, label)

    def may_use_kind(self, kind: str) -> bool:
        """Return whether the team may define items of this kind."""
        return self.kinds is None or kind in self.kinds

    def may_use_secret(self, name: str) -> bool:
        """Return whether the team's jobs may have the value of this name."""
        return not self.is_limited or _any(self.secret_patterns, name)

    @property
    def secret_patterns(self) -> Names:
        """Globs of the secrets the team's jobs may have."""
        if self.secrets is not None:
            return self.secrets
        own = dict.fromkeys((self.name, *(self.folders or ())))
        return tuple(pattern for prefix in own for pattern in (prefix, f"{prefix}/**"))

    def may_use_element(self, names: Collection[str], default: bool) -> bool:
        """Whether the team may write an element with these names, which by itself it may or may not."""
        for entry in reversed(self.elements or ()):
            if any(matches(entry.removeprefix("!"), name) for name in names):
                return not entry.startswith("!")
        return default


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What files may define that belong to no team."""

    default: Literal["allow", "deny"] = "allow"
    """Anything or nothing. A file that names teams and not this means `deny`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of `jobdsl.toml`."""

    seed: Seed = field(default_factory=Seed)
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    files: Files = field(default_factory=Files)
    load: LoadSettings = field(default_factory=LoadSettings)
    removed: Removed = field(default_factory=Removed)
    lint: Lint = field(default_factory=Lint)
    policy: PolicySettings = field(default_factory=PolicySettings)
    secrets: str | None = None
    """File with the values of `secret("name")`, relative to the estate's root; not kept with the estate."""
    teams: tuple[Team, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    """The tables `pools` and `quotas`, unread."""
    text: str = field(default="", compare=False, repr=False)
    """The file's text, for readers of these tables that report lines."""

    def teams_of(self, path: str) -> tuple[Team, ...]:
        """The teams a DSL file belongs to; a definition is allowed if one of them may define it all."""
        return tuple(team for team in self.teams if team.owns_file(path))


def _any(patterns: Names, text: str) -> bool:
    return any(matches(pattern, text) for pattern in patterns)


def load(root: Path) -> Settings:
    """The settings of the estate at `root`; the defaults if it has no file. EstateError with all errors."""
    path = root / CONFIG_FILE
    if not path.is_file():
        _refuse_lookalikes(root, path)
        return Settings()
    try:
        return loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise EstateError([Problem(f"cannot be read: {error}", where=Where(CONFIG_FILE, 0))]) from error


_ALIKE, _STEMS_ALIKE = 0.86, 0.82
"""Likeness of a name, and of its part before the dot, from which it is that of the settings, misspelled."""


def _refuse_lookalikes(root: Path, path: Path) -> None:
    """EstateError if the settings stand under another name: all policies they hold would be ignored."""
    if os.path.lexists(path):
        raise EstateError([Problem("this file cannot be read", where=Where(CONFIG_FILE, 0))])
    try:
        names = sorted(name for name in os.listdir(root) if _is_alike(name) and (root / name).is_file())
    except OSError:
        return
    message, hint = f"the file is not read: settings belong in {CONFIG_FILE}", f"rename it to {CONFIG_FILE}"
    if names:
        raise EstateError([Problem(message, Where(name, 0), hint) for name in names])


def _is_alike(name: str) -> bool:
    import difflib

    word = name.lower().removesuffix(".txt").lstrip(".")
    stems = word.partition(".")[0], CONFIG_FILE.partition(".")[0]
    alike = difflib.SequenceMatcher(None, *stems).ratio() >= _STEMS_ALIKE
    return alike and difflib.SequenceMatcher(None, word, CONFIG_FILE).ratio() >= _ALIKE


def loads(text: str, *, file: str = CONFIG_FILE) -> Settings:
    """Return the settings in a file's text; EstateError with every error in it, each with its line."""
    reader = Reader(text, file)
    document = reader.document
    reader.known(document, [*_TABLES, "secrets", "teams", *_EXTRA])
    tables = {name: reader.table(kind, document.get(name, {}), (name,)) for name, kind in _TABLES.items()}
    teams = _teams(reader)
    if teams and ("policy", "default") not in reader:
        tables["policy"] = PolicySettings("deny")
    extra = {name: document[name] for name in _EXTRA if name in document}
    settings = Settings(**tables, teams=teams, secrets=reader.value("secrets", str), extra=extra, text=text)
    reader.finish()
    return settings


_TABLES: dict[str, type[Any]] = {
    "seed": Seed,
    "controller": ControllerSettings,
    "files": Files,
    "load": LoadSettings,
    "removed": Removed,
    "lint": Lint,
    "policy": PolicySettings,
}


def _teams(reader: Reader) -> tuple[Team, ...]:
    teams = [
        reader.table(Team, table, ("teams", name), name=name)
        for name, table in reader.mapping(reader.document.get("teams", {}), ("teams",)).items()
    ]
    for team in teams:
        path = ("teams", team.name)
        if (*path, "files") not in reader and (*path, "folders") not in reader:
            hint = 'folders = ["NAME"] for the files under these names, files = ["**"] for every file'
            reader.error(path, f"{'.'.join(path)} has no DSL files: name its folders or files", hint)
    return tuple(teams)
