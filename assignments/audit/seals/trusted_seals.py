"""Every seal there is, in the database and its second place, and which can be trusted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from assignments.audit.integrity.verdicts import BadSeal
from assignments.audit.seals import second_copy
from assignments.audit.seals.sealing import ACTION
from assignments.audit.signing.checkpoint import Checkpoint, InvalidCheckpoint
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.signing.signed_note import (
    InvalidNote,
    PublicKey,
    UnknownKey,
    WrongSignature,
    open_note,
)
from assignments.models import LogEntry, LogSeal

SETTING: Final = "AUDIT_TRUSTED_KEYS"


@dataclass(frozen=True, slots=True, order=True)
class TrustedSeal:
    """A seal that a trusted key signed: the log had this size and root."""

    size: int
    number: int
    root: bytes
    key: PublicKey = field(compare=False)


@dataclass(frozen=True, slots=True)
class CheckedSeals:
    """The seals that can be trusted, smallest first, and what is wrong with the others."""

    trusted: tuple[TrustedSeal, ...]
    faults: tuple[BadSeal, ...]

    def newest(self, size: int) -> TrustedSeal | None:
        """Return the largest seal that is not larger than the log."""
        return next((seal for seal in reversed(self.trusted) if seal.size <= size), None)


def check_seals() -> CheckedSeals:
    """Read every seal and its copy, and check the signature of each."""
    keys = _keys()
    stored = dict(LogSeal.objects.order_by("number").values_list("number", "note"))
    outside = dict(second_copy.read_copies())
    notes = sorted({*stored.items(), *outside.items()})
    opened = [check_note(number, note, keys) for number, note in notes]
    trusted = {seal for seal in opened if isinstance(seal, TrustedSeal)}
    faults = [seal for seal in opened if isinstance(seal, BadSeal)]
    return CheckedSeals(tuple(sorted(trusted)), (*faults, *_gone(stored, outside)))


def check_note(number: int, note: str, keys: list[PublicKey] | str) -> TrustedSeal | BadSeal:
    """Return what a seal vouches for, or why it does not count."""
    if isinstance(keys, str):
        return BadSeal(number, f"cannot be checked: {keys}")
    try:
        return _opened(number, note, keys)
    except UnknownKey as error:
        why = f"has a key that is unknown here. {error} If it is yours, name it in {SETTING}."
    except WrongSignature as error:
        why = f"has a wrong signature. {error} It was altered."
    except (InvalidNote, InvalidCheckpoint) as error:
        why = f"has a signature that cannot be read. {error}"
    return BadSeal(number, why)


def _opened(number: int, note: str, keys: list[PublicKey]) -> TrustedSeal | BadSeal:
    opened = open_note(note, keys)
    said = Checkpoint.parse(opened.text)
    if said.origin != opened.key.name:
        return BadSeal(number, f"is that of another log, {said.origin}.")
    return TrustedSeal(said.size, number, said.root, opened.key)


def _keys() -> list[PublicKey] | str:
    try:
        return trusted_keys()
    except KeyUnavailable as error:
        return str(error)


def _gone(stored: dict[int, str], outside: dict[int, str]) -> Iterator[BadSeal]:
    """Yield the seals that were made and are no longer in the database, or were exchanged there."""
    made = LogEntry.objects.filter(action=ACTION).values_list("subject", flat=True)
    numbers = [subject.partition("/")[2] for subject in made]
    recorded = {int(number) for number in numbers if number.isdecimal()}
    longest = max(stored, default=0)
    for number in sorted((recorded | outside.keys() | set(range(1, longest))) - stored.keys()):
        yield BadSeal(number, "is gone from the database.")
    for number, note in outside.items():
        if number in stored and stored[number] != note:
            yield BadSeal(number, "is another one in its second place than in the database.")
