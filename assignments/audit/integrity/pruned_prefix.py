"""What was pruned: entries that need not be kept any more are gone, their hashes and seals are not.

Each pruning is an entry that carries a statement signed with the log's key. Whoever merely owns the
database cannot pass a removal off as one.
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
    """The first `size` entries are gone; `root` is that of the tree over them."""

    size: int = 0
    root: bytes = field(default=Frontier().root(), repr=False)

    def signed(self, key: SigningKey) -> str:
        """Return the statement of it."""
        root = base64.b64encode(self.root).decode()
        return key.sign(f"{key.public.name}\n{KIND}\n{self.size}\n{root}\n")

    @property
    def note(self) -> str:
        """Say what is gone, for whoever checked the rest."""
        if not self.size:
            return ""
        return f" Entries 0 to {self.size - 1:,} were pruned; their hashes fit the seals."


NOTHING: Final = Pruned()


def pruned() -> Pruned:
    """Return how much was pruned, as far as a trusted key signed that."""
    try:
        keys = trusted_keys()
    except KeyUnavailable:
        return NOTHING
    bodies = LogEntry.objects.filter(action=ACTION).values_list("body", flat=True)
    stated = (one for body in bodies for one in _stated(as_bytes(body), keys))
    return max(stated, default=NOTHING)


def _stated(body: bytes, keys: list[PublicKey]) -> Iterator[Pruned]:
    # What cannot be read or is not signed by us says nothing; the entries it hides are missed.
    with suppress(InvalidNote, UnknownKey, WrongSignature, *UNREADABLE):
        opened = open_note(orjson.loads(body)["detail"]["statement"], keys)
        origin, kind, size, root = opened.text.splitlines()
        if (origin, kind) == (opened.key.name, KIND):
            yield Pruned(int(size), base64.b64decode(root, validate=True))
