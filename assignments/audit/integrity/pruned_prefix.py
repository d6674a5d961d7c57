"""The pruned prefix of the log: its entries are deleted, their hashes and seals are kept.

Each pruning is a log entry with a statement that the log's key signed, so that somebody who only
owns the database cannot pass off a deletion as a pruning.
"""

import base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import orjson

from assignments.audit.entries.canonical import UNREADABLE
from assignments.audit.integrity.reader import as_bytes
from assignments.audit.merkle.tree import Frontier
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.signing.signed_note import (
    InvalidNote,
    PublicKey,
    SigningKey,
    UnknownKey,
    WrongSignature,
    open_note,
)
from assignments.models import LogEntry

ACTION: Final = "log.pruned"
# The kind and format version of the signed statement.
KIND: Final = "pruned v1"


@dataclass(frozen=True, slots=True, order=True)
class Pruned:
    """The first `size` entries were pruned; `root` is the root of the tree over them."""

    size: int = 0
    root: bytes = field(default=Frontier().root(), repr=False)

    def signed(self, key: SigningKey) -> str:
        """Return the statement of this, as a signed note."""
        root = base64.b64encode(self.root).decode()
        return key.sign(f"{key.public.name}\n{KIND}\n{self.size}\n{root}\n")

    @property
    def note(self) -> str:
        """Return a sentence about the pruned entries for a verdict; empty if there are none."""
        if not self.size:
            return ""
        return f" Entries 0 to {self.size - 1:,} were pruned; their hashes fit the seals."


NOTHING: Final = Pruned()


def pruned() -> Pruned:
    """Return the longest prefix that a trusted key signed as pruned."""
    try:
        keys = trusted_keys()
    except KeyUnavailable:
        return NOTHING
    bodies = LogEntry.objects.filter(action=ACTION).values_list("body", flat=True)
    statements = (statement for body in bodies for statement in _statements(as_bytes(body), keys))
    return max(statements, default=NOTHING)


def _statements(body: bytes, keys: list[PublicKey]) -> Iterator[Pruned]:
    # An unreadable or untrusted statement is ignored; the deleted entries then count as missing.
    with suppress(InvalidNote, UnknownKey, WrongSignature, *UNREADABLE):
        opened = open_note(orjson.loads(body)["detail"]["statement"], keys)
        origin, kind, size, root = opened.text.splitlines()
        if (origin, kind) == (opened.key.name, KIND):
            yield Pruned(int(size), base64.b64decode(root, validate=True))
