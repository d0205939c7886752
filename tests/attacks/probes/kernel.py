"""What the kernel keeps or gives: memory, queues, keys, sockets."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import struct

from .registry import COLUMN, FACTS, FILES, asked, probe, system_call


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


@probe("use more than memory_mb as a stack", frozenset(), alone=True)
def much_stack() -> None:
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_STACK)
        resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))
    end = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "__libc_stack_end").value or 0
    megabyte, used, libc = 1 << 20, 1, ctypes.CDLL(None)
    with mmap.mmap(-1, 8 * megabyte, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):  # to report with
        while used < int(FACTS["memory_mb"]):  # the kernel writes there, and returns an error where it cannot
            place = ctypes.c_void_p(end - (used + 1) * megabyte)
            if libc.getrandom(place, ctypes.c_size_t(megabyte), 0) < megabyte:
                raise MemoryError(f"{used} MB")
            used += 1


@probe("use more than memory_mb that is only read afterwards", frozenset(), alone=True)
def much_read_only_memory() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    size = 16 << 20
    for _ in range(int(FACTS["memory_mb"]) // 16 + 1):
        address = libc.mmap(None, ctypes.c_size_t(size), 3, 0x22, -1, ctypes.c_long(0))
        if address in (None, ctypes.c_void_p(-1).value):
            raise MemoryError
        ctypes.memset(address, 1, size)
        libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), 1)


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


@probe("queue signals for the user's other processes to have no room")
def queue_signals() -> None:
    number = signal.SIGRTMIN + 3
    signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    for _ in range(3):
        os.kill(os.getpid(), number)
    queued = 0
    while signal.sigtimedwait([number], 0) is not None:
        queued += 1
    if queued < 3:
        raise PermissionError(f"{queued} of 3")


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


for _title, _name, _arguments in (
    ("load a program into the kernel (bpf)", "bpf", (99, None, 0)),
    ("mount a file system", "mount", (None, None, None, ctypes.c_ulong(0), None)),
    ("mount a file system (fsopen)", "fsopen", (None, 0)),
    ("take a part of the file system (open_tree)", "open_tree", (-1, None, 0)),
    ("enter namespaces (setns)", "setns", (-1, 0)),
    ("change the root (chroot)", "chroot", (None,)),
    ("make a handle of a file", "name_to_handle_at", (-1, None, None, None, 0)),
    ("queue input and output (io_setup)", "io_setup", (0, None)),
    ("move pages between files (splice)", "splice", (-1, None, -1, None, ctypes.c_size_t(0), 0)),
    ("hide memory (memfd_secret)", "memfd_secret", (0x7FFFFFFF,)),
    ("lock memory (mlockall)", "mlockall", (0x4000,)),
    ("make a timer that signals", "timer_create", (99, None, None)),
    ("make a timer in a file (timerfd)", "timerfd_create", (99, 0)),
    ("add a filter of system calls", "seccomp", (99, 0, None)),
    ("read the log of the kernel", "syslog", (99, None, 0)),
):
    probe(_title)(lambda name=_name, arguments=_arguments: asked(name, *arguments))  # type: ignore[misc]


@probe("change the personality")
def change_personality() -> None:
    system_call("personality", ctypes.c_ulong(0x0040000))  # ADDR_NO_RANDOMIZE


@probe("call by a number of x32")
def call_by_x32() -> None:
    if COLUMN:
        raise PermissionError("x86-64 only")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(0x40000000 | 39)) < 0:
        raise OSError(ctypes.get_errno(), "getpid")
