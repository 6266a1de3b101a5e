"""What the parser child may use, set by itself before it sees a document; POSIX."""

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MOST_FILES = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one document may take.

    memory: bytes of address space of the child; its resident memory stays below.
    cpu_s: seconds of computing.
    wall_s: seconds in all, as the parent's clock says.
    documents: how many one child reads before another takes its place.
    kept: bytes of memory past which a child is not used again.
    idle_s: seconds that a child waits for another document.
    """

    memory: int = 768 * 1024 * 1024
    cpu_s: int = 60
    wall_s: float = 180.0
    documents: int = 50
    kept: int = 160 * 1024 * 1024
    idle_s: float = 30.0


def confine(limits: Limits, parent: int) -> None:
    """Bound memory, open files and the size of written files; end with the parent; no core dumps.

    Without a network too, where the kernel lets this process leave it. Leaves the process where
    the parent is gone already.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        _leave_network(libc)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _bound(resource.RLIMIT_NOFILE, _MOST_FILES)
    # The address space: it bounds resident memory strictly, and no library here reserves any.
    _bound(resource.RLIMIT_AS, limits.memory)


def is_offline(pid: int) -> bool:
    """Tell whether a process is in another network than this one."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    except OSError:
        return False


def _leave_network(libc: ctypes.CDLL) -> None:
    """Move to a network of its own, in which there is nothing, not even a loopback that is up.

    Best effort: a container's seccomp profile or a kernel's setting may refuse it. What is open
    stays open, so the parent is still reached. Comes before the death signal is set, which a
    change of credentials clears.
    """
    # With a namespace of users root would lose its rights to the files of others.
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def allow_cpu(seconds: int) -> None:
    """Allow so many more seconds of computing; past them the kernel ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def peak_memory() -> int:
    """Tell how many bytes of resident memory this process had at most."""
    if sys.platform == "linux":
        # What `getrusage` says begins with the memory of the process that started this one.
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if "VmHWM" in line)
    else:
        return in_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def in_bytes(ru_maxrss: int) -> int:
    """Give what `getrusage` calls maxrss in bytes."""
    return ru_maxrss if sys.platform == "darwin" else ru_maxrss * 1024


def _bound(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))
