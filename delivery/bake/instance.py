"""The engine `instance`: an instance installs the package by its user data, proves it, stops, and is imaged.

It needs no login: no key pair, no rule of a security group, no root on this host. What it needs is the base's
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
_CONSOLE_POLLS = 5
"""Polls of an incomplete console, for an instance that has tagged itself."""


class InstanceEngine:
    """One instance a bake; the contract is in engine.py."""

    name = "instance"

    def __init__(self) -> None:
        self._subnets: list[str] = []

    def inputs(self, work: BakeContext) -> Mapping[str, str]:  # noqa: ARG002 - the contract
        """How packages are installed: with another script it is another image."""
        return {"script": digest()}

    def check(self, work: BakeContext) -> Sequence[Problem]:
        """Check the package within reach of an instance, subnets, profile, groups, permission to launch."""
        self._subnets, problems = launching.subnets_of(work)
        problems += self._reach(work)
        if not problems:
            parameters = launching.parameters(work, self._user_data(work))
            problems += launching.dry_run(work, parameters, self._subnets)
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
            facts={fact.rpartition(":")[2]: work.tags[fact] for fact in facts if fact in work.tags},
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
            parameters = launching.parameters(work, self._user_data(work))
            try:
                id = launching.launch(work, parameters, self._subnets, self._client_token(work))
            except AwsError as error:
                if error.meaning is not ErrorMeaning.AlreadyExists:
                    raise
                id = self._concurrent(work, step) or launching.launch(
                    work, parameters, self._subnets, work.bake
                )
            step.note(id)
        return id

    def _client_token(self, work: BakeContext) -> str:
        """Return the client token: the same for two bakes of a key, unless an earlier one has ended."""
        if work.order.again:
            return work.bake
        ended = [
            instance["InstanceId"]
            for instance in lookup.instances_of(work.aws, work.key)
            if instance["State"]["Name"] not in lookup.ALIVE
        ]
        return work.key + hashlib.sha256("".join(sorted(ended)).encode()).hexdigest()

    def _concurrent(self, work: BakeContext, step: TimelineStep) -> str:
        """Return the id of an instance of a bake that has just begun, which AWS may not list yet, or ""."""
        end = work.clock.now() + _SHOWN
        while work.clock.now() < end:
            for instance in lookup.instances_of(work.aws, work.key):
                if instance["State"]["Name"] in lookup.ALIVE:
                    work.join(words.read(instance.get("Tags")))
                    step.note(f"bake {work.bake} does the same: joined")
                    return str(instance["InstanceId"])
            work.clock.sleep(work.order.poll)
        return ""

    # Provisioning, and its proof.

    def _provision(self, work: BakeContext, id: str) -> str:
        """Wait until the instance has stopped and proven itself; return its console."""
        remove = partial(launching.terminate, work, id)
        if work.underway or work.joined:
            work.undo.temporary(f"terminating instance {id}", remove, ours=not work.joined)
        with work.timeline.step("provision", f"wait until {id} has installed it and stopped") as step:
            stopped = self._stopped(work, step, id)
        with work.timeline.step("prove", "ask whether it worked") as step:
            result, console = self._verdict(work, step, stopped)
            if result is None or not result.ok:
                self._report(work, console)
                if not work.order.keep_failed:
                    remove()
                raise DeliveryError(*_failure(id, result, stopped))
            if not manifest(console):
                step.note("the console does not list the installed packages")
        return console

    def _stopped(self, work: BakeContext, step: TimelineStep, id: str) -> lookup.Described:
        until_shown = work.clock.now() + _SHOWN

        def poll() -> lookup.Described | None:
            described = lookup.instance(work, id)
            if described is None and work.clock.now() < until_shown:
                return None
            state = described["State"]["Name"] if described else "deleted"
            step.note(f"{id} is {state}")
            if described is None or state in ("shutting-down", "terminated"):
                raise GoneError(
                    f"instance {id} was terminated before it had stopped{_reason(described or {})}"
                )
            return described if state == "stopped" else None

        return work.wait(step, f"instance {id} to stop", poll, work.order.timeout + _SLACK)

    def _verdict(
        self, work: BakeContext, step: TimelineStep, stopped: lookup.Described
    ) -> tuple[ProofResult | None, str]:
        """Read the result from a tag of the instance, or from its console, which may lag."""
        id, tag = stopped["InstanceId"], words.read(stopped.get("Tags")).get(PROOF, "")
        end, polls = work.clock.now() + work.order.proof_wait, 0
        while True:
            console = self._console(work, step, id)
            result, polls = verdict(work.bake, tag, console), polls + 1
            whole = manifest(console) if result and result.ok else verdict(work.bake, "", console)
            complete = result and (whole or polls >= _CONSOLE_POLLS)
            if complete or work.clock.now() >= end:
                return result, console
            step.note(
                "the console does not show the result yet"
                if result is None
                else "the console is not complete yet"
            )
            work.clock.sleep(min(work.order.poll, max(0.0, end - work.clock.now())))

    def _console(self, work: BakeContext, step: TimelineStep, id: str) -> str:
        """Return the console output; "" if it cannot be read now."""
        try:
            with asking(f"reading the console of {id}"):
                return work.aws.ec2.get_console_output(InstanceId=id).get("Output", "")
        except AwsError as error:
            if error.meaning is ErrorMeaning.Denied:
                raise
            step.note(str(error))
            return ""

    def _report(self, work: BakeContext, console: str) -> None:
        lines = console_tail(console)
        work.timeline.say(f"the last {len(lines)} lines of its console:" if lines else "its console is empty")
        for line in lines:
            work.timeline.say(f"| {line}")


def _failure(id: str, result: ProofResult | None, stopped: lookup.Described) -> tuple[str, str]:
    if result is not None:
        return (
            f"the package could not be installed: {result.why}",
            "the lines above are of the instance's console",
        )
    hint = (
        "it may have crashed, taken longer than --timeout, or the base has no cloud-init; a profile "
        "that may tag its own instance proves more than a console"
    )
    return f"instance {id} stopped without reporting that it installed anything{_reason(stopped)}", hint


def _reason(described: lookup.Described) -> str:
    message = described.get("StateReason", {}).get("Message", "")
    return f" ({message})" if message else ""
