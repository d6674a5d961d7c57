"""Commitments to personal data: entries hold HMACs, a separate table the erasable values.

A commitment is HMAC-SHA-256 over the value, with a random salt as key (base64). The values and
salts can be deleted without changing any entry.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Final

from assignments.audit.entries.actors import Actor, Person
from assignments.models import PersonalValue
from assignments.models.sql.bulk import insert
from assignments.models.sql.text_folding import fold

SALT_BYTES: Final = 16
CHUNK: Final = 1_000
Commit = dict[str, str]
Key = tuple[str, str, str]
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


def clear_values(commitments: Iterable[str]) -> dict[str, str]:
    """Return the value of each commitment that is not erased, with one query."""
    values = PersonalValue.objects.filter(commitment__in_list=sorted(set(commitments)))
    return dict(values.values_list("commitment", "value"))


def disclosures(commitments: Iterable[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield commitment, field, value and base64 salt of each commitment that is not erased."""
    for chunk in batched(sorted(commitments), CHUNK):
        values = PersonalValue.objects.filter(commitment__in_list=list(chunk))
        for row in values.order_by("commitment"):
            salt = base64.b64encode(bytes(row.salt)).decode()
            yield row.commitment, row.field, row.value, salt


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
