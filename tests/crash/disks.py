"""A disk that runs full: a small file system if run as root, else a limit on the worker's files."""

import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE = "24m"
CHUNK = bytes(65_536)
# Less than the database holds, more than the worker says.
LIMIT = 400_000


class SmallDisk:
    """A file system in memory, which a ballast file fills."""

    how = "no space left on a small file system"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, _pid: int) -> None:
        """Leave no byte."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(CHUNK)

    def free(self, _pid: int) -> None:
        """Make room again."""
        self._ballast.unlink()


class LimitedFiles:
    """A folder like any other; what a process may write is limited instead."""

    how = "the worker's files limited in size"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """Let writing fail beyond the first part of any file."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        """Let it write again."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


@contextmanager
def small_disk() -> Iterator[SmallDisk | LimitedFiles]:
    """Make a disk that can be filled, by whatever means this machine allows."""
    with tempfile.TemporaryDirectory(prefix="desk-disk-") as name:
        folder = Path(name)
        if not _mounted(folder):
            yield LimitedFiles(folder)
            return
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def _mounted(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "desk-disk", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
