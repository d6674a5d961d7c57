"""Second copies of the seals: one file for each, in a folder outside the database."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from assignments.audit.integrity.alarm import logger
from assignments.audit.signing.write_once import write_once
from assignments.models import LogSeal

PATTERN: Final = "seal-*.txt"
READABLE: Final = 0o644


def copy_path(number: int) -> Path | None:
    """Return where the copy of a seal is or would be; None if AUDIT_SEAL_DIR is not set."""
    folder: Path | None = settings.AUDIT_SEAL_DIR
    return folder / f"seal-{number:010}.txt" if folder else None


def write_copies(seals: Iterable[LogSeal]) -> None:
    """Write the copies that are missing; a copy that cannot be written is logged as an error."""
    for seal in seals:
        path = copy_path(seal.number)
        try:
            if path and not path.exists():
                write_once(path, seal.note, mode=READABLE)
        except OSError as error:
            logger.error(
                "Seal %d is only in the database. Fix AUDIT_SEAL_DIR: %s", seal.number, error
            )


def has_copy(seal: LogSeal) -> bool:
    """Tell whether the seal is kept outside the database as it is in it."""
    path = copy_path(seal.number)
    try:
        return path is not None and path.read_text("utf-8") == seal.note
    except (OSError, ValueError):
        return False


def probe() -> str:
    """Write, read and remove a file in the folder; return why that fails, empty if it does not."""
    folder: Path | None = settings.AUDIT_SEAL_DIR
    if folder is None:
        return "AUDIT_SEAL_DIR is not set"
    text = secrets.token_hex()
    path = folder / f"probe-{text[:8]}.txt"
    try:
        write_once(path, text, mode=READABLE)
        if path.read_text("utf-8") != text:
            return f"{path} has another content than was written"
    except OSError as error:
        return str(error)
    # A folder that keeps what it was given, as a second place should, may refuse this.
    with suppress(OSError):
        path.unlink()
    return ""


def read_copies() -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each copy."""
    folder: Path | None = settings.AUDIT_SEAL_DIR
    for path in sorted(folder.glob(PATTERN)) if folder else ():
        number = path.stem.removeprefix("seal-")
        if number.isdecimal():
            yield int(number), path.read_bytes().decode(errors="replace")
