"""Commitments to personal data: entries hold HMACs, a separate table the erasable values.

A commitment is HMAC-SHA-256 over the value, with a random salt as key (base64). The values and
salts can be deleted without changing any entry.
"""

import base64
import hmac
import logging
import secrets
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any, Final, NamedTuple

from assignments.audit.entries.actors import Actor, Person
from assignments.models import PersonalValue
from assignments.models.sql.bulk import insert
from assignments.models.sql.text_folding import fold

# The action of the entry that records the erasure of a person.
ERASURE: Final = "personal_data.erased"
# Shown instead of a name that does not match its commitment.
ALTERED_NAME: Final = "[name altered]"
SALT_BYTES: Final = 16
CHUNK: Final = 1_000
Commit = dict[str, str]
Key = tuple[str, str, str]
# The logger of `integrity.alarm`, which this layer may not import.
_alarm: Final = logging.getLogger("assignments.audit.alarm")
_COLUMNS: Final = ("ref", "field", "value", "search_text", "commitment", "salt")


def commitment(salt: bytes, value: str) -> str:
    """Return the commitment that replaces a personal value in an entry."""
    return base64.b64encode(hmac.digest(salt, value.encode(), "sha256")).decode()


class Commitments:
    """The commitments of all people in a group of entries; new ones are stored on creation."""

    def __init__(self, parties: Iterable[Actor | Person]) -> None:
        self._keys = {party: _keys(party) for party in parties}
        keys = {key for party_keys in self._keys.values() for key in party_keys}
        self._commitments = _stored(keys)
        missing = sorted(keys - self._commitments.keys())
        salts = {key: secrets.token_bytes(SALT_BYTES) for key in missing}
        new = {key: commitment(salt, key[2]) for key, salt in salts.items()}
        rows = ((*key, fold(key[2]), new[key], salts[key]) for key in new)
        insert(PersonalValue, _COLUMNS, rows)
        self._commitments |= new

    def of(self, party: Actor | Person) -> dict[str, Commit]:
        """Return the commitment of each personal field that is not empty."""
        return {key[1]: {"commit": self._commitments[key]} for key in self._keys[party]}


# SQLite stores a value of any type in a column of any type if somebody writes it there.
type Stored = Any


class StoredValue(NamedTuple):
    """A row of the table of names, which may have been altered."""

    commitment: str
    ref: Stored
    field: Stored
    value: Stored
    search_text: Stored
    salt: Stored

    @property
    def is_recorded(self) -> bool:
        """Whether the value is the one that entries commit to."""
        if not isinstance(self.value, str) or not isinstance(self.salt, bytes | memoryview):
            return False
        return commitment(bytes(self.salt), self.value) == self.commitment


def stored_values(commitments: Iterable[str]) -> Iterator[StoredValue]:
    """Yield the row of each commitment that is not erased, by commitment, with few queries."""
    for chunk in batched(sorted(set(commitments)), CHUNK):
        values = PersonalValue.objects.filter(commitment__in_list=list(chunk))
        rows = values.order_by("commitment").values_list(*StoredValue._fields)
        yield from (StoredValue(*row) for row in rows)


def clear_values(commitments: Iterable[str]) -> dict[str, str]:
    """Return the value of each commitment that is not erased.

    In place of a value that does not match its commitment is ALTERED_NAME, and the alarm is raised.
    """
    values = list(stored_values(commitments))
    altered = [value.commitment for value in values if not value.is_recorded]
    if altered:
        _alarm.error(
            "The audit log is broken. %d names beside it are not the ones recorded; the first has "
            "the commitment %s. Verify the log to see in which entries.",
            len(altered),
            altered[0],
        )
    clear: dict[str, str] = {value.commitment: value.value for value in values}
    return clear | dict.fromkeys(altered, ALTERED_NAME)


def recorded_names(refs: Iterable[str]) -> dict[str, str]:
    """Return a name of each ref whose names are not erased, as `clear_values` does."""
    rows = PersonalValue.objects.filter(ref__in=set(refs), field="name").order_by("commitment")
    commitments = dict(rows.values_list("commitment", "ref"))
    names = clear_values(commitments)
    return {
        ref: names[commitment] for commitment, ref in commitments.items() if commitment in names
    }


def _keys(party: Actor | Person) -> list[Key]:
    last = "ip" if isinstance(party, Actor) else "reference"
    fields = ("name", "email", last)
    return [(party.ref, name, value) for name in fields if (value := getattr(party, name))]


def _stored(keys: set[Key]) -> dict[Key, str]:
    commitments: dict[Key, str] = {}
    for refs in batched(sorted({ref for ref, _, _ in keys}), CHUNK):
        values = PersonalValue.objects.filter(ref__in=refs)
        rows = values.values_list("ref", "field", "value", "commitment")
        commitments |= {(ref, name, value): commit for ref, name, value, commit in rows}
    return commitments
