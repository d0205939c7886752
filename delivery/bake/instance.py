"""The engine `instance`: an instance installs the package by its user data, proves it, stops, and is imaged.

Nobody logs in: no key pair, no rule of a security group, no root on this host. What it needs is the base's
cloud-init, which runs the user data, and python3.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import partial

from delivery import tags as words
from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.bake import launching, lookup, upload
from delivery.bake.context import BakeContext, GoneError
from delivery.bake.engine import Built
from delivery.bake.imaging import create, of_instance
from delivery.bake.proof import ProofResult, console_tail, manifest, verdict
from delivery.bake.userdata import PROOF, digest, fits, script
from delivery.errors import DeliveryError
from delivery.timeline import TimelineStep
from jobdsl.errors import Problem

__all__ = ["InstanceEngine"]

_SHOWN = 120.0
"""Seconds until AWS shows an instance it has just launched."""
_SLACK = 300.0
"""Seconds an instance may take, beyond its own deadline, to boot and to stop."""
_CONSOLE_LOOKS = 5
"""Looks at a console that does not tell everything, of an instance that has tagged itself."""


class InstanceEngine:
    """One instance a bake; the contract is in engine.py."""

    name = "instance"

    def __init__(self) -> None:
        self._subnets: list[str] = []

    def inputs(self, work: BakeContext) -> Mapping[str, str]:  # noqa: ARG002 - the contract
        """How packages are installed: with another script it is another image."""
        return {"script": digest()}

    def check(self, work: BakeContext) -> Sequence[Problem]:
        """Package within reach of an instance, subnets, profile, groups, permission to launch."""
        self._subnets, problems = launching.subnets_of(work)
        problems += self._reach(work)
        if not problems:
            asked = launching.parameters(work, self._user_data(work))
            problems += launching.dry_run(work, asked, self._subnets)
        return problems

    def build(self, work: BakeContext) -> Built:
        """Launch, wait until it stopped, have it prove that it installed everything, make the image."""
        instance = work.underway or self._launch(work)
        console = self._provision(work, instance)
        with work.timeline.step("image", f"make image {work.name}"):
            image = create(work, partial(of_instance, work, instance))
        return Built(image, manifest(console))

    def _reach(self, work: BakeContext) -> list[Problem]:
        order, package = work.order, work.order.package
        uses_s3 = package.scheme == "s3" or (self._embedded(work) is None and package.scheme == "file")
        if package.scheme == "file" and self._embedded(work) is None and not order.bucket:
            hint = "bucket in [bake], or --bucket, names an S3 bucket to hand it over in; or give its URL"
            return [
                Problem(f"no instance can read {package.source}, which is too large for user data", hint=hint)
            ]
        if uses_s3 and not order.instance_profile:
            hint = "instance_profile in [bake], or --instance-profile; its role needs s3:GetObject"
            return [Problem("an instance without a profile cannot read the package from S3", hint=hint)]
        return []

    def _embedded(self, work: BakeContext) -> bytes | None:
        return work.content if work.content is not None and fits(work.content) else None

    def _user_data(self, work: BakeContext) -> str:
        package = work.order.package
        embedded = self._embedded(work)
        url = "" if embedded else upload.url_of(work) if package.scheme == "file" else package.source
        facts = ("appversion", "base_ami_id", "build_url", "commit", words.BAKE, words.KEY)
        return script(
            work.bake,
            package,
            facts={one.rpartition(":")[2]: work.tags[one] for one in facts if one in work.tags},
            minutes=math.ceil(work.order.timeout / 60),
            url=url,
            content=embedded,
            tag_itself=bool(work.order.instance_profile),
        )

    # Launching, once for a key.

    def _launch(self, work: BakeContext) -> str:
        text = f"{work.order.package.name} {work.order.package.full_version} on {work.base.id}"
        with work.timeline.step("launch", f"launch an instance for {text}") as step:
            if work.order.package.scheme == "file" and self._embedded(work) is None:
                upload.put(work)
            asked = launching.parameters(work, self._user_data(work))
            try:
                id = launching.launch(work, asked, self._subnets, self._once(work))
            except AwsError as error:
                if error.meaning is not ErrorMeaning.AlreadyExists:
                    raise
                id = self._beside(work, step) or launching.launch(work, asked, self._subnets, work.bake)
            step.note(id)
        return id

    def _once(self, work: BakeContext) -> str:
        """Two bakes of a key ask for the same thing, unless one before has ended already."""
        if work.order.again:
            return work.bake
        ended = [
            one["InstanceId"]
            for one in lookup.instances_of(work.aws, work.key)
            if one["State"]["Name"] not in lookup.ALIVE
        ]
        return work.key + hashlib.sha256("".join(sorted(ended)).encode()).hexdigest()

    def _beside(self, work: BakeContext, step: TimelineStep) -> str:
        """The instance of a bake that has just begun, and is perhaps not shown yet; or empty."""
        end = work.clock.now() + _SHOWN
        while work.clock.now() < end:
            for one in lookup.instances_of(work.aws, work.key):
                if one["State"]["Name"] in lookup.ALIVE:
                    work.join(words.read(one.get("Tags")))
                    step.note(f"bake {work.bake} does the same: joined")
                    return str(one["InstanceId"])
            work.clock.sleep(work.order.poll)
        return ""

    # Provisioning, and its proof.

    def _provision(self, work: BakeContext, id: str) -> str:
        """Wait until the instance has stopped and proven itself; gives its console."""
        remove = partial(launching.terminate, work, id)
        if work.underway or work.joined:
            work.undo.temporary(f"terminating instance {id}", remove, ours=not work.joined)
        with work.timeline.step("provision", f"wait until {id} has installed it and stopped") as step:
            stopped = self._stopped(work, step, id)
        with work.timeline.step("prove", "ask whether it worked") as step:
            told, console = self._verdict(work, step, stopped)
            if told is None or not told.ok:
                self._tell(work, console)
                if not work.order.keep_failed:
                    remove()
                raise DeliveryError(*_failure(id, told, stopped))
            if not manifest(console):
                step.note("the console does not list the installed packages")
        return console

    def _stopped(self, work: BakeContext, step: TimelineStep, id: str) -> lookup.Described:
        until_shown = work.clock.now() + _SHOWN

        def look() -> lookup.Described | None:
            found = lookup.instance(work, id)
            if found is None and work.clock.now() < until_shown:
                return None
            state = found["State"]["Name"] if found else "gone"
            step.note(f"{id} is {state}")
            if found is None or state in ("shutting-down", "terminated"):
                raise GoneError(f"instance {id} was terminated before it had stopped{_reason(found or {})}")
            return found if state == "stopped" else None

        return work.wait(step, f"instance {id} to stop", look, work.order.timeout + _SLACK)

    def _verdict(
        self, work: BakeContext, step: TimelineStep, stopped: lookup.Described
    ) -> tuple[ProofResult | None, str]:
        """What the instance says: on itself, where its role may tag it, or on its console, which may lag."""
        id, tag = stopped["InstanceId"], words.read(stopped.get("Tags")).get(PROOF, "")
        end, looks = work.clock.now() + work.order.proof_wait, 0
        while True:
            console = self._console(work, step, id)
            told, looks = verdict(work.bake, tag, console), looks + 1
            whole = manifest(console) if told and told.ok else verdict(work.bake, "", console)
            complete = told and (whole or looks >= _CONSOLE_LOOKS)
            if complete or work.clock.now() >= end:
                return told, console
            step.note(
                "the console says nothing of it yet" if told is None else "the console is not complete yet"
            )
            work.clock.sleep(min(work.order.poll, max(0.0, end - work.clock.now())))

    def _console(self, work: BakeContext, step: TimelineStep, id: str) -> str:
        """What the console says; nothing if it cannot be read now."""
        try:
            with asking(f"reading the console of {id}"):
                return work.aws.ec2.get_console_output(InstanceId=id).get("Output", "")
        except AwsError as error:
            if error.meaning is ErrorMeaning.Denied:
                raise
            step.note(str(error))
            return ""

    def _tell(self, work: BakeContext, console: str) -> None:
        lines = console_tail(console)
        work.timeline.say(
            f"the last {len(lines)} lines of its console:" if lines else "its console says nothing"
        )
        for line in lines:
            work.timeline.say(f"| {line}")


def _failure(id: str, told: ProofResult | None, stopped: lookup.Described) -> tuple[str, str]:
    if told is not None:
        return (
            f"the package could not be installed: {told.why}",
            "the lines above are of the instance's console",
        )
    hint = (
        "it may have crashed, taken longer than --timeout, or the base has no cloud-init; a profile "
        "that may tag its own instance proves more than a console"
    )
    return f"instance {id} stopped without saying that it installed anything{_reason(stopped)}", hint


def _reason(described: lookup.Described) -> str:
    message = described.get("StateReason", {}).get("Message", "")
    return f" ({message})" if message else ""
