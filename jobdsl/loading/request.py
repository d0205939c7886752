"""What a process that runs DSL files is asked, and the command that starts it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobdsl.isolation.controlgroup import ControlGroup
from jobdsl.isolation.walls import Wall, places
from jobdsl.loading.hidden import visible
from jobdsl.settings.config import Settings

__all__ = ["LoadRequest"]

_BOOT = """
import gc, os, sys
gc.disable()
joining, path, homes = {joining!r}, {path!r}, {homes!r}
if joining:
    try:
        os.write(joining, b"0")
    except OSError:
        pass
    os.close(joining)
sys.path[:] = path
if homes:
    from importlib.util import spec_from_file_location as spec
    class Homes:
        def find_spec(self, name, path=None, target=None):
            home = homes.get(name)
            return home and spec(name, home + "/__init__.py", submodule_search_locations=[home])
    sys.meta_path.insert(0, Homes())
from jobdsl.loading.child import main
main()
"""
"""What the process runs; first it joins its control group. Nearly nothing becomes garbage in it, and
collecting takes a third of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What is to be run, and how."""

    root: Path
    files: frozenset[str]
    settings: Settings
    wall: Wall
    hidden: Sequence[str] = ()
    """Real paths that DSL files are not to see."""
    group: ControlGroup | None = None
    """The control group that its processes join."""

    def boot(self, own: Iterable[str], failed: Iterable[str], memory_mb: int) -> tuple[list[str], bytes]:
        """Return the command of a process that may use so much memory, and what it is asked."""
        module_places = places()
        readable = [*module_places.readable, str(self.root)]
        hidden = visible(self.hidden, readable)
        joining = None if self.group is None else self.group.joining
        python = [module_places.interpreter, "-sSPB", "-X", "utf8", "-c"]
        python.append(_BOOT.format(path=module_places.path, homes=module_places.homes, joining=joining))
        request = {
            "root": str(self.root),
            "files": sorted(self.files),
            "own": sorted(own),
            "failed": sorted(failed),
            "readable": readable,
            "hidden": hidden,
            "layers": self.wall.layers,
            "parent": None if self.wall.program == "bubblewrap" else os.getpid(),
            "memory_mb": memory_mb,
            "is_whole": memory_mb == self.settings.load.memory_mb,
            "timeout_seconds": self.settings.load.timeout_seconds,
        }
        return self.wall.command(python, readable, hidden), json.dumps(request).encode()
