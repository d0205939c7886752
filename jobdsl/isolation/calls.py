"""Takes system calls away from the running process: no other process, no signal to one, no socket (seccomp).

What a file starts cannot outlive its load, as it cannot be started, not even by root, to whom the limit
on the number of processes does not apply. Source: seccomp(2), linux/filter.h, asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from struct import pack

from jobdsl.isolation.linux import call, die_with_parent, drop_capabilities, no_new_privileges

__all__ = ["enter"]

_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""BPF: load a word of the call; jump where it is equal to, or at least, a value; end."""
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Places in struct seccomp_data."""
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_X32 = 0x40000000
"""Numbers from which x86-64 takes the calls of a third architecture."""
_READING = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root may read an estate that is somebody else's."""

_NEW = (424, 425, 434, 435, 438, 452)
"""pidfd_send_signal, io_uring_setup, pidfd_open, clone3, pidfd_getfd, fchmodat2: one number everywhere."""
_GENERIC = (
    *(220, 221, 281),  # clone, execve, execveat
    *(130, 138, 240),  # tkill, rt_sigqueueinfo, rt_tgsigqueueinfo
    *(117, 270, 271),  # ptrace, process_vm_readv, process_vm_writev
    *(198, 199),  # socket, socketpair
    *(45, 52, 53, 54, 55, 88),  # truncate, fchmod, fchmodat, fchownat, fchown, utimensat
    *(5, 6, 7, 14, 15, 16),  # setxattr, lsetxattr, fsetxattr, and removexattr likewise
)
_X86_64 = (
    *(56, 57, 58, 59, 322),  # clone, fork, vfork, execve, execveat
    *(200, 129, 297),  # tkill, rt_sigqueueinfo, rt_tgsigqueueinfo
    *(101, 310, 311),  # ptrace, process_vm_readv, process_vm_writev
    *(41, 53),  # socket, socketpair
    *(76, 90, 91, 92, 93, 94, 260, 268),  # truncate, chmod, fchmod, chown, fchown, lchown, fchownat, fchmodat
    *(132, 235, 261, 280),  # utime, utimes, futimesat, utimensat
    *(188, 189, 190, 197, 198, 199),  # setxattr, lsetxattr, fsetxattr, and removexattr likewise
)
_MACHINES = {
    "x86_64": (0xC000003E, _X86_64 + _NEW, (62, 234)),
    "aarch64": (0xC00000B7, _GENERIC + _NEW, (129, 131)),
    "riscv64": (0xC00000F3, _GENERIC + _NEW, (129, 131)),
}
"""Architecture, calls that are refused, and those that may only be made for this process: kill and tgkill."""


def enter(readable: Iterable[str] = (), hidden: Iterable[str] = ()) -> None:  # noqa: ARG001  # as every wall is called
    """Wall this process in. Raises OSError or KeyError where the host does not allow it."""
    architecture, refused, own = _MACHINES[os.uname().machine]
    die_with_parent()
    drop_capabilities(_READING)
    program = _program(architecture, refused, own, os.getpid())
    held = ctypes.create_string_buffer(program, len(program))
    filter_ = pack("@HP", len(program) // 8, ctypes.addressof(held))  # struct sock_fprog
    no_new_privileges()
    call("prctl", _SET_SECCOMP, _FILTER, filter_, 0, 0)


def _program(architecture: int, refused: Iterable[int], own: Iterable[int], process: int) -> bytes:
    """The filter: each instruction is a code, two distances to jump, and a value."""
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL)]
    steps += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for number in refused:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    for number in own:
        steps += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 0, 1, process)]
        steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(pack("=HBBI", *step) for step in steps)
