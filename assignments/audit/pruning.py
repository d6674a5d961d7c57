"""Pruning: the oldest entries go for good, as far as a seal vouches for them and no further."""

from datetime import datetime
from itertools import chain

from django.db import ProgrammingError, connection, transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.entries.readable import body_of, commitments
from assignments.audit.integrity import triggers
from assignments.audit.integrity.pruned_prefix import ACTION, Pruned, pruned
from assignments.audit.integrity.reader import chunks
from assignments.audit.log import Event, record
from assignments.audit.merkle import tiles
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals.trusted_seals import TrustedSeal
from assignments.audit.signing.keys import KeyUnavailable, signing_key
from assignments.models import LogEntry, LogHead, PersonalValue


class NotPruned(Exception):
    """Nothing more was removed; the message says why and what to do."""


@transaction.atomic
def prune(seal: TrustedSeal, *, by: Actor, now: datetime) -> int:
    """Remove what stands before a seal and say so in a new entry; return how many entries went.

    The rows of hashes and all seals stay, so that what is left can be verified and proven.

    :raises NotPruned: if the hashes that stay do not lead to the seal, or nothing can sign that, or
        the database's role may not remove entries
    """
    LogHead.objects.select_for_update().get()
    before, tree = pruned().size, _tree(seal)
    count = _remove(seal.size)
    detail = {
        "first": before,
        "entries": count,
        "seal": seal.number,
        "statement": _statement(Pruned(seal.size, tree.root())),
    }
    event = Event(action=ACTION, subject=f"seal/{seal.number}", result="pruned", detail=detail)
    record(event, by=by, at=now)
    return count


def delete_unreferenced_values() -> int:
    """Remove the names and addresses that no entry speaks of any more; return how many.

    Most entries are read before the head is locked, so that others go on appending.
    """
    unspoken = set(PersonalValue.objects.values_list("commitment", flat=True))
    seen = LogHead.entries()
    _leave_spoken(unspoken, 0, seen)
    with transaction.atomic():
        head = LogHead.objects.select_for_update().get()
        _leave_spoken(unspoken, seen, head.size)
        PersonalValue.objects.filter(commitment__in_list=sorted(unspoken)).delete()
    return len(unspoken)


def _tree(seal: TrustedSeal) -> Frontier:
    try:
        tree = frontier_at(seal.size, tiles.Tiles())
    except tiles.MissingHashes as error:
        raise NotPruned(f"The hashes that are to stay are not all there. {error}") from error
    if tree.root() != seal.root:
        raise NotPruned(f"The log does not fit seal {seal.number:,}. Verify it.")
    return tree


def _remove(size: int) -> int:
    going = LogEntry.objects.filter(seq__lt=size)
    try:
        with triggers.deletes_allowed(connection, triggers.ENTRIES):
            return going._raw_delete(going.db)
    except ProgrammingError as error:
        raise NotPruned(
            "The role that the desk connects as may not remove entries, and should not. Run this "
            "with a DATABASE_URL that names the owner of the tables."
        ) from error


def _statement(gone: Pruned) -> str:
    try:
        return gone.signed(signing_key())
    except KeyUnavailable as error:
        raise NotPruned(str(error)) from error


def _leave_spoken(unspoken: set[str], start: int, stop: int) -> None:
    """Take out what the entries with numbers from `start` on and below `stop` speak of."""
    for row in chain.from_iterable(chunks(start, stop)):
        unspoken.difference_update(commitments(body_of(row.seq, row.body)))
