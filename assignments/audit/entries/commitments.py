"""Personal data beside the log: entries hold commitments, this table what they stand for."""

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
    """Return what stands in an entry in the place of a personal value."""
    return base64.b64encode(hmac.digest(salt, value.encode(), "sha256")).decode()


class Commitments:
    """The commitments of everybody whom a group of entries speaks of, new ones stored at once."""

    def __init__(self, whom: Iterable[Actor | Person]) -> None:
        self._keys = {somebody: _keys(somebody) for somebody in whom}
        wanted = {key for keys in self._keys.values() for key in keys}
        self._known = _stored(wanted)
        missing = sorted(wanted - self._known.keys())
        made = {key: secrets.token_bytes(SALT_BYTES) for key in missing}
        new = {key: commitment(salt, key[2]) for key, salt in made.items()}
        rows = ((*key, fold(key[2]), new[key], made[key]) for key in new)
        insert(PersonalValue, _COLUMNS, rows)
        self._known |= new

    def of(self, somebody: Actor | Person) -> dict[str, Commit]:
        """Return the commitment of each personal field that is not empty."""
        return {key[1]: {"commit": self._known[key]} for key in self._keys[somebody]}


def clear_values(commitments: Iterable[str]) -> dict[str, str]:
    """Return what the commitments stand for, as far as it is not erased; one query."""
    found = PersonalValue.objects.filter(commitment__in_list=sorted(set(commitments)))
    return dict(found.values_list("commitment", "value"))


def disclosures(commitments: Iterable[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield commitment, field, value and salt in base64 of what is not erased."""
    for some in batched(sorted(commitments), CHUNK, strict=False):
        found = PersonalValue.objects.filter(commitment__in_list=list(some))
        for known in found.order_by("commitment"):
            salt = base64.b64encode(bytes(known.salt)).decode()
            yield known.commitment, known.field, known.value, salt


def _keys(somebody: Actor | Person) -> list[Key]:
    last = "ip" if isinstance(somebody, Actor) else "reference"
    fields = ("name", "email", last)
    return [(somebody.ref, name, value) for name in fields if (value := getattr(somebody, name))]


def _stored(wanted: set[Key]) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for refs in batched(sorted({ref for ref, _, _ in wanted}), CHUNK, strict=False):
        values = PersonalValue.objects.filter(ref__in=refs)
        rows = values.values_list("ref", "field", "value", "commitment")
        found |= {(ref, name, value): commit for ref, name, value, commit in rows}
    return found
