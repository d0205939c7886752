"""The registry of probes, and how they are tried."""

from __future__ import annotations

import ctypes
import errno
import json
import os
from collections.abc import Callable

FACTS: dict[str, str] = {}
"""Where the things stand that the probes try to reach."""
PROBES: dict[str, Callable[[], object]] = {}
ALONE: set[str] = set()
"""Probes that may end or hang their process, so that each needs one of its own."""
FILES, EVERYTHING = frozenset({"process", "bare"}), frozenset({"bare"})
DECLARED: dict[str, frozenset[str]] = {}
"""The walls whose sentence says that they lack what would stop the probe."""

COLUMN = 0 if os.uname().machine == "x86_64" else 1
NUMBERS: dict[str, tuple[int, int]] = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clone": (56, 220),
    "clone3": (435, 435),
    "copy_file_range": (326, 285),
    "fanotify_init": (300, 262),
    "flock": (73, 32),
    "fsopen": (430, 430),
    "get_robust_list": (274, 100),
    "inotify_init1": (294, 26),
    "io_setup": (206, 0),
    "io_uring_setup": (425, 425),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mlockall": (151, 230),
    "mount": (165, 40),
    "move_pages": (279, 239),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "prctl": (157, 167),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "sched_setattr": (314, 274),
    "seccomp": (317, 277),
    "semget": (64, 190),
    "setns": (308, 268),
    "setsid": (112, 157),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "splice": (275, 76),
    "syslog": (103, 116),
    "timer_create": (222, 107),
    "timerfd_create": (283, 85),
    "tkill": (200, 130),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}


def probe(
    title: str, declared: frozenset[str] = EVERYTHING, *, alone: bool = False
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register a probe under its title."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        PROBES[title] = function
        DECLARED[title] = declared
        if alone:
            ALONE.add(title)
        return function

    return register


def system_call(name: str, *arguments: object) -> int:
    """Make a system call by its name. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    number = ctypes.c_long(NUMBERS[name][COLUMN])
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def asked(name: str, *arguments: object) -> None:
    """Make a system call with arguments that cannot succeed. Raises OSError where it was not looked at."""
    try:
        system_call(name, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise


def victim() -> int:
    """The process that loads the estate, by its number on the host."""
    return int(FACTS["pid"])


def run(titles: list[str]) -> dict[str, str]:
    """Try the probes; each maps to an empty text, or to what stopped it."""
    outcomes = {}
    for title in titles:
        try:
            PROBES[title]()
        except (OSError, MemoryError) as error:
            outcomes[title] = f"{type(error).__name__}: {error}"
        else:
            outcomes[title] = ""
    return outcomes


def report(titles: list[str], facts: dict[str, str]) -> None:
    """Run in a DSL file: try the probes, and define what became of them."""
    from jobdsl import freestyle

    FACTS.update(facts)
    freestyle("outcomes", description=json.dumps(run(titles)))
