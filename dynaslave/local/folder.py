"""What is kept of one agent on this host: a folder, there whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynaslave.local.processes import Started
from dynaslave.model import Instance

__all__ = ["Folder"]


@dataclass(frozen=True, slots=True)
class Folder:
    """One agent. Its process, if there is one, wrote `started` itself and carries the path as its mark."""

    path: Path

    @classmethod
    def create(cls, path: Path, pool: str, intent: str, launched: float) -> Folder:
        """Allocate an agent."""
        new = cls(path.with_name(f".{path.name}"))
        shutil.rmtree(new.path, ignore_errors=True)
        new.path.mkdir(mode=0o700)
        new._write("launch", {"pool": pool, "intent": intent, "launched": launched})
        new.path.rename(path)
        return cls(path)

    @classmethod
    def all(cls, directory: Path) -> list[Folder]:
        """Every agent in a directory, sorted by id."""
        return [cls(path) for path in sorted(directory.iterdir()) if not path.name.startswith(".")]

    @property
    def id(self) -> str:
        """The agent's id."""
        return self.path.name

    @property
    def mark(self) -> str:
        """What its processes carry in their environment."""
        return str(self.path)

    @property
    def started(self) -> Started | None:
        """Its process, dead or alive; None before there is one."""
        return Started.read(self.path / "started", self.mark)

    def note(self, notes: Mapping[str, str]) -> None:
        """Write something on it; an empty text takes a note back."""
        merged = {**self._read("notes"), **notes}
        self._write("notes", {key: text for key, text in merged.items() if text})

    def hide(self, secret: str) -> Path:
        """Put the secret where only this user reads it."""
        path = self.path / "secret"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(secret, "utf-8")
        return path

    def instance(self) -> Instance:
        """The agent as a cloud shows an instance."""
        facts, notes, started = self._read("launch"), self._read("notes"), self.started
        return Instance(
            id=self.id,
            pool=str(facts.get("pool", "")),
            intent=str(facts.get("intent", "")),
            state="pending" if started is None else "running" if started.alive else "terminated",
            launched=_number(facts.get("launched")),
            node=started.word if started else "",
            type="local",
            suspect=_number(notes.get("suspect")),
            notes={key: str(text) for key, text in notes.items() if key != "suspect"},
        )

    def _read(self, name: str) -> dict[str, Any]:
        """A file of ours; empty if it is not there, or was broken by a host that went down."""
        try:
            content = json.loads((self.path / name).read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self, name: str, facts: Mapping[str, Any]) -> None:
        new = self.path / f"{name}.new"
        new.write_text(json.dumps(facts), "utf-8")
        new.replace(self.path / name)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
