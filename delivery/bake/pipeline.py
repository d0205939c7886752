"""A bake from its order to its result: resolve, look up, check, build, test, copy, share, mark, clean up.

Every step is safe to run again. An image or an instance of the same key, left by a run that was killed or
made by a concurrent one, is continued with instead of making another.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from delivery import tags as words
from delivery.aws import Aws
from delivery.bake import check, image_tags, lookup
from delivery.bake.base import resolve
from delivery.bake.context import BakeContext, GoneError, LateError
from delivery.bake.copying import copies
from delivery.bake.engine import Built, Engine, engine
from delivery.bake.fingerprint import bake_key
from delivery.bake.imaging import await_available, mark, remove, require_tokens
from delivery.bake.interrupts import Interrupted, Signals
from delivery.bake.launching import terminate
from delivery.bake.request import Order
from delivery.bake.result import BakeResult, result_of
from delivery.bake.smoke_test import SmokeError, smoke
from delivery.bake.undo import Undo
from delivery.bake.userdata import LIMIT
from delivery.clock import HostClock
from delivery.errors import USAGE, DeliveryError, SeveralError
from delivery.sharing import share
from delivery.timeline import Timeline

__all__ = ["bake"]

_ROUNDS = 3
"""How often a bake begins anew when one it had joined was given up."""


def bake(
    aws: Aws, order: Order, id: str, *, clock: HostClock, timeline: Timeline, signals: Signals | None = None
) -> BakeResult:
    """Bake an image, or return the existing one. `id` is the bake's own. DeliveryError; Interrupted."""
    signals = signals or Signals()
    with timeline.step("resolve", f"inspect package {order.package.file} and base {order.base.text}") as step:
        base = resolve(aws, order.base)
        step.note(f"base {base.id} ({base.name}, {base.arch})")
    work = BakeContext(
        order=order,
        aws=aws,
        clock=clock,
        timeline=timeline,
        signals=signals,
        undo=Undo(timeline.say),
        bake=id,
        base=base,
    )
    chosen = engine(order.engine)
    _prepare(work, chosen)
    for remaining in reversed(range(_ROUNDS)):
        try:
            return _guarded(work, chosen)
        except GoneError as error:
            if not remaining or not (work.continues or lookup.images_of(aws, work.key)):
                raise
            timeline.say(f"{error}; trying again: another bake of the same key was running")
            work.bake, work.joined, work.continues, work.underway = id, False, False, ""
            _prepare(work, chosen)
    raise AssertionError("the last round raises or returns")


def _prepare(work: BakeContext, chosen: Engine) -> None:
    order, now = work.order, work.clock.now()
    if order.package.scheme == "file" and order.package.size <= LIMIT:
        work.content = Path(order.package.source).read_bytes()
    work.key = bake_key(order, work.base, chosen.inputs(work))
    work.name = image_tags.name_of(order, work.base, now)
    work.tags = image_tags.image_tags(order, work.base, work.bake, work.key, work.name, now)


def _guarded(work: BakeContext, chosen: Engine) -> BakeResult:
    """The bake, with what must be undone undone."""
    try:
        return _run(work, chosen)
    except LateError:
        work.undo.forget()  # it may still come: --resume goes on, and the reaper comes by
        raise
    except (SmokeError, Interrupted):
        _give_up(work)
        raise
    except DeliveryError as error:
        if work.good:  # some minutes went into it
            work.undo.keep()
            error.hint = "; ".join(filter(None, [error.hint, f"--resume {work.bake} goes on with the image"]))
        _give_up(work)
        raise


def _give_up(work: BakeContext) -> None:
    if work.order.keep_failed:
        for label in work.undo.labels:
            work.timeline.say(f"kept for inspection, without {label}")
        work.undo.forget()
    work.undo.run()


def _run(work: BakeContext, chosen: Engine) -> BakeResult:
    existing = _existing_image(work)
    _check(work, chosen, build=existing is None)
    built = Built(existing["ImageId"]) if existing else chosen.build(work)
    with work.timeline.step("available", f"wait until image {built.image} can be used") as step:
        described = await_available(work, step, work.aws, built.image)
    return _finish(work, described, built.manifest)


def _existing_image(work: BakeContext) -> lookup.Described | None:
    """Return the existing image of this key; else put the instance of a running bake, if any, into `work`."""
    order = work.order
    bake = order.resume or (work.bake if order.again else "")
    with work.timeline.step("look", "look for an image of the same package and base") as step:
        for described in lookup.images_of(work.aws, work.key, bake):
            step.note(f"image {described['ImageId']}, {described['State']}")
            _take(work, described)
            return described
        for instance in [] if order.again else lookup.instances_of(work.aws, work.key):
            tags = words.read(instance.get("Tags"))
            if instance["State"]["Name"] in lookup.ALIVE and order.resume in ("", tags[words.BAKE]):
                work.underway = instance["InstanceId"]
                work.join(tags)
                step.note(f"bake {work.bake} is under way: joined")
                return None
    if order.resume:
        raise DeliveryError(
            f"nothing exists of bake {order.resume} of this package and base in {work.aws.region}",
            "omit --resume to start a new bake",
        )
    return None


def _take(work: BakeContext, described: lookup.Described) -> None:
    """Continue with an existing image.

    Leftovers of the run that made it are removed at the end of this one.
    """
    tags = words.read(described.get("Tags"))
    work.join(tags)
    if tags.get(words.STATE) == words.READY:
        work.joined = False
        return
    ours, id = not work.joined, described["ImageId"]
    if ours:
        work.undo.made(f"removing image {id}", partial(remove, work.aws, id))
    for instance in lookup.instances_of(work.aws, work.bake, words.BAKE):
        if instance["State"]["Name"] in lookup.ALIVE:
            instance_id = instance["InstanceId"]
            work.undo.temporary(
                f"terminating instance {instance_id}", partial(terminate, work, instance_id), ours=ours
            )


def _check(work: BakeContext, chosen: Engine, *, build: bool) -> None:
    """Everything that would go wrong, before anything costs money. SeveralError with all of it."""
    with work.timeline.step("check", "check what would fail later"):
        problems = check.problems_of(work.aws, work.order, work.base)
        if build:
            problems += chosen.check(work)
        if problems:
            raise SeveralError(problems, USAGE)
        if build and not work.underway:
            work.name = image_tags.name_of(work.order, work.base, work.clock.now(), _taken(work))
            work.tags = {**work.tags, "Name": work.name}


def _taken(work: BakeContext) -> set[str]:
    return lookup.names_like(work.aws, work.name)


def _finish(work: BakeContext, described: lookup.Described, manifest: str) -> BakeResult:
    """Test, copy, share and mark an image that is available; return the result."""
    require_tokens(work.aws, described)
    with work.timeline.step("clean up", "remove what the image was made with"):
        work.undo.finish()
    tags = smoke(work, described, work.order.smoke) if work.order.smoke else {}
    work.good = True
    everywhere = {work.aws.region: described, **copies(work, described)}
    if work.order.share:
        with work.timeline.step("share", f"share with {', '.join(work.order.share)}"):
            for region, regional in everywhere.items():
                share(work.aws.in_region(region), regional["ImageId"], work.order.share)
    with work.timeline.step("ready", "mark the image as ready"):
        for region, regional in everywhere.items():
            if tags or words.read(regional.get("Tags")).get(words.STATE) != words.READY:
                mark(work.aws.in_region(region), regional, {**tags, words.STATE: words.READY})
    return result_of(work, described, everywhere, manifest)
