"""The files of exports: written for their owner's eyes only, whole or not at all, and deleted."""

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

OWNERS_FOLDER: Final = 0o700
KINDS: Final = ("export-*", "writing-*")
# Longer than anything takes to write, beyond its time.
LEFT_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was written, and how many entries it holds."""

    name: str
    entries: int
    bytes: int
    sha256: str


def make(name: str, write: Callable[[BinaryIO, Path], int]) -> Made:
    """Have a file written aside, then give it its name; return what it is.

    :param write: is given the file, and a folder for what it needs besides
    :raises OSError: if the folder cannot be written to
    """
    folder = _folder()
    with TemporaryDirectory(prefix="writing-", dir=folder) as aside:
        part = Path(aside) / name
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w+b") as out:
            entries = write(out, Path(aside))
            out.flush()
            os.fsync(out.fileno())
            out.seek(0)
            sha256 = hashlib.file_digest(out, "sha256").hexdigest()
        made = Made(name, entries, part.stat().st_size, sha256)
        part.rename(folder / name)
    return made


def opened(name: str) -> BinaryIO:
    """Open a file to hand it out.

    :raises FileNotFoundError: if it is not there
    """
    return _path(name).open("rb")


def delete(name: str) -> None:
    """Delete a file, if it is there."""
    _path(name).unlink(missing_ok=True)


def sweep(*, now: datetime) -> None:
    """Delete what workers that were killed left, and files that outlived their time."""
    oldest = now - timedelta(hours=settings.EXPORT_HOURS) - LEFT_FOR
    for kind in KINDS:
        for path in Path(settings.EXPORT_DIR).glob(kind):
            if path.lstat().st_mtime < oldest.timestamp():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _folder() -> Path:
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir(mode=OWNERS_FOLDER, parents=True, exist_ok=True)
    return folder


def _path(name: str) -> Path:
    return Path(settings.EXPORT_DIR) / name
