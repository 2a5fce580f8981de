"""Takes from this process, for good, what reading a file that is in memory does not need.

On Linux a filter of system calls (seccomp) allows those that compute, take and free memory, and
use the pipes that are open. All others fail with EPERM: no file can be opened, made, changed or
removed, no socket, program or thread started, no other process seen, changed or ended. No package
that we found is kept, has wheels for all supported versions of Python and confines the process
that calls it, so the filter is written here.

The numbers of the calls are those of <asm/unistd_64.h> on x86-64 and <asm-generic/unistd.h> on
64-bit ARM, the layout of a filter that of <linux/filter.h> and <linux/seccomp.h>.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from enum import IntFlag

# What the app does for others comes first. On a machine with nothing to spare, a short clip takes
# twice as long as without; with the lowest priority, 19, four times as long, and many would fail.
NICENESS = 10


class Wall(IntFlag):
    """What was taken from the process; a system that lacks one leaves it out."""

    PRIORITY = 1  # other processes come first
    PARENT = 2  # it ends with the thread that started it
    PRIVILEGES = 4  # no program that it might start has more rights than it
    CALLS = 8  # most system calls are refused


# What <linux/prctl.h> calls PR_SET_PDEATHSIG and PR_SET_NO_NEW_PRIVS.
_SET_PARENT_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38
_SET_FILTER, _ALL_THREADS = 1, 1  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000

# Each machine: its number in a filter, that of the call `seccomp`, and its place below.
_MACHINES = {"x86_64": (0xC000003E, 317, 0), "aarch64": (0xC00000B7, 277, 1)}
_ALLOWED = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57),
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128),
    "futex": (202, 98), "sched_yield": (24, 124), "membarrier": (324, 283), "rseq": (334, 293),
    "getpid": (39, 172), "gettid": (186, 178), "sched_getaffinity": (204, 123),
    "getrusage": (98, 165), "sysinfo": (99, 179), "getrandom": (318, 278),
    "gettimeofday": (96, 169), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
# Calls that are allowed if some bits of an argument are zero: its position, and the bits.
_PROT_EXEC, _ANY_PROCESS = 4, 0xFFFFFFFF
_ALLOWED_IF_ZERO = {
    "mmap": ((9, 222), 2, _PROT_EXEC),
    "mprotect": ((10, 226), 2, _PROT_EXEC),
    "prlimit64": ((302, 261), 0, _ANY_PROCESS),  # of this process alone
}

# The data of a filter: the number of the call, the machine, an address, and six arguments of
# eight bytes each, of which the lower half comes first on these machines.
_CALL_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def enter() -> Wall:
    """Takes from this process what it does not need.

    Returns:
        What was taken. Windows and macOS have less of it.
    """
    walls = Wall(0)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
        walls |= Wall.PRIORITY
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if not library.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0):
            walls |= Wall.PARENT
        if not library.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            walls |= Wall.PRIVILEGES
        if _filter_calls(library):
            walls |= Wall.CALLS
    return walls


def _filter_calls(library: ctypes.CDLL) -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None or struct.calcsize("P") != 8:
        return False
    number, seccomp, place = machine
    instructions = _instructions(number, place)
    program = _Program(len(instructions), b"".join(instructions))
    done: int = library.syscall(seccomp, _SET_FILTER, _ALL_THREADS, ctypes.byref(program))
    return done == 0


def _instructions(machine: int, place: int) -> list[bytes]:
    """The filter for a machine: its number, and the place of its numbers of calls."""

    def step(code: int, operand: int, then: int = 0, otherwise: int = 0) -> bytes:
        """An instruction, with how many to skip if its comparison holds, or does not."""
        return struct.pack("=HBBI", code, then, otherwise, operand)

    steps = [
        step(_LOAD, _MACHINE_AT), step(_IF_EQUAL, machine, then=1), step(_RETURN, _KILL),
        step(_LOAD, _CALL_AT),
    ]  # fmt: skip
    for numbers in _ALLOWED.values():
        steps += [step(_IF_EQUAL, numbers[place], otherwise=1), step(_RETURN, _ALLOW)]
    for numbers, argument, bits in _ALLOWED_IF_ZERO.values():
        steps += [
            step(_IF_EQUAL, numbers[place], otherwise=4),
            step(_LOAD, _ARGUMENTS_AT + 8 * argument),
            step(_IF_ANY_BIT, bits, then=1),
            step(_RETURN, _ALLOW),
            step(_RETURN, _REFUSE),
        ]
    return [*steps, step(_RETURN, _REFUSE)]
