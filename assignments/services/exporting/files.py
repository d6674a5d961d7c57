"""The files of exports: written atomically, readable only by the process owner, and deleted."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from django.conf import settings

from assignments.audit.signing.write_once import OWNER_ONLY

OWNER_ONLY_FOLDER: Final = 0o700
PATTERNS: Final = ("export-*", "writing-*")
# A file older than its expiry and this is a leftover: no export takes as long to write.
LEFTOVER_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A written file: its name, number of entries, size in bytes and SHA-256."""

    name: str
    entries: int
    bytes: int
    sha256: str


def write_file(name: str, write: Callable[[BinaryIO, Path], int]) -> WrittenFile:
    """Write a file under a temporary name, then rename it; return what was written.

    :param write: gets the open file and a folder for temporary files; returns the entry count
    :raises OSError: if the folder or file cannot be written
    """
    folder = _make_folder()
    with TemporaryDirectory(prefix="writing-", dir=folder) as temporary:
        part = Path(temporary) / name
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w+b") as out:
            entries = write(out, Path(temporary))
            out.flush()
            os.fsync(out.fileno())
            out.seek(0)
            sha256 = hashlib.file_digest(out, "sha256").hexdigest()
        written = WrittenFile(name, entries, part.stat().st_size, sha256)
        part.rename(folder / name)
    return written


def open_file(name: str) -> BinaryIO:
    """Open a file for reading.

    :raises FileNotFoundError: if it does not exist
    """
    return _path(name).open("rb")


def delete(name: str) -> None:
    """Delete a file if it exists."""
    _path(name).unlink(missing_ok=True)


def delete_leftovers(*, now: datetime) -> None:
    """Delete files of killed workers, and files that outlived their expiry."""
    oldest = now - timedelta(hours=settings.EXPORT_HOURS) - LEFTOVER_AFTER
    for pattern in PATTERNS:
        for path in Path(settings.EXPORT_DIR).glob(pattern):
            if path.lstat().st_mtime < oldest.timestamp():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _make_folder() -> Path:
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    return folder


def _path(name: str) -> Path:
    return Path(settings.EXPORT_DIR) / name
