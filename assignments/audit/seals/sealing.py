"""Sealing: the log's size and root, signed with a key from outside the database."""

from datetime import datetime, timedelta
from typing import Final, Literal

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.audit.merkle import tiles
from assignments.audit.merkle.head import recorded_tree
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals import second_copy
from assignments.audit.signing.checkpoint import Checkpoint, InvalidCheckpoint
from assignments.audit.signing.keys import KeyUnavailable, signing_key
from assignments.audit.signing.signed_note import InvalidNote, SigningKey, split
from assignments.models import LogEntry, LogHead, LogSeal

SealReason = Literal["schedule", "export", "request"]
INTERVAL: Final = timedelta(hours=1)
ACTION: Final = "log.sealed"


class NotSealed(Exception):
    """The log cannot be sealed; the message says why and what to do."""


def make_seal(*, reason: SealReason, by: Actor, now: datetime) -> LogSeal:
    """Sign the log as it is, keep the seal in both places and record it.

    Returns the newest seal if nothing was added since. Rows of hashes are brought up to date before
    anything is locked, so that others go on appending.

    :raises NotSealed: without a key, or if the entries no longer give what was recorded of them
    """
    key, head, last = _key(), _head(), newest_seal()
    if last is not None and last.size == head.size:
        second_copy.write_copies([last])
        return last
    _check(head, last)
    seal = _store(key, head, last, reason=reason, by=by, now=now)
    second_copy.write_copies(LogSeal.objects.filter(number__gte=seal.number - 1).order_by("number"))
    return seal


def is_due(*, now: datetime) -> bool:
    """Tell whether something but seals was added, and the newest seal is an hour old."""
    last = newest_seal()
    after = last.size if last else 0
    if not LogEntry.objects.filter(seq__gte=after).exclude(action=ACTION).exists():
        return False
    # Whichever way the clock was set meanwhile.
    return last is None or abs(now - last.at) >= INTERVAL


def newest_seal() -> LogSeal | None:
    """Return the newest seal."""
    return LogSeal.objects.order_by("-number").first()


def oldest_covering(seq: int) -> LogSeal | None:
    """Return the oldest seal that vouches for an entry."""
    return LogSeal.objects.filter(size__gt=seq).order_by("number").first()


def checkpoint_of(seal: LogSeal) -> Checkpoint | None:
    """Return what a seal says, whoever signed it; None if it cannot be read."""
    try:
        return Checkpoint.parse(split(seal.note)[0])
    except (InvalidNote, InvalidCheckpoint):
        return None


def _key() -> SigningKey:
    try:
        return signing_key()
    except KeyUnavailable as error:
        raise NotSealed(str(error)) from error


def _head() -> Frontier:
    head = recorded_tree()
    if head is None:
        raise NotSealed("The log's head is missing or damaged. Verify the log.")
    return head


def _check(head: Frontier, last: LogSeal | None) -> None:
    """Refuse to sign what is not what was appended, or not a continuation of the last seal."""
    if last and last.size > head.size:
        raise NotSealed(f"The log is shorter than seal {last.number} says. Verify the log.")
    try:
        tiles.extend(head.size)
        found = tiles.Tiles()
        is_head = frontier_at(head.size, found) == head
        said = checkpoint_of(last) if last else None
        is_grown = said is None or frontier_at(said.size, found).root() == said.root
    except tiles.MissingHashes as error:
        raise NotSealed(f"The log has a gap. {error} Verify the log.") from error
    if not is_head:
        raise NotSealed("The entries do not give what was recorded of them. Verify the log.")
    if not is_grown and last:
        raise NotSealed(f"The log does not begin as seal {last.number} says. Verify the log.")


@transaction.atomic
def _store(
    key: SigningKey,
    tree: Frontier,
    last: LogSeal | None,
    *,
    reason: SealReason,
    by: Actor,
    now: datetime,
) -> LogSeal:
    LogHead.objects.select_for_update().get()
    other = newest_seal()
    if other != last and other is not None and other.size >= tree.size:
        return other
    checkpoint = Checkpoint(key.public.name, tree.size, tree.root())
    seal = LogSeal.objects.create(
        number=other.number + 1 if other else 1,
        at=now,
        size=tree.size,
        key=f"{key.public.name}+{key.public.id.hex()}",
        reason=reason,
        note=key.sign(checkpoint.text()),
    )
    detail = {"seal": seal.number, "entries": seal.size, "root": tree.root().hex(), "key": seal.key}
    event = Event(action=ACTION, subject=f"seal/{seal.number}", result=reason, detail=detail)
    record(event, by=by, at=now)
    return seal
