"""Runs a rollout: place after place, wave after wave, watched in between, rolled back where it has to be.

The places of a wave are deployed one after the other, each under the lock of its cluster; the rollout itself
has a lock of its own. What to do next is read from the tags of groups before every step.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy import operations
from delivery.deploy.checks import image_of
from delivery.deploy.intent import Intent
from delivery.deploy.operations import CommandOutcome
from delivery.deploy.preflight import intend
from delivery.deploy.status import illness_of
from delivery.deploy.traffic import traffic_of
from delivery.errors import (
    FAILED,
    REFUSED,
    ROLLED_BACK,
    USAGE,
    WAITING,
    DeliveryError,
    LockedError,
    SeveralError,
)
from delivery.history.recorder import Recorder
from delivery.permission import permit
from delivery.rollout.images import copied, known_copies
from delivery.rollout.progress import (
    PlaceProgress,
    PlaceState,
    Rollout,
    is_open,
    newest,
    progress_of,
    rollout_id,
)
from delivery.sharing import mark_tested, share_with
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.rollout.places import WavePlace
    from delivery.rollout.record import WavesRecorder

__all__ = ["WavesRun"]

OpenSite = Callable[["WavePlace"], "Site"]
"""Opens the surroundings of a place, with a lock that is not taken yet."""


@dataclass(frozen=True)
class _PlacePermission:
    """Whether the image may be deployed in a place: asked about the image where it was baked and tested."""

    site: Site
    home_region: str
    source: str
    image: str

    def check(self) -> None:
        """Raise what policy has against it. PolicyError, DeliveryError."""
        site = self.site
        permit(
            site.settings,
            site.aws.in_region(self.home_region),
            app=site.cluster.app,
            image=self.source,
            change_request=site.trigger.change_request,
            jenkins_user=site.trigger.jenkins_user,
        )

    def share(self) -> None:
        """Share the copy with the account it is to run in. DeliveryError."""
        share_with(self.site.settings, self.site.aws, self.image)


@dataclass
class WavesRun:
    """One run over the waves of a cluster."""

    site: Site
    """The home: its settings have the waves, its region has the image, its lock is that of the rollout."""
    waves: Sequence[Sequence[WavePlace]]
    open_site: OpenSite
    strategy: str | None = None
    images: dict[str, str] = field(default_factory=dict)
    """Ids of the image by region."""

    @property
    def places(self) -> list[WavePlace]:
        """All places, in order."""
        return [place for wave in self.waves for place in wave]

    @property
    def rolls_back(self) -> bool:
        """Whether a failure rolls back what was deployed before."""
        return self.site.deploy.wave_failure == "rollback"

    def current(self) -> Rollout | None:
        """Return the rollout that began last; None if there was none. AwsError."""
        return newest(group for place in self.places for group in self.open_site(place).read().alive)

    def progress(self, rollout: Rollout, place: WavePlace) -> PlaceProgress:
        """Return what became of a rollout in a place. AwsError."""
        site = self.open_site(place)
        cluster, traffic = site.read(), traffic_of(site)
        taking = [group for group in cluster.alive if traffic.takes(group)]
        return progress_of(rollout, cluster, taking, self.images.get(place.aws.region, ""))

    def states(self, rollout: Rollout) -> dict[str, PlaceProgress]:
        """Return what became of a rollout, by the names of its places. AwsError."""
        self.images = known_copies(self.site.aws, rollout.image, {place.aws.region for place in self.places})
        return {place.name: self.progress(rollout, place) for place in self.places}

    def begin(self, image: str) -> Rollout:
        """Return the rollout of an image that is not over, or a new one. AwsError."""
        rollout = self.current()
        is_same = rollout is not None and rollout.image == image
        if rollout is not None and is_same and is_open(self.states(rollout), rolls_back=self.rolls_back):
            self.site.timeline.say(f"rollout {rollout.id} of {image} is not over: going on with it")
            return rollout
        rollout = Rollout(rollout_id(self.site.clock.now(), secrets.token_hex(3)), image)
        self.states(rollout)
        return rollout

    def intents(self, rollout: Rollout) -> Iterator[tuple[WavePlace, Site, Intent | None, PlaceProgress]]:
        """Plan the deploy of each place that has not begun. DeliveryError: all that refuses any of them."""
        problems: list[Problem] = []
        code = USAGE
        planned = []
        known = image_of(self.site.aws, self.site.settings, rollout.image)
        for place in self.places:
            site, progress = self.open_site(place), self.progress(rollout, place)
            intent = None
            if progress.state is PlaceState.pending:
                image = self.images.get(place.aws.region, rollout.image)
                permission = _PlacePermission(site, self.site.aws.region, rollout.image, image)
                site.known_image = replace(known, id=image)
                strategy = self.strategy or site.deploy.strategy
                try:
                    intent = intend(site, traffic_of(site), image, strategy, permit=permission.check)
                except DeliveryError as error:
                    if error.exit_code not in (USAGE, REFUSED):
                        raise
                    code = max(code, error.exit_code)
                    problems += [
                        replace(each, message=f"{place.name}: {each.message}") for each in error.problems
                    ]
                self.site.overridden += [f"{place.name}: {reason}" for reason in site.overridden]
            planned.append((place, site, intent, progress))
        if problems:
            raise SeveralError(problems, code)
        yield from planned

    def run(self, rollout: Rollout, recorder: WavesRecorder) -> CommandOutcome:
        """Do what is left of a rollout. DeliveryError."""
        if (place := self._going_back(rollout)) is not None:  # which nothing refuses
            recorder.about(rollout)
            return self._failed(rollout, place, _reason(self._reach(rollout, place)))
        with self.site.timeline.step("check", "policy, image, network, groups of all places") as step:
            for place, _, intent, progress in self.intents(rollout):
                step.note(f"{place.name}: {intent.group if intent else progress.state}")
        recorder.about(rollout)
        self.site.report_begin("deploy in waves")
        self.images |= copied(self.site, rollout.image, (place.aws.region for place in self.places))
        for number, wave in enumerate(self.waves, 1):
            for place in wave:
                self.site.lock.check()
                reached = self._reach(rollout, place)
                if reached.state is PlaceState.waiting:
                    return self._waiting(rollout, place, reached)
                if not reached.is_good:
                    return self._failed(rollout, place, _reason(reached))
            if number < len(self.waves) and (failure := self._soak(rollout, number, wave)):
                return self._failed(rollout, *failure)
        summary = f"{self.site.release or rollout.image} is deployed in {_count(len(self.places), 'place')}"
        return self._ending("deployed", summary, rollout)

    def _going_back(self, rollout: Rollout) -> WavePlace | None:
        """Return the place whose failure an earlier run was rolling back; None if there is none. AwsError."""
        states = self.states(rollout)
        ended = (PlaceState.failed, PlaceState.going_back)
        return next((place for place in self.places if states[place.name].state in ended), None)

    def _reach(self, rollout: Rollout, place: WavePlace) -> PlaceProgress:
        """Deploy in a place, or go on with what is there. DeliveryError."""
        progress = self.progress(rollout, place)
        if progress.is_good and tags.WAVE_DONE in (progress.group.tags if progress.group else {}):
            self.site.timeline.already(f"{place.name} deploy", str(progress.state))
            return progress
        if progress.state in (PlaceState.already, PlaceState.replaced, PlaceState.failed):
            self.site.timeline.already(f"{place.name} deploy", str(progress.state))
            return progress
        site = self.open_site(place)
        site.rollout = rollout.tag
        image = self.images[place.aws.region]
        site.known_image = replace(image_of(site.aws, site.settings, image), id=image)
        site.release = site.known_image.release
        permission = _PlacePermission(site, self.site.aws.region, rollout.image, image)
        strategy = self.strategy or site.deploy.strategy

        def act() -> CommandOutcome:
            if progress.state is PlaceState.done:
                return CommandOutcome("deployed")
            if progress.state is PlaceState.pending:
                return operations.deploy(site, image, strategy, permission=permission)
            return operations.resume(site)

        with site.lock, Recorder(site, "deploy") as recorder:
            recorder.ending = ending = act()
            site.report_end(ending.outcome, str(ending))
            if ending.outcome == "deployed":
                reached = self.progress(rollout, place)
                if reached.group is not None:
                    site.tag(reached.group.name, {tags.WAVE_DONE: iso(site.clock.now())})
                self._tested(site, image)
        return self.progress(rollout, place)

    def _tested(self, site: Site, image: str) -> None:
        """Note that the image ran in a place: on the copy there, and where it is looked up."""
        for aws, id in (
            (site.aws, image),
            (site.aws.in_region(self.site.aws.region), self.images[self.site.aws.region]),
        ):
            try:
                mark_tested(aws, id, str(site.cluster), site.clock)
            except LockedError:
                raise
            except DeliveryError as error:
                site.timeline.say(f"that {id} ran here could not be noted: {error.message}")

    def _soak(self, rollout: Rollout, number: int, wave: Sequence[WavePlace]) -> tuple[WavePlace, str] | None:
        """Watch what a wave has deployed; gives the place that is ill, and why. DeliveryError."""
        minutes, clock = self.site.deploy.wave_soak_minutes, self.site.clock
        if not minutes:
            return None
        begun = [self._done_at(rollout, place) for place in wave]
        until = max(begun, default=0.0) + minutes * 60
        text = f"wave {number} of {len(self.waves)} must stay healthy for {minutes:g} min"
        with self.site.timeline.step(f"soak-{number}", text) as step:
            ill: dict[str, int] = {}
            while True:
                for place in wave:
                    reason = self._illness(rollout, place)
                    ill[place.name] = ill.get(place.name, 0) + 1 if reason else 0
                    if reason:
                        step.note(f"{place.name}: {reason}")
                    if ill[place.name] >= self.site.deploy.looks:
                        return place, reason
                seconds = until - clock.now()
                if seconds <= 0 and not any(ill.values()):
                    return None
                poll = self.site.deploy.poll_seconds
                self.site.lock.sleep(min(poll, seconds) if seconds > 0 else poll)

    def _done_at(self, rollout: Rollout, place: WavePlace) -> float:
        """Return since when a place is done; 0 where the rollout has nothing to watch."""
        progress = self.progress(rollout, place)
        recorded = progress.group.tags.get(tags.WAVE_DONE) if progress.group else None
        return datetime.fromisoformat(recorded).timestamp() if recorded else 0.0

    def _illness(self, rollout: Rollout, place: WavePlace) -> str:
        progress, site = self.progress(rollout, place), self.open_site(place)
        if progress.state is PlaceState.done and progress.group is not None:
            return illness_of(site, progress.group, traffic_of(site), own_checks=True)
        if progress.is_good:
            return ""
        return f"it is {progress.state}"

    def _failed(self, rollout: Rollout, place: WavePlace, reason: str) -> CommandOutcome:
        """Roll back the place that failed, if it has not yet, and the others if they are to go back too."""
        which = [other for other in self.places if other.name == place.name or self.rolls_back]
        why = f"{place.name} failed: {reason}"
        self.site.report_decision(why)
        self._back(rollout, which, why)
        if self.rolls_back:
            return self._ending("rolled back", f"rolled back everywhere: {why}", rollout, ROLLED_BACK, why)
        finished = [
            name for name, progress in self.states(rollout).items() if progress.state is PlaceState.done
        ]
        keep = f"; {', '.join(finished)} keep it: delivery waves rollback" if finished else ""
        summary = f"stopped in wave {place.wave} of {len(self.waves)}: {why}{keep}"
        return self._ending("stopped", summary, rollout, FAILED, why)

    def back(self, rollout: Rollout, reason: str) -> CommandOutcome:
        """Roll back every place that a rollout has deployed, the last one first. DeliveryError."""
        self.states(rollout)
        self.site.report_begin("rollback in waves")
        self._back(rollout, self.places, reason)
        return self._ending("rolled back", f"rollout {rollout.id} is rolled back", rollout, reason=reason)

    def _back(self, rollout: Rollout, places: Sequence[WavePlace], reason: str) -> None:
        problems: list[Problem] = []
        for place in reversed(places):
            if not self.progress(rollout, place).is_begun:
                continue
            site = self.open_site(place)
            try:
                with site.lock, Recorder(site, "rollback") as recorder:
                    recorder.ending = ending = operations.rollback(site, reason=reason)
                    site.report_end(ending.outcome, str(ending))
            except DeliveryError as error:
                problems += [
                    replace(each, message=f"{place.name}: {each.message}") for each in error.problems
                ]
        if problems:
            raise SeveralError(problems, FAILED)

    def _waiting(self, rollout: Rollout, place: WavePlace, reached: PlaceProgress) -> CommandOutcome:
        group = reached.group.name if reached.group else place.name
        at = f"--cluster {place.cluster} --account {place.aws.account} --region {place.aws.region}"
        summary = (
            f"{group} waits in {place.name}: delivery promote {at} and then delivery waves resume, "
            "or delivery waves rollback"
        )
        return self._ending("waiting", summary, rollout, WAITING)

    def _ending(
        self, outcome: str, summary: str, rollout: Rollout, exit_code: int = 0, reason: str = ""
    ) -> CommandOutcome:
        return CommandOutcome(
            outcome,
            release=self.site.release,
            reason=reason,
            exit_code=exit_code,
            summary=summary,
            places=tuple(self.values(rollout)),
        )

    def values(self, rollout: Rollout) -> list[dict[str, object]]:
        """Return how each place stands, as JSON values. AwsError."""
        states = self.states(rollout)
        return [
            {
                **place.values,
                "rollout": rollout.id,
                "state": str(states[place.name].state),
                "group": group.name if (group := states[place.name].group) else None,
                "done_at": group.tags.get(tags.WAVE_DONE) if group else None,
            }
            for place in self.places
        ]


def _reason(progress: PlaceProgress) -> str:
    group = progress.group
    reason = group.tags.get(tags.REASON, "") if group else ""
    return reason or f"it is {progress.state}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
