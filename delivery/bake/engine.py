"""The contract of an engine: how a package gets onto a base, and an image is made of it.

The pipeline (pipeline.py) resolves the base, makes all checks, searches an image of the same key, and has
the engine for one. What comes after (waiting until it is available, trying it, copies, shares, `ready`) is
the pipeline's again, so an engine does only this:

    class Loop:
        name = "loop"

        def inputs(self, work):     # what of this engine makes another image: goes into the bake key
            return {"filesystem": "ext4"}

        def check(self, work):      # what would fail, reported before anything costs money
            return [] if os.geteuid() == 0 else [Problem("needs root", hint="run it as root")]

        def build(self, work):      # make the image
            with work.timeline.step("volume", "make the volume"):
                with work.signals.held(), asking("making the volume"):
                    volume = work.aws.ec2.create_volume(..., TagSpecifications=work.specs("volume"))
                work.undo.temporary(f"volume {volume}", lambda: delete(volume))
            ...
            return Built(image, manifest)

What it makes on AWS it tags in the call that makes it (`work.specs(kind)` for temporary things,
`work.image_specs()` for the image and its snapshots), holds signals meanwhile (`work.signals.held()`), and
then puts the removal on `work.undo`: `temporary` for what goes whatever happens, `made` for the image. So a
kill anywhere leaves only what `delivery clean bakes` finds by its tags. A build that cannot be proven to have
succeeded raises DeliveryError with the output of the machine. Waits go through `work.wait`. Engines are
found by name in `ENGINES`, each imported when it is chosen.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from delivery.bake.context import BakeContext
from delivery.errors import USAGE, DeliveryError
from jobdsl.errors import Problem, suggestion

__all__ = ["ENGINES", "Built", "Engine", "engine"]


class Built(NamedTuple):
    """What an engine gives back."""

    image: str
    """Id of the image in the region of the bake; it may still be pending."""
    manifest: str = ""
    """Installed packages, one a line: name, version, architecture. Empty if they are not known."""


class Engine(Protocol):
    """How a package gets onto a base."""

    @property
    def name(self) -> str:
        """As `--engine` has it."""
        ...

    def inputs(self, work: BakeContext) -> Mapping[str, str]:
        """What of this engine makes another image of the same package and base. DeliveryError."""
        ...

    def check(self, work: BakeContext) -> Sequence[Problem]:
        """Everything that would fail, before anything costs money."""
        ...

    def build(self, work: BakeContext) -> Built:
        """Make the image, or go on where an earlier run stopped (`work.underway`). DeliveryError."""
        ...


ENGINES = {
    "chroot": "delivery.chroot.engine:ChrootEngine",
    "instance": "delivery.bake.instance:InstanceEngine",
    "packer": "delivery.bake.packer:PackerEngine",
}
"""`module:class` by name; a class is made without arguments."""


def engine(name: str) -> Engine:
    """Create the engine of that name. DeliveryError (exit code 2) if it is unknown."""
    if name not in ENGINES:
        hint = suggestion(name, ENGINES) or f"the engines are {', '.join(ENGINES)}"
        raise DeliveryError(f"unknown engine {name!r}", hint, USAGE)
    module, _, kind = ENGINES[name].partition(":")
    instance: Engine = getattr(importlib.import_module(module), kind)()
    return instance
