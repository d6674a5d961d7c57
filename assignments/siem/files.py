"""Events as JSON Lines appended to a file, which the agent of the SIEM reads."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assignments.siem.events import Event, Undelivered

GROUP_READABLE: Final = 0o640


@dataclass(frozen=True, slots=True)
class File:
    """A file, opened anew for each group so that it can be rotated by renaming it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def send(self, events: Sequence[Event]) -> None:
        """Append the events and sync them to disk.

        :raises Undelivered: if that fails
        """
        lines = b"".join(event.json + b"\n" for event in events)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        is_new = not self.path.exists()
        try:
            with os.fdopen(os.open(self.path, flags, GROUP_READABLE), "rb+", buffering=0) as file:
                if is_new:
                    # Whatever the umask: the agent of the SIEM is another user of this group.
                    os.fchmod(file.fileno(), GROUP_READABLE)
                self._append(file.fileno(), lines)
        except OSError as error:
            raise Undelivered(f"{self} cannot be written to: {error.strerror}.") from error

    @staticmethod
    def _append(file: int, lines: bytes) -> None:
        size = os.fstat(file).st_size
        # The last writer may have been killed in the middle of a line.
        if size and os.pread(file, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        remaining = memoryview(lines)
        while remaining:
            remaining = remaining[os.write(file, remaining) :]
        os.fsync(file)
