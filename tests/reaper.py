"""End the processes that a test process started when it ends itself, however it ends.

A test process that is killed cannot stop its sandboxes, sites and databases. The reaper does it: a
small process that reads their ids from a pipe. Only the test process holds the other end, so the
pipe ends when the test process does.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache

# Seconds: between looks at which processes still run, and from SIGTERM to SIGKILL.
CHECK_EVERY = 1.0
STOPS_WITHIN = 5.0


def end_with_this_process(pid: int) -> None:
    """End another process when this one ends: by SIGTERM, and by SIGKILL if it does not stop."""
    pipe = _reaper(os.getpid()).stdin
    assert pipe is not None
    pipe.write(f"{pid}\n".encode())


def is_running(pid: int) -> bool:
    """Return whether a process of this id runs that we may signal."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


@cache
def _reaper(_owner_pid: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C and signals to the group of the test process are not for it.
        start_new_session=True,
    )


def main() -> None:
    """Read ids until the pipe ends, then end the processes that still run."""
    pids: set[int] = set()
    while True:
        if select.select([sys.stdin], [], [], CHECK_EVERY)[0]:
            lines = os.read(sys.stdin.fileno(), 4096)
            if not lines:
                break
            pids.update(int(line) for line in lines.split())
        # An id is soon another process's.
        pids = {pid for pid in pids if is_running(pid)}
    _end(pids, signal.SIGTERM)
    until = time.monotonic() + STOPS_WITHIN
    while time.monotonic() < until and any(is_running(pid) for pid in pids):
        time.sleep(0.05)
    _end(pids, signal.SIGKILL)


def _end(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)


if __name__ == "__main__":
    main()
