"""The second place of the seals: a folder outside the database, a file for each."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from assignments.audit.integrity.alarm import log
from assignments.audit.signing.write_once import write_once
from assignments.models import LogSeal

PATTERN: Final = "seal-*.txt"
READABLE: Final = 0o644


def copy_path(number: int) -> Path | None:
    """Return where the copy of a seal is or would be; None without a second place."""
    folder: Path | None = settings.AUDIT_SEAL_DIR
    return folder / f"seal-{number:010}.txt" if folder else None


def write_copies(seals: Iterable[LogSeal]) -> bool:
    """Write the copies that are missing; return False, and say so in the log, if that failed."""
    problems = [problem for seal in seals if (problem := _problem_with(seal))]
    for problem in problems:
        log.error("%s", problem)
    return not problems


def read_copies() -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each copy."""
    folder: Path | None = settings.AUDIT_SEAL_DIR
    for path in sorted(folder.glob(PATTERN)) if folder else ():
        number = path.stem.removeprefix("seal-")
        if number.isdecimal():
            yield int(number), path.read_bytes().decode(errors="replace")


def _problem_with(seal: LogSeal) -> str:
    path = copy_path(seal.number)
    try:
        if path and not path.exists():
            write_once(path, seal.note, mode=READABLE)
    except OSError as error:
        return f"Seal {seal.number} stands in the database alone. Mend AUDIT_SEAL_DIR: {error}"
    return ""
