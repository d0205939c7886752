"""`pools.toml`: `[pools.NAME]` with the arguments of `agent_pool`, for simulations; errors by line."""

from __future__ import annotations

from pathlib import Path

from dynaslave.pools.pool import AgentPool, make
from jobdsl.errors import DslError, JobdslError
from jobdsl.settings.tomlread import Reader

__all__ = ["load", "loads"]


def load(path: Path) -> dict[str, AgentPool]:
    """The pools in a file, by name. JobdslError with everything wrong in it."""
    try:
        return loads(path.read_text("utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise JobdslError(f"{path}: cannot be read: {why}") from None


def loads(text: str, file: str = "pools.toml") -> dict[str, AgentPool]:
    """The pools in a file's text."""
    reader = Reader(text, file)
    reader.known(reader.document, ["pools"])
    pools: dict[str, AgentPool] = {}
    for name, table in reader.mapping(reader.document.get("pools", {}), ("pools",)).items():
        path = ("pools", name)
        try:
            pools[name] = make({"name": name, **reader.mapping(table, path)})
        except DslError as error:
            words = error.message.replace("'", " ").replace(":", " ").split()
            key = next((word for word in words if word in table), "")
            reader.error((*path, key), f"pools.{name}: {error.message}", error.hint)
    if not pools and not reader.problems:
        reader.error((), "there is no pool in it", "[pools.linux] and below it max_agents = 10")
    reader.finish()
    return pools
