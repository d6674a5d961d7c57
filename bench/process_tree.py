"""What a process and those that make its calls use: CPU time and memory, as Linux tells of them."""

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
# Where /proc/PID/stat has the CPU time of children that ended, after the command's name.
OF_CHILDREN = slice(13, 15)
LOOK_SECONDS = 0.1


def cpu_seconds() -> float:
    """Return the CPU time of this process, and of its children's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    ticks = sum(_ended_under(child) for child in _children(os.getpid()))
    return used.ru_utime + used.ru_stime + ticks / TICK


@contextmanager
def peak_mb() -> Iterator[list[float]]:
    """Give a list that holds the most memory of this process and of the calls' after the block."""
    found: list[float] = []
    most, is_over = [0.0], threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_SECONDS):
            for server in _children(os.getpid()):
                for maker in _children(server):
                    most[0] = max(most[0], _most_mb(maker))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()
        # What getrusage tells of it counts what its parent had when it was started.
        found.append(_most_mb(os.getpid()) + most[0])


def measured(work: Callable[[], object], done: Callable[[], int]) -> dict[str, float]:
    """Return the calls a second, the CPU time of each in microseconds, and the most memory.

    What the process that makes the calls takes is counted with its owner's.
    """
    with peak_mb() as peak:
        began, used = time.perf_counter(), cpu_seconds()
        work()
        seconds, used = time.perf_counter() - began, cpu_seconds() - used
    calls = done()
    return {
        "calls": calls,
        "per_second": calls / seconds,
        "cpu_us": 1e6 * used / max(1, calls),
        "peak_mb": peak[0],
    }


def _children(pid: int) -> list[int]:
    try:
        lists = [path.read_text() for path in (PROC / str(pid) / "task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for words in lists for child in words.split()]


def _ended_under(pid: int) -> int:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0
    return sum(int(field) for field in stat.rpartition(")")[2].split()[OF_CHILDREN])


def _most_mb(pid: int) -> float:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
