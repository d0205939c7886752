"""The template of bakes: a package becomes an image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from jobdsl import freestyle, params, steps

from .delivery_job import REPORT, DeliveryArguments, words
from .handing import STARTED_BY, HandOn, chain, check_hand_on
from .jobset import override
from .options import BakeParts, DeliveryOptions, split

__all__ = ["BUILT", "KEPT", "PROPERTIES", "bake", "bake_script"]

PROPERTIES = "bake.properties"
KEPT = f"bake.json, {PROPERTIES}, packages.txt, {REPORT}/*"
BUILT = "commit.properties"
"""Artifact of a build with the COMMIT it was built from, where no parameter has it."""
PACKAGES = "package"
"""Directory of the workspace below which each build copies its package."""


def bake(
    name: str,
    *,
    package: str,
    build_job: str | None = None,
    base: str | None = None,
    app: str | None = None,
    engine: str | None = None,
    copy_to: Iterable[str] = (),
    share: Iterable[str] = (),
    then: str | Iterable[str] = (),
    hand_on: HandOn = "parameters",
    **parts: Unpack[BakeParts],
) -> freestyle:
    """A job that bakes a package into an image. The same package on the same base gives the image there is.

    `package`: with `build_job`, the file among the artifacts of that job's build, as a pattern; else the
    default of the parameter PACKAGE, a path or URL. `base`, `app`, `engine`, `copy_to` (regions), `share`
    (accounts): as `delivery bake` takes them; what is omitted is as in the settings. `then`: jobs that are
    started with the image, in their parameter IMAGE. `hand_on`: `artifacts` where there is no Parameterized
    Trigger plugin: those jobs copy `bake.properties` of this one, as `deploy` does with `bake_job`, and this
    one takes the commit out of an artifact `commit.properties` of `build_job`, if it has one.

    `account`, `region`: where; `settings`: a `delivery.toml` of the estate, else that of the agent.
    `aws_credentials`: Jenkins id of an access key and its secret, else the agent's own role. `tool`: the
    command of a `delivery` that is on the agents; or `install`: what pip installs it from, the address of a
    wheel; either is needed. `agent`: a label expression or a pool. `mail`, `slack`: for failures.
    `console`: for the jobs of deploys, see `deploy`; a bake is not started from there.

    Parts to replace by name: prepare, fetch, bake (steps; the text of one is its command); build, commit,
    file; timestamps, timeout, access; artifacts, next, mail, slack. None takes a part away.
    """
    options, replaced = split(parts, DeliveryOptions)
    running = DeliveryArguments.of(options)
    check_hand_on(hand_on)
    script = bake_script(
        running,
        package=package,
        build_job=build_job,
        hand_on=hand_on,
        base=base,
        app=app,
        engine=engine,
        copy_to=copy_to,
        share=share,
    )
    job = freestyle(
        name,
        description=f"Bakes {package} of {build_job} into an image" if build_job else "Bakes an image",
        parameters=_what(package, build_job, hand_on),
        **running.job(
            {"bake": script},
            minutes=120,
            archive=KEPT,
            beside={"fetch": _copy(build_job, package, hand_on)} if build_job else None,
            chain=chain(then, hand_on, PROPERTIES),
        ),
    )
    override([job], replaced, bake, DeliveryOptions.__annotations__)
    return job


def bake_script(
    running: DeliveryArguments,
    *,
    package: str,
    build_job: str | None,
    hand_on: HandOn = "parameters",
    **options: Any,
) -> str:
    """The script of a bake; a package of a job's build lies alone in a directory of this build's own."""
    values = {
        "build_job": build_job,
        "package": package,
        "folder": PACKAGES,
        "properties": PROPERTIES,
        "built": BUILT if hand_on == "artifacts" else None,
    }
    return running.script("bake", options=words(**options), **values)


def _what(package: str, build_job: str | None, hand_on: HandOn) -> dict[str, Any]:
    if build_job is None:
        return {
            "file": params.string("PACKAGE", package, description="What is baked: a path or URL", trim=True)
        }
    if hand_on == "artifacts":
        return {}
    return {
        "build": params.string(
            "BUILD", "lastSuccessfulBuild", description=f"The build of {build_job} that made it", trim=True
        ),
        "commit": params.string("COMMIT", description="What it was built from", trim=True),
    }


def _copy(build_job: str, package: str, hand_on: HandOn) -> Any:
    """The package, into a directory of this build's own: a build that was killed leaves its own behind."""
    return steps.copy_artifacts(
        build_job,
        package if hand_on == "parameters" else f"{package}, {BUILT}",
        to=f"{PACKAGES}/${{BUILD_NUMBER}}",
        build=steps.built_number("${BUILD}") if hand_on == "parameters" else STARTED_BY,
        flatten=True,
        result_suffix="BUILD",
    )
