"""Prune the log: delete its oldest entries for good, up to a seal."""

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
    """Nothing was deleted; the message says why and what to do."""


@transaction.atomic
def prune(seal: TrustedSeal, *, by: Actor, now: datetime) -> int:
    """Delete the entries that a seal covers and record that; return how many were deleted.

    The tiles and all seals are kept, so that the remaining entries can be verified and proven.

    :raises NotPruned: if the tiles do not match the seal, there is no key to sign the statement,
        or the database role may not delete entries
    """
    LogHead.objects.select_for_update().get()
    first, tree = pruned().size, _tree(seal)
    count = _delete_entries(seal.size)
    detail = {
        "first": first,
        "entries": count,
        "seal": seal.number,
        "statement": _statement(Pruned(seal.size, tree.root())),
    }
    event = Event(action=ACTION, subject=f"seal/{seal.number}", result="pruned", detail=detail)
    record(event, by=by, at=now)
    return count


def delete_unreferenced_values() -> int:
    """Delete the names and addresses that no remaining entry refers to; return how many.

    Most entries are read before the head is locked, so that appending is not blocked for long.
    """
    unreferenced = set(PersonalValue.objects.values_list("commitment", flat=True))
    size = LogHead.entries()
    _discard_referenced(unreferenced, 0, size)
    with transaction.atomic():
        head = LogHead.objects.select_for_update().get()
        _discard_referenced(unreferenced, size, head.size)
        PersonalValue.objects.filter(commitment__in_list=sorted(unreferenced)).delete()
    return len(unreferenced)


def _tree(seal: TrustedSeal) -> Frontier:
    try:
        tree = frontier_at(seal.size, tiles.Tiles())
    except tiles.MissingHashes as error:
        raise NotPruned(f"Not all hashes of these entries are stored. {error}") from error
    if tree.root() != seal.root:
        raise NotPruned(f"The log does not match seal {seal.number:,}. Verify it.")
    return tree


def _delete_entries(size: int) -> int:
    entries = LogEntry.objects.filter(seq__lt=size)
    try:
        with triggers.deletes_allowed(connection, triggers.ENTRIES):
            return entries._raw_delete(entries.db)
    except ProgrammingError as error:
        raise NotPruned(
            "The database role of this process may not delete entries, and should not. Run this "
            "with a DATABASE_URL that names the owner of the tables."
        ) from error


def _statement(prefix: Pruned) -> str:
    try:
        return prefix.signed(signing_key())
    except KeyUnavailable as error:
        raise NotPruned(str(error)) from error


def _discard_referenced(unreferenced: set[str], start: int, stop: int) -> None:
    """Remove from the set what entries from `start` up to, not including, `stop` refer to."""
    for row in chain.from_iterable(chunks(start, stop)):
        unreferenced.difference_update(commitments(body_of(row.seq, row.body)))
