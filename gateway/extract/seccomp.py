"""A seccomp filter for the readers: no sockets, no other programs, no other processes, whatever a parser is made to do.

Classic BPF, written out by hand for the two processors we run on; elsewhere there is no filter and the network
namespace stands alone. A forbidden call fails with EPERM, so a library that only tries is not killed.
"""

from __future__ import annotations

import ctypes
import platform
import struct

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _EPERM, _ENOSYS, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_ARCHITECTURE_AT, _NUMBER_AT, _FIRST_ARGUMENT_AT = 4, 0, 16
_X32 = 0x40000000
_CLONE = {"x86_64": (56, 435), "aarch64": (220, 435)}
"""clone and clone3: threads are allowed, processes not; clone3 is said not to exist, so that libc uses the other."""

_CLONE_THREAD = 0x00010000

# fmt: off
_FORBIDDEN = {
    "x86_64": (0xC000003E, (
        41, 42, 49, 50, 43, 288, 53,          # socket connect bind listen accept accept4 socketpair
        57, 58, 59, 322,                      # fork vfork execve execveat
        101, 310, 311, 272, 308, 165, 161,    # ptrace process_vm_readv/writev unshare setns mount chroot
        82, 87, 263, 264, 316, 90, 92,        # rename unlink unlinkat renameat renameat2 chmod chown
        62, 200, 234, 424,                    # kill tkill tgkill pidfd_send_signal
        321, 323, 425, 248, 250,              # bpf userfaultfd io_uring_setup add_key keyctl
    )),
    "aarch64": (0xC00000B7, (
        198, 203, 200, 201, 202, 242, 199, 221, 281, 117, 270, 271, 97, 268, 40, 51, 35, 38, 276, 52, 54,
        129, 130, 131, 424, 280, 282, 425, 217, 219,
    )),
}
# fmt: on
_ABORT_MAY = {"x86_64": (200, 234), "aarch64": (130, 131)}
"""A thread may signal itself: abort() needs that, and a reader that cannot abort would spin."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def is_available() -> bool:
    return platform.machine() in _FORBIDDEN


def forbid() -> bool:
    """Puts the filter on this process for good; False where there is none for this machine."""
    if not is_available():
        return False
    code = _program(platform.machine())
    buffer = ctypes.create_string_buffer(code)
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(machine: str) -> bytes:
    """Refuse a foreign architecture, then the calls of the list, then every clone that is no thread; allow the rest."""
    architecture, forbidden = _FORBIDDEN[machine]
    clone, clone3 = _CLONE[machine]
    numbers = [number for number in forbidden if number not in _ABORT_MAY[machine]]
    head: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    allow = len(head) + 1 + len(numbers) + 4
    refuse, unknown = allow + 1, allow + 2
    steps = [*head, (_AT_LEAST, refuse - len(head) - 1, 0, _X32)]
    for number in numbers:
        steps.append((_EQUAL, refuse - len(steps) - 1, 0, number))
    steps.append((_EQUAL, unknown - len(steps) - 1, 0, clone3))
    steps.append((_EQUAL, 0, allow - len(steps) - 1, clone))
    steps.append((_LOAD, 0, 0, _FIRST_ARGUMENT_AT))
    steps.append((_HAS, allow - len(steps) - 1, refuse - len(steps) - 1, _CLONE_THREAD))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ENOSYS)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
