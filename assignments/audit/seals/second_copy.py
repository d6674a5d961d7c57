"""Second copies of the seals: one file for each, in a folder outside the database."""

from collections.abc import Iterable, Iterator
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


def read_copies() -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each copy."""
    folder: Path | None = settings.AUDIT_SEAL_DIR
    for path in sorted(folder.glob(PATTERN)) if folder else ():
        number = path.stem.removeprefix("seal-")
        if number.isdecimal():
            yield int(number), path.read_bytes().decode(errors="replace")
