"""Smoke test of an image before it is shared: an instance must start, be healthy, and pass the checks."""

from __future__ import annotations

import os
import secrets
import subprocess

from delivery import tags as words
from delivery.aws import asking
from delivery.bake import launching, lookup
from delivery.bake.context import BakeContext
from delivery.bake.request import Smoke
from delivery.clock import iso
from delivery.errors import DeliveryError
from delivery.timeline import TimelineStep

__all__ = ["SmokeError", "smoke"]

_COMMAND_S = 900.0
_URL_S = 10.0


class SmokeError(DeliveryError):
    """The image is not good: it does not stay."""


def smoke(work: BakeContext, image: lookup.Described, smoke: Smoke) -> dict[str, str]:
    """Test an image once; return the tags that record it. SmokeError if it is not healthy."""
    tags = words.read(image.get("Tags"))
    if words.SMOKED in tags:
        work.timeline.already("smoke", f"smoke test of image {image['ImageId']}")
        return {}
    with work.timeline.step("smoke", f"smoke test of image {image['ImageId']}") as step:
        id = _launch(work, image["ImageId"])
        step.note(f"instance {id}")
        try:
            instance = _healthy(work, step, id)
            _run_checks(work, step, smoke, image["ImageId"], instance)
        finally:
            _end(work, step, id)
    return {words.SMOKED: iso(work.clock.now())}


def _launch(work: BakeContext, image: str) -> str:
    subnets, problems = launching.subnets_of(work)
    if problems:
        raise DeliveryError(problems[0].message, problems[0].hint)
    parameters = {
        **launching.place(work),
        "ImageId": image,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": work.specs("instance", "volume", purpose="smoke"),
    }
    return launching.launch(work, parameters, subnets, secrets.token_hex(16))  # each smoke test has its own


def _healthy(work: BakeContext, step: TimelineStep, id: str) -> lookup.Described:
    """Wait until the status checks of EC2 pass; return the instance with its addresses."""

    def poll() -> bool | None:
        with asking(f"reading the status of instance {id}"):
            answer = work.aws.ec2.describe_instance_status(InstanceIds=[id], IncludeAllInstances=True)
        for status in answer["InstanceStatuses"]:
            state = status["InstanceState"]["Name"]
            both = {status["SystemStatus"]["Status"], status["InstanceStatus"]["Status"]}
            step.note(f"{id} is {state}, its status is {', '.join(sorted(both))}")
            if state in ("shutting-down", "terminated", "stopping", "stopped"):
                raise SmokeError(f"an instance of the image did not stay: it is {state}")
            if state == "running" and both == {"ok"}:
                return True
        return None

    work.wait(step, f"instance {id} to pass its status checks", poll)
    return lookup.instance(work, id) or {"InstanceId": id}


def _run_checks(
    work: BakeContext, step: TimelineStep, smoke: Smoke, image: str, described: lookup.Described
) -> None:
    place = {
        "instance_id": described["InstanceId"],
        "private_ip": described.get("PrivateIpAddress", ""),
        "public_ip": described.get("PublicIpAddress", ""),
    }
    if smoke.command:
        _command(smoke.command, {"IMAGE": image, **{key.upper(): value for key, value in place.items()}})
        step.note("the command succeeded")
    if smoke.url:
        url = smoke.url
        for key, value in place.items():
            url = url.replace(f"{{{key}}}", value)
        work.wait(step, f"{url} to answer 200", lambda: _answers(step, url))


def _command(command: str, place: dict[str, str]) -> None:
    """Run a command; its output goes to stderr as it comes, stdout is for results."""
    try:
        done = subprocess.run(  # noqa: S603 - the command is the user's own
            ["/bin/sh", "-c", command], env={**os.environ, **place}, stdout=2, timeout=_COMMAND_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SmokeError(f"the smoke command took longer than {_COMMAND_S / 60:.0f} minutes") from error
    if done.returncode:
        raise SmokeError(f"the smoke command ended with {done.returncode}")


def _answers(step: TimelineStep, url: str) -> bool | None:
    import requests

    try:
        status = requests.get(url, timeout=_URL_S).status_code
    except requests.RequestException as error:
        step.note(f"{url}: {type(error).__name__}")
        return None
    step.note(f"{url} answers {status}")
    return True if status == 200 else None


def _end(work: BakeContext, step: TimelineStep, id: str) -> None:
    try:
        launching.terminate(work, id)
    except DeliveryError as error:
        step.note(f"{error} (delivery clean bakes finds it)")
