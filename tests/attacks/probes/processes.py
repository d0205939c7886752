"""Other processes, the command first: looked into, signalled, limited; processes that stay."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import socket
import struct
import time

from .registry import EVERYTHING, FACTS, FILES, asked, probe, system_call, victim


def _of_the_victim(name: str) -> str:
    return f"/proc/{victim()}/{name}"


@probe("read the environment of the command")
def read_environment() -> None:
    with open(_of_the_victim("environ"), "rb") as file:
        if FACTS["canary"].encode() not in file.read():
            raise FileNotFoundError("no token")


@probe("read the environment of another process", FILES)
def read_other_environment() -> None:
    with open(f"/proc/{FACTS['other']}/environ", "rb") as file:
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
    process = victim()
    try:
        system_call("ptrace", 16, process, None, None)  # PTRACE_ATTACH
    except ProcessLookupError:  # in another process namespace, whose first process is the wall's
        process = 1
        system_call("ptrace", 16, process, None, None)
    os.waitpid(process, 0x40000000)  # __WALL; what has not stopped yet would stop when it is let go
    system_call("ptrace", 17, process, None, None)  # PTRACE_DETACH


@probe("read memory of the command (process_vm_readv)")
def read_foreign_memory() -> None:
    room = ctypes.create_string_buffer(8)
    here = struct.pack("PN", ctypes.addressof(room), 8)
    system_call(
        "process_vm_readv", victim(), here, ctypes.c_ulong(1), here, ctypes.c_ulong(1), ctypes.c_ulong(0)
    )


for _title, _name, _arguments in (
    ("take a descriptor of the command (pidfd_getfd)", "pidfd_getfd", (-1, 0, 0)),
    ("signal by a handle (pidfd)", "pidfd_send_signal", (-1, 0, None, 0)),
    ("advise about memory of the command", "process_madvise", (-1, None, ctypes.c_size_t(0), 0, 0)),
    ("start a process (clone3)", "clone3", (None, ctypes.c_size_t(0))),
):
    probe(_title)(lambda name=_name, arguments=_arguments: asked(name, *arguments))  # type: ignore[misc]


@probe("write memory of the command (process_vm_writev)")
def write_foreign_memory() -> None:
    asked("process_vm_writev", victim(), None, ctypes.c_ulong(0), None, ctypes.c_ulong(0), ctypes.c_ulong(0))


@probe("move memory of the command (move_pages)")
def move_foreign_memory() -> None:
    asked("move_pages", victim(), ctypes.c_ulong(0), None, None, None, 0)


@probe("find the locks of the command (get_robust_list)")
def find_locks() -> None:
    asked("get_robust_list", victim(), None, None)


@probe("signal the command (tkill)")
def signal_by_tkill() -> None:
    system_call("tkill", victim(), 0)


@probe("change its own memory past its rights (/proc/self/mem)", EVERYTHING)
def change_own_memory() -> None:
    with open("/proc/self/mem", "r+b"):
        pass


@probe("compare with the command (kcmp)")
def compare() -> None:
    system_call("kcmp", os.getpid(), victim(), 0, ctypes.c_ulong(0), ctypes.c_ulong(0))


@probe("get a handle of the command (pidfd)")
def process_handle() -> None:
    system_call("pidfd_open", victim(), 0)


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
