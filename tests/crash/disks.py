"""A disk that can be filled: a small file system for root, else a limit on file sizes."""

import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE = "24m"
CHUNK = bytes(65_536)
# In bytes; smaller than the database, larger than the worker's log.
LIMIT = 400_000


class SmallDisk:
    """A file system in memory that is filled by a ballast file."""

    how = "no space left on a small file system"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, _pid: int) -> None:
        """Fill the file system."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(CHUNK)

    def free(self, _pid: int) -> None:
        """Delete the ballast."""
        self._ballast.unlink()


class LimitedFiles:
    """An ordinary folder; the file size of a process is limited instead."""

    how = "the worker's files limited in size"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """Let the process fail to write more than LIMIT bytes to a file."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        """Remove the limit."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


@contextmanager
def small_disk() -> Iterator[SmallDisk | LimitedFiles]:
    """Create a disk that can be filled, by a mount if permitted, else by a limit."""
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
