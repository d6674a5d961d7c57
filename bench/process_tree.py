"""Measure CPU time and memory of a process and its call processes, from Linux's /proc."""

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Where /proc/PID/stat has the CPU time of children that ended, after the command's name.
CHILD_CPU_FIELDS = slice(13, 15)
# The same with that of the process itself.
TREE_CPU_FIELDS = slice(11, 15)
SAMPLE_SECONDS = 0.1


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its grandchildren that have ended."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    ticks = sum(_ended_children_ticks(child) for child in _children(os.getpid()))
    return used.ru_utime + used.ru_stime + ticks / TICKS_PER_SECOND


def tree_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, its descendants, and those of them that have ended."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0.0
    ticks = sum(int(field) for field in stat.rpartition(")")[2].split()[TREE_CPU_FIELDS])
    return ticks / TICKS_PER_SECOND + sum(map(tree_cpu_seconds, _children(pid)))


@contextmanager
def peak_mb() -> Iterator[list[float]]:
    """Yield a list that has, after the block, the peak memory of this and the call processes."""
    peaks: list[float] = []
    highest, is_over = [0.0], threading.Event()

    def sample() -> None:
        while not is_over.wait(SAMPLE_SECONDS):
            for server in _children(os.getpid()):
                for call_process in _children(server):
                    highest[0] = max(highest[0], _peak_mb(call_process))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peaks
    finally:
        is_over.set()
        thread.join()
        # getrusage would include what the parent had when it started this process.
        peaks.append(_peak_mb(os.getpid()) + highest[0])


def measure(work: Callable[[], object], count: Callable[[], int]) -> dict[str, float]:
    """Return calls per second, CPU microseconds per call, and the peak memory in MB.

    The call processes count with their parent.
    """
    with peak_mb() as peak:
        began, cpu_before = time.perf_counter(), cpu_seconds()
        work()
        seconds, cpu_used = time.perf_counter() - began, cpu_seconds() - cpu_before
    calls = count()
    return {
        "calls": calls,
        "per_second": calls / seconds,
        "cpu_us": 1e6 * cpu_used / max(1, calls),
        "peak_mb": peak[0],
    }


def descendants(pid: int) -> list[int]:
    """Return the ids of the running children of a process, and theirs."""
    children = _children(pid)
    return [*children, *(grandchild for child in children for grandchild in descendants(child))]


def _children(pid: int) -> list[int]:
    try:
        lists = [path.read_text() for path in (PROC / str(pid) / "task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for words in lists for child in words.split()]


def _ended_children_ticks(pid: int) -> int:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0
    return sum(int(field) for field in stat.rpartition(")")[2].split()[CHILD_CPU_FIELDS])


def _peak_mb(pid: int) -> float:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
