"""The journal tells what was done and why, and repeats nothing."""

from __future__ import annotations

from dynaslave.deciding.decisions import (
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Launch,
    Note,
    RemoveNode,
    Report,
    Retire,
    Suspect,
)
from dynaslave.manager.journal import Journal, described
from dynaslave.provider import NoCapacity, Offer


def test_what_was_done_is_told_in_words() -> None:
    said: list[tuple[Decision, str, str]] = [
        (Launch("linux", 3, "3 wait"), "launch", "3 x linux"),
        (Drain("linux-a", "not needed"), "drain", "linux-a"),
        (Retire("linux-a", "drained"), "retire", "linux-a"),
        (RemoveNode("linux-a", "no instance"), "remove node", "linux-a"),
        (Suspect("i-1", "no node"), "suspect", "i-1"),
        (EndInstance("i-1", "no node"), "end instance", "i-1"),
        (Adopt("i-1", "linux-a", "same launch"), "adopt", "i-1 as linux-a"),
        (Note("i-1", {"uses": "3"}, "3 builds taken"), "note", "i-1"),
    ]
    for decision, action, target in said:
        launched = 3 if isinstance(decision, Launch) else 0
        entry = described(Report(decision, launched=launched), 5.0)
        assert (entry.action, entry.target, entry.reason, entry.error) == (
            action,
            target,
            decision.reason,
            "",
        )


def test_a_launch_that_fell_short_says_why() -> None:
    refused = {Offer("c7i.large", "eu-1a"): NoCapacity("c7i.large in eu-1a has no capacity")}
    entry = described(Report(Launch("linux", 3, "3 wait"), launched=1, refused=refused), 5.0)
    assert entry.error == "2 of 3 not started: c7i.large in eu-1a has no capacity"


def test_the_same_trouble_is_one_entry_with_a_count() -> None:
    journal = Journal()
    failed = Report(Launch("linux", 1, "1 waits"), error="denied")
    news = [journal.add([failed, Report(Drain(f"n{at}", "x"))], at) for at in range(4)]
    assert [len(new) for new in news] == [2, 1, 1, 1]
    launch = next(entry for entry in journal.last() if entry.action == "launch")
    assert (launch.times, launch.first, launch.at) == (4, 0, 3)
    assert len(journal.last()) == 5


def test_what_succeeds_again_is_told_again() -> None:
    journal = Journal()
    for at in range(3):
        assert journal.add([Report(Launch("linux", 1, "1 waits"), launched=1)], at)
    assert len(journal.last()) == 3


def test_a_ring_forgets_the_oldest() -> None:
    journal = Journal(size=10)
    for at in range(100):
        journal.add([Report(Drain(f"n{at}", "x"))], at)
    assert [entry.target for entry in journal.last(2)] == ["n99", "n98"]
    assert len(journal.last()) == 10
