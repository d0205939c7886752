"""What a DSL file tries. The whole module is copied into an estate and runs there, with the guard rail off.

A probe that comes to its end has reached what it tried; one that a wall stops raises OSError. Probes that
do something to the host say in `EFFECTS` where it is looked for after the load. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import socket
import struct
import time
from collections.abc import Callable

FACTS: dict[str, str] = {}
"""Where the things stand that the probes try to reach."""
PROBES: dict[str, Callable[[], object]] = {}
ALONE: set[str] = set()
"""Probes that may end or hang their process, so that each needs one of its own."""
FILES, EVERYTHING = frozenset({"process", "bare"}), frozenset({"bare"})
DECLARED: dict[str, frozenset[str]] = {}
"""The walls whose sentence says that they lack what would stop the probe."""

_COLUMN = 0 if os.uname().machine == "x86_64" else 1
_NUMBERS: dict[str, tuple[int, int]] = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "clone": (56, 220),
    "copy_file_range": (326, 285),
    "fanotify_init": (300, 262),
    "flock": (73, 32),
    "inotify_init1": (294, 26),
    "io_uring_setup": (425, 425),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "open_by_handle_at": (304, 265),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_open": (434, 434),
    "prctl": (157, 167),
    "process_vm_readv": (310, 270),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "sched_setattr": (314, 274),
    "semget": (64, 190),
    "setsid": (112, 157),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "timer_create": (222, 107),
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
    number = ctypes.c_long(_NUMBERS[name][_COLUMN])
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


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


# What stands on the host


@probe("read a file outside the estate", FILES)
def read_outside() -> None:
    with open(FACTS["outside"]) as file:
        file.read()


@probe("read a file outside by a handle", EVERYTHING)
def read_by_handle() -> None:
    handle = struct.pack("Ii8s", 8, 1, b"\0" * 8)
    try:
        system_call("open_by_handle_at", -100, handle, 0)
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.ESTALE,
            errno.EOPNOTSUPP,
        ):  # which mean that it was looked at
            raise


def _read_secret(name: str) -> None:
    with open(os.path.join(FACTS["estate"], name)) as file:
        if not file.read():
            raise FileNotFoundError("it is covered")


for _name, _title in (
    ("secrets.toml", "read the secrets file of jobdsl.toml"),
    ("elsewhere.json", "read the secrets file of JOBDSL_SECRETS"),
    (".git/config", "read .git"),
    ("lib/dep/.git/config", "read .git of a nested repository"),
    ("lib/module/.git", "read .git of a submodule"),
    ("lib/old/.hg/hgrc", "read .hg"),
    ("lib/older/.svn/wc.db", "read .svn"),
    ("__pycache__/deep/.git/config", "read .git in a directory without DSL files"),
):
    probe(_title, FILES)(lambda name=_name: _read_secret(name))  # type: ignore[misc]


@probe("list programs of the host", FILES)
def list_programs() -> None:
    if len(os.listdir("/usr/bin")) < 5:
        raise FileNotFoundError("only the interpreter")


@probe("list /usr/share and /usr/local/etc", FILES)
def list_system() -> None:
    names = [*os.listdir("/usr/share"), *os.listdir("/usr/local/etc")]
    if set(names) <= {"zoneinfo", "lib"}:
        raise FileNotFoundError("only time zones")


@probe("list processes", FILES)
def list_processes() -> None:
    if not any(name.isdigit() for name in os.listdir("/proc")):
        raise FileNotFoundError("none")


# The process that holds the token


def _of_the_victim(name: str) -> str:
    return f"/proc/{victim()}/{name}"


@probe("read the environment of the command")
def read_environment() -> None:
    with open(_of_the_victim("environ"), "rb") as file:
        if FACTS["canary"].encode() not in file.read():
            raise FileNotFoundError("no token")


@probe("read the memory of the command")
def read_memory() -> None:
    open(_of_the_victim("mem"), "rb").close()


@probe("open what the command has open")
def open_descriptors() -> None:
    for name in os.listdir(_of_the_victim("fd")):
        with contextlib.suppress(PermissionError):
            os.stat(_of_the_victim(f"fd/{name}"))
            return
    raise PermissionError("none of them")


@probe("find the token in the command line")
def read_command_line() -> None:
    with open(_of_the_victim("cmdline"), "rb") as file:
        if FACTS["canary"].encode() not in file.read():
            raise FileNotFoundError("no token")


@probe("trace the command (ptrace)", alone=True)
def trace() -> None:
    for process in (victim(), 1):
        with contextlib.suppress(ProcessLookupError):
            system_call("ptrace", 16, process, None, None)  # PTRACE_ATTACH
            system_call("ptrace", 17, process, None, None)
            return
    raise ProcessLookupError


@probe("read memory of the command (process_vm_readv)")
def read_foreign_memory() -> None:
    room = ctypes.create_string_buffer(8)
    here = struct.pack("PN", ctypes.addressof(room), 8)
    system_call(
        "process_vm_readv", victim(), here, ctypes.c_ulong(1), here, ctypes.c_ulong(1), ctypes.c_ulong(0)
    )


@probe("compare with the command (kcmp)")
def compare() -> None:
    system_call("kcmp", os.getpid(), victim(), 0, ctypes.c_ulong(0), ctypes.c_ulong(0))


@probe("get a handle of the command (pidfd)")
def process_handle() -> None:
    system_call("pidfd_open", victim(), 0)


# Signals and limits of other processes


@probe("signal the command (kill)")
def signal_by_kill() -> None:
    os.kill(victim(), 0)


@probe("signal the command (sigqueue)")
def signal_by_queue() -> None:
    information = struct.pack("iii", 0, 0, -1) + b"\0" * 116
    system_call("rt_sigqueueinfo", victim(), 28, information)  # SIGWINCH, which is ignored


@probe("signal the command (F_SETOWN)")
def signal_by_owner() -> None:
    reader, _ = os.pipe()
    fcntl.fcntl(reader, 8, victim())


@probe("signal the command (F_SETOWN_EX)")
def signal_by_owner_ex() -> None:
    fcntl.fcntl(0, 15, struct.pack("ii", 1, victim()))


@probe("choose the signal of a descriptor (F_SETSIG)")
def choose_signal() -> None:
    fcntl.fcntl(0, 10, 9)


@probe("signal the command (FIOSETOWN)")
def signal_by_ioctl() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        fcntl.ioctl(opened, 0x8901, struct.pack("i", victim()))


@probe("kill the command through a pipe", alone=True)
def kill_by_owner() -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(reader, 8, victim())
    fcntl.fcntl(reader, 10, 9)
    fcntl.fcntl(reader, 4, fcntl.fcntl(reader, 3) | os.O_ASYNC)
    os.write(writer, b"x")


@probe("read or set limits of the command (prlimit)")
def limits() -> None:
    import resource

    resource.prlimit(victim(), resource.RLIMIT_NOFILE)


@probe("set the priority of the command")
def priority() -> None:
    os.setpriority(os.PRIO_PROCESS, victim(), 1)


@probe("set the processors of the command")
def processors() -> None:
    os.sched_setaffinity(victim(), os.sched_getaffinity(0))


@probe("set the scheduling of the command")
def scheduling() -> None:
    os.sched_setscheduler(victim(), os.SCHED_OTHER, os.sched_param(0))


@probe("set the scheduling of the command (sched_setattr)")
def scheduling_attributes() -> None:
    attributes = struct.pack("IIQiIQQQ", 48, 0, 0, 0, 0, 0, 0, 0)
    system_call("sched_setattr", victim(), attributes, 0)


@probe("set the input priority of the command")
def input_priority() -> None:
    system_call("ioprio_set", 1, victim(), 2 << 13 | 4)


# Processes that outlive the load


def _stay() -> None:
    """Go on as a process that nothing is to end."""
    with contextlib.suppress(OSError):
        system_call("prctl", 1, 0, 0, 0, 0)
        os.setsid()
    while True:
        time.sleep(1)


@probe("leave a process behind (fork)", alone=True)
def start_process() -> None:
    if os.fork() == 0:
        _stay()


@probe("leave a process behind (clone)", alone=True)
def start_by_clone() -> None:
    if system_call("clone", ctypes.c_ulong(17), None, None, None, None) == 0:  # SIGCHLD
        _stay()


@probe("start many processes", alone=True)
def start_many() -> None:
    for _ in range(30):
        if os.fork() == 0:
            _stay()


@probe("start a program (exec)", alone=True)
def start_program() -> None:
    os.execve("/proc/self/exe", ["python", "-c", "pass"], {})


@probe("start a thread", alone=True)
def start_thread() -> None:
    start = ctypes.pythonapi.PyThread_start_new_thread
    start.restype = ctypes.c_ulong
    if start(_THREAD, None) == ctypes.c_ulong(-1).value:
        raise PermissionError("no thread")
    time.sleep(0.1)


_THREAD = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)


@probe("outlive the load (PR_SET_PDEATHSIG)")
def clear_death_signal() -> None:
    system_call("prctl", 1, 0, 0, 0, 0)


@probe("outlive the load (PR_SET_PDEATHSIG with a high half)")
def clear_death_signal_wide() -> None:
    system_call("prctl", ctypes.c_ulong(1 << 32 | 1), ctypes.c_ulong(0), 0, 0, 0)


@probe("outlive the load (PR_SET_CHILD_SUBREAPER)")
def become_subreaper() -> None:
    system_call("prctl", 36, 1, 0, 0, 0)


@probe("leave the session (setsid)")
def leave_session() -> None:
    with contextlib.suppress(PermissionError):
        os.setsid()
        return
    if os.getsid(0) == os.getpid():  # the leader of a session is refused in any case
        os.setpgid(0, 0)
        raise PermissionError("it leads a session; and neither may it make a group")
    raise PermissionError


# Memory that no limit counts


def _shared_segment(size: int) -> int:
    return system_call("shmget", ctypes.c_int(0), ctypes.c_size_t(size), ctypes.c_int(0o1600))  # IPC_CREAT


@probe("share memory (System V)")
def shared_memory() -> None:
    segment = _shared_segment(4096)
    system_call("shmctl", segment, 0, None)


@probe("keep a message queue (System V)")
def message_queue() -> None:
    system_call("msgget", 0, 0o1600)


@probe("keep semaphores (System V)")
def semaphores() -> None:
    system_call("semget", 0, 1, 0o1600)


@probe("keep a message queue (POSIX)")
def posix_queue() -> None:
    system_call("mq_open", f"jobdsl-attack-{os.getpid()}".encode(), os.O_CREAT | os.O_RDWR, 0o600, None)


@probe("keep memory in a file without a name (memfd)")
def memory_file() -> None:
    system_call("memfd_create", b"x", 0)


@probe("map shared memory")
def map_shared() -> None:
    mmap.mmap(-1, 4096)


@probe("map memory that counts as a stack")
def map_stack() -> None:
    mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)


@probe("use more than memory_mb", frozenset(), alone=True)
def much_memory() -> None:
    [b"x" * (16 << 20) for _ in range(int(FACTS["memory_mb"]) // 16 + 2)]


@probe("enlarge pipes")
def enlarge_pipes() -> None:
    reader, _ = os.pipe()
    fcntl.fcntl(reader, 1031, 1 << 20)


@probe("fill a file system in memory", FILES)
def fill_memory_file_system() -> None:
    for folder in ("/", "/dev/shm", "/dev", "/tmp", "/run", "/usr", FACTS["estate"] + "/.git"):
        with contextlib.suppress(OSError):
            os.mkdir(f"{folder}/attack-{os.getpid()}")
            return
    raise PermissionError("nowhere")


@probe("lock a file of the estate against others (fcntl)")
def lock_by_fcntl() -> None:
    with open(FACTS["estate"] + "/jobdsl.toml", "rb") as file:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


@probe("lock a file of the estate against others (flock)")
def lock_by_flock() -> None:
    with open(FACTS["estate"] + "/jobdsl.toml", "rb") as file:
        system_call("flock", file.fileno(), 2 | 4)


# Keys


@probe("read a key of the session")
def read_key() -> None:
    key = system_call("keyctl", 10, -3, b"user", b"jobdsl-attack", 0)  # KEYCTL_SEARCH, the session's keyring
    system_call("keyctl", 11, key, ctypes.create_string_buffer(64), 64)


@probe("add a key")
def add_key() -> None:
    system_call("add_key", b"user", b"jobdsl-attack-2", b"x", ctypes.c_size_t(1), -3)


@probe("ask for a key")
def ask_for_key() -> None:
    try:
        system_call("request_key", b"user", b"jobdsl-attack", None, -3)
    except OSError as error:
        if error.errno != errno.ENOKEY:  # which means that it was looked for
            raise


# Files


@probe("write a file of the estate")
def write_file() -> None:
    with open(FACTS["estate"] + "/jobdsl.toml", "r+b"):
        pass


@probe("make a file")
def make_file() -> None:
    with open(FACTS["estate"] + "/made", "xb"):
        pass


def _empty(flags: int) -> None:
    os.close(os.open(FACTS["estate"] + "/jobdsl.toml", flags | os.O_TRUNC))


@probe("empty jobdsl.toml (O_RDONLY|O_TRUNC)")
def empty_reading() -> None:
    _empty(os.O_RDONLY)


@probe("empty jobdsl.toml (O_ACCMODE|O_TRUNC)")
def empty_mode_three() -> None:
    _empty(3)


@probe("empty jobdsl.toml (O_WRONLY|O_TRUNC)")
def empty_writing() -> None:
    _empty(os.O_WRONLY)


@probe("empty jobdsl.toml (truncate)")
def empty_by_call() -> None:
    os.truncate(FACTS["estate"] + "/jobdsl.toml", 0)


@probe("empty jobdsl.toml (openat2)")
def empty_by_openat2() -> None:
    how = struct.pack("QQQ", os.O_RDONLY | os.O_TRUNC, 0, 0)
    path = (FACTS["estate"] + "/jobdsl.toml").encode()
    system_call("openat2", -100, path, how, ctypes.c_size_t(24))


@probe("change a file through a mapping")
def change_by_mapping() -> None:
    with open(FACTS["estate"] + "/mapped", "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        view[0:1] = b"X"


def _change(what: Callable[..., object], *names: str) -> None:
    what(*[f"{FACTS['estate']}/{name}" for name in names])


for _what, _names in (
    (os.rename, ("moved", "moved.2")),
    (os.unlink, ("removed",)),
    (os.link, ("mapped", "linked")),
    (os.symlink, ("mapped", "pointed")),
    (os.mkdir, ("folder",)),
    (os.rmdir, ("empty",)),
    (os.mkfifo, ("fifo",)),
    (os.utime, ("mapped",)),
):
    probe(f"change files ({_what.__name__})")(  # type: ignore[attr-defined]
        lambda what=_what, names=_names: _change(what, *names)  # type: ignore[misc]
    )


@probe("change the mode of a file")
def change_mode() -> None:
    os.chmod(FACTS["estate"] + "/mapped", 0o777)


@probe("change attributes of a file")
def change_attributes() -> None:
    os.setxattr(FACTS["estate"] + "/mapped", "user.x", b"x")


# The network


def _socket(family: int, kind: int, protocol: int = 0) -> None:
    socket.socket(family, kind, protocol).close()


@probe("connect to a port of the host")
def connect() -> None:
    socket.create_connection(("127.0.0.1", int(FACTS["port"])), 1).close()


@probe("connect to a socket of the host", FILES - {"process"})
def connect_unix() -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.connect(FACTS["socket"])


@probe("connect to an abstract socket of the host")
def connect_abstract() -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.connect("\0" + FACTS["abstract"])


for _title, _family, _kind in (
    ("vsock", 40, 1),
    ("netlink", 16, 3),
    ("AF_ALG", 38, 5),
    ("UDP", 2, 2),
    ("IPv6", 10, 1),
    ("unix", 1, 1),
):
    probe(f"open a socket ({_title})")(lambda family=_family, kind=_kind: _socket(family, kind))  # type: ignore[misc]


# The kernel


@probe("watch files (inotify)")
def watch() -> None:
    system_call("inotify_init1", 0)


@probe("queue calls to the kernel (io_uring)")
def queue_calls() -> None:
    system_call("io_uring_setup", 1, ctypes.create_string_buffer(120))


@probe("make namespaces")
def make_namespaces() -> None:
    system_call("unshare", ctypes.c_ulong(0x10000000))


@probe("handle page faults (userfaultfd)")
def handle_faults() -> None:
    system_call("userfaultfd", 1)


@probe("measure the kernel (perf)")
def measure() -> None:
    attributes = struct.pack("II", 1, 112) + b"\0" * 104
    system_call("perf_event_open", attributes, 0, -1, -1, ctypes.c_ulong(0))


@probe("change the personality")
def change_personality() -> None:
    system_call("personality", ctypes.c_ulong(0x0040000))  # ADDR_NO_RANDOMIZE


@probe("call by a number of x32")
def call_by_x32() -> None:
    if _COLUMN:
        raise PermissionError("x86-64 only")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(0x40000000 | 39)) < 0:
        raise OSError(ctypes.get_errno(), "getpid")


def report(titles: list[str], facts: dict[str, str]) -> None:
    """Run in a DSL file: try the probes, and define what became of them."""
    from jobdsl import freestyle

    FACTS.update(facts)
    freestyle("outcomes", description=json.dumps(run(titles)))
