"""Check the signature of every seal and of its second copy: which seals can be trusted."""

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
    """A seal with a signature of a trusted key: the log had this size and root."""

    size: int
    number: int
    root: bytes
    key: PublicKey = field(compare=False)


@dataclass(frozen=True, slots=True)
class CheckedSeals:
    """The trusted seals, smallest log first, and what is wrong with the others."""

    trusted: tuple[TrustedSeal, ...]
    faults: tuple[BadSeal, ...]

    def newest(self, size: int) -> TrustedSeal | None:
        """Return the largest seal that is not larger than the log."""
        return next((seal for seal in reversed(self.trusted) if seal.size <= size), None)


def check_seals() -> CheckedSeals:
    """Check the signature of every seal and copy, and that no recorded seal is missing."""
    keys = _keys()
    stored = dict(LogSeal.objects.order_by("number").values_list("number", "note"))
    copies = dict(second_copy.read_copies())
    notes = sorted({*stored.items(), *copies.items()})
    checked = [check_note(number, note, keys) for number, note in notes]
    trusted = {seal for seal in checked if isinstance(seal, TrustedSeal)}
    faults = [seal for seal in checked if isinstance(seal, BadSeal)]
    return CheckedSeals(tuple(sorted(trusted)), (*faults, *_missing_or_replaced(stored, copies)))


def check_note(number: int, note: str, keys: list[PublicKey] | str) -> TrustedSeal | BadSeal:
    """Return the seal if a trusted key signed its note, else why it does not count."""
    if isinstance(keys, str):
        return BadSeal(number, f"cannot be checked: {keys}")
    try:
        return _open(number, note, keys)
    except UnknownKey as error:
        why = f"is signed with an unknown key. {error} If it is yours, add it to {SETTING}."
    except WrongSignature as error:
        why = f"has an invalid signature. {error} It was altered."
    except (InvalidNote, InvalidCheckpoint) as error:
        why = f"has a signature that cannot be read. {error}"
    return BadSeal(number, why)


def _open(number: int, note: str, keys: list[PublicKey]) -> TrustedSeal | BadSeal:
    opened = open_note(note, keys)
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != opened.key.name:
        return BadSeal(number, f"is that of another log, {checkpoint.origin}.")
    return TrustedSeal(checkpoint.size, number, checkpoint.root, opened.key)


def _keys() -> list[PublicKey] | str:
    try:
        return trusted_keys()
    except KeyUnavailable as error:
        return str(error)


def _missing_or_replaced(stored: dict[int, str], copies: dict[int, str]) -> Iterator[BadSeal]:
    """Yield the seals that are missing from the database or differ from their copy."""
    subjects = LogEntry.objects.filter(action=ACTION).values_list("subject", flat=True)
    numbers = [subject.partition("/")[2] for subject in subjects]
    recorded = {int(number) for number in numbers if number.isdecimal()}
    expected = recorded | copies.keys() | set(range(1, max(stored, default=0)))
    for number in sorted(expected - stored.keys()):
        yield BadSeal(number, "is missing from the database.")
    for number, note in copies.items():
        if number in stored and stored[number] != note:
            yield BadSeal(number, "differs from its copy outside the database.")
