"""The filter of system calls, run as the kernel runs it: for architectures this host does not have, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from struct import iter_unpack

import pytest

from jobdsl.isolation import seccomp
from jobdsl.isolation.systemcalls import ALLOWED, CHECKED
from tests.attacks.probes.registry import NUMBERS

PROCESS = 4711
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def decide(machine: str, number: int, *arguments: int, architecture: int = 0, walled: bool = True) -> int:
    """Run the filter over one call, by the semantics of linux/filter.h."""
    program = seccomp.program(machine, PROCESS, files_are_walled=walled)
    steps = list(iter_unpack("=HBBI", program))
    words = [number, architecture or _ARCHITECTURES[machine], 0, 0]
    for argument in (*arguments, 0, 0, 0, 0, 0, 0)[:6]:
        words += [argument & 0xFFFFFFFF, argument >> 32 & 0xFFFFFFFF]
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        match code:
            case 0x20:
                accumulator = words[value // 4]
            case 0x54:
                accumulator &= value
            case 0x06:
                return int(value)
            case _:
                holds = {
                    0x15: accumulator == value,
                    0x35: accumulator >= value,
                    0x45: bool(accumulator & value),
                }
                at += if_true if holds[code] else if_false


@pytest.fixture(params=list(_ARCHITECTURES))
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def _number(table: dict[str, tuple[int, int | None]], name: str, machine: str) -> int:
    number = table[name][0 if machine == "x86_64" else 1]
    if number is None:
        pytest.skip(f"{machine} has no {name}")
    return number


@pytest.mark.parametrize("name", sorted(NUMBERS.keys() - CHECKED.keys()))
def test_calls_of_attacks_are_refused(name: str, machine: str) -> None:
    assert decide(machine, NUMBERS[name][0 if machine == "x86_64" else 1], PROCESS) == _REFUSE


def test_no_number_stands_for_two_calls() -> None:
    for column in (0, 1):
        numbers = [numbers[column] for numbers in [*ALLOWED.values(), *CHECKED.values()]]
        known = [number for number in numbers if number is not None]
        assert len(known) == len(set(known))
        assert not set(known) & {numbers[column] for name, numbers in NUMBERS.items() if name not in CHECKED}


def test_the_program_is_one_the_kernel_takes(machine: str) -> None:
    steps = list(iter_unpack("=HBBI", seccomp.program(machine, PROCESS, files_are_walled=False)))
    assert len(steps) <= 4096  # BPF_MAXINSNS
    for at, (code, if_true, if_false, _) in enumerate(steps):
        if code in (0x15, 0x35, 0x45):
            assert at + 1 + max(if_true, if_false) < len(steps)


def test_other_architectures_end_the_process_and_x32_is_refused(machine: str) -> None:
    others = [*_ARCHITECTURES.values(), 0x40000003, 0x40000028]  # i386 and 32 bits of ARM with them
    for other in others:
        if other != _ARCHITECTURES[machine]:
            assert decide(machine, 0, architecture=other) == _KILL
    assert decide("x86_64", 0x40000000) == _REFUSE
    assert decide("x86_64", 0x40000000 | 520) == _REFUSE  # execve of x32


def test_what_is_newer_than_the_table_is_unknown(machine: str) -> None:
    assert decide(machine, 460) == _UNKNOWN


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("kill", [(PROCESS, 9)], [(1, 9), (0, 9), (-1, 9), (-PROCESS, 9), (PROCESS + 1, 0)]),
        ("tgkill", [(PROCESS, PROCESS, 9)], [(1, 1, 9), (-1, PROCESS, 9)]),
        ("prlimit64", [(0, 7), (PROCESS, 7)], [(1, 7), (PROCESS - 1, 7)]),
        (
            "fcntl",
            [(3, 1), (3, 2), (3, 3), (3, 1030)],
            [(3, command) for command in (8, 9, 10, 11, 15, 16, 6, 7)],
        ),
        ("fcntl", [], [(3, command) for command in (36, 37, 38, 1024, 1025, 1026, 1031, 1033)]),
        (
            "ioctl",
            [(3, 0x5401)],
            [(3, command) for command in (0x8901, 0x8902, 0x5410, 0x540E, 0x5412, 0x541C)],
        ),
        ("prctl", [(15,)], [(option,) for option in (1, 4, 8, 22, 23, 24, 36, 38, 47, 0x59616D61)]),
        ("prctl", [], [(1 << 32 | 1,)]),
        (
            "mmap",
            [(0, 4096, 3, 0x22), (0, 4096, 1, 0x2)],
            [(0, 4096, 3, 0x21), (0, 4096, 1, 0x1), (0, 4096, 3, 0x3)],
        ),
        ("mmap", [], [(0, 4096, 3, 0x122)]),
        (
            "openat",
            [(0, 0, 0), (0, 0, 0o2000000), (0, 0, 1), (0, 0, 0o1101)],
            [(0, 0, 0o1000), (0, 0, 0o1003)],
        ),
        ("openat", [], [(0, 0, 0o3001000), (0, 0, 1 << 32 | 0o1000)]),
    ],
)
def test_arguments_decide(
    name: str, allowed: list[tuple[int, ...]], refused: list[tuple[int, ...]], machine: str
) -> None:
    number = _number(CHECKED, name, machine)
    assert {arguments for arguments in allowed if decide(machine, number, *arguments) != _ALLOW} == set()
    assert {arguments for arguments in refused if decide(machine, number, *arguments) != _REFUSE} == set()


@pytest.mark.parametrize("flags", [0o1, 0o2, 0o3, 0o100, 0o1000, 0o2000, 0o20200000])
def test_no_file_is_opened_for_writing_where_no_wall_refuses_it(flags: int, machine: str) -> None:
    assert decide(machine, _number(CHECKED, "openat", machine), 0, 0, flags, walled=False) == _REFUSE
    assert decide(machine, _number(CHECKED, "openat", machine), 0, 0, 0o2000000, walled=False) == _ALLOW


OLD_LANDLOCK = """
import os, sys
from jobdsl.isolation import landlock, seccomp
landlock._RIGHTS = {1: landlock._RIGHTS[1]}  # as of Linux 5.13
landlock.enter([sys.argv[1]], [])
if "filter" in sys.argv:
    seccomp.enter(files_are_walled=True)
for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, 3):
    try:
        os.close(os.open(sys.argv[1] + "/jobdsl.toml", flags | os.O_TRUNC))
    except OSError as error:
        print(flags, type(error).__name__)
    else:
        print(flags, "emptied")
"""


def test_the_oldest_landlock_lets_no_file_be_emptied(tmp_path: Path) -> None:
    def emptied(*arguments: str) -> list[str]:
        (tmp_path / "jobdsl.toml").write_text("[seed]\n")
        done = subprocess.run(
            [sys.executable, "-c", OLD_LANDLOCK, str(tmp_path), *arguments], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"no landlock on this host: {done.stderr.strip()[-100:]}")
        return done.stdout.splitlines()

    assert emptied() == ["0 emptied", "1 PermissionError", "2 PermissionError", "3 emptied"]
    assert emptied("filter") == [f"{flags} PermissionError" for flags in (0, 1, 2, 3)]
    assert (tmp_path / "jobdsl.toml").read_text() == "[seed]\n"
