"""Check the signature of every seal and of its second copy: which seals can be trusted."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from assignments.audit.integrity.verdicts import BadSeal
from assignments.audit.seals import second_copy
from assignments.audit.seals.seal_columns import (
    RecordedSeals,
    column_fault,
    key_name,
    recorded_seals,
)
from assignments.audit.signing.checkpoint import Checkpoint, InvalidCheckpoint
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.signing.signed_note import (
    InvalidNote,
    PublicKey,
    UnknownKey,
    WrongSignature,
    open_note,
)
from assignments.models import LogSeal

SETTING: Final = "AUDIT_TRUSTED_KEYS"


@dataclass(frozen=True, slots=True, order=True)
class TrustedSeal:
    """A seal with a signature of a trusted key: the log had this size and root."""

    size: int
    number: int
    root: bytes
    key: PublicKey = field(compare=False)

    def column_fault(self, row: LogSeal, recorded: RecordedSeals) -> str:
        """Return why the columns of its row are not as they were stored; empty if they are."""
        key = key_name(self.key.name, self.key.id)
        return column_fault(row, size=self.size, key=key, recorded=recorded)


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
    keys = own_keys()
    rows = list(LogSeal.objects.order_by("number"))
    stored = {row.number: row.note for row in rows}
    copies = dict(second_copy.read_copies())
    notes = sorted({*stored.items(), *copies.items()})
    checked = {note: check_note(*note, keys) for note in notes}
    trusted = {seal for seal in checked.values() if isinstance(seal, TrustedSeal)}
    faults = [seal for seal in checked.values() if isinstance(seal, BadSeal)]
    recorded = recorded_seals()
    faults += _column_faults(rows, checked, recorded)
    faults += _missing_or_replaced(stored, copies, recorded.keys())
    return CheckedSeals(tuple(sorted(trusted)), tuple(faults))


def _column_faults(
    rows: Sequence[LogSeal],
    checked: Mapping[tuple[int, str], TrustedSeal | BadSeal],
    recorded: RecordedSeals,
) -> Iterator[BadSeal]:
    """Yield the trusted seals whose columns are not as they were stored."""
    for row in rows:
        seal = checked[row.number, row.note]
        if isinstance(seal, TrustedSeal) and (why := seal.column_fault(row, recorded)):
            yield BadSeal(row.number, why)


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


def own_keys() -> list[PublicKey] | str:
    """Return the trusted keys, or why there are none."""
    try:
        return trusted_keys()
    except KeyUnavailable as error:
        return str(error)


def _missing_or_replaced(
    stored: dict[int, str], copies: dict[int, str], recorded: Set[int]
) -> Iterator[BadSeal]:
    """Yield the seals that are missing from the database or differ from their copy."""
    expected = recorded | copies.keys() | set(range(1, max(stored, default=0)))
    for number in sorted(expected - stored.keys()):
        yield BadSeal(number, "is missing from the database.")
    for number, note in copies.items():
        if number in stored and stored[number] != note:
            yield BadSeal(number, "differs from its copy outside the database.")
