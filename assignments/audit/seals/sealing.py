"""Make seals: sign the log's size and root hash with a key that is not in the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, Literal

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity import alarm
from assignments.audit.integrity.entry_rules import is_forged
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.integrity.reader import chunks
from assignments.audit.integrity.verdicts import Forged
from assignments.audit.log import Event, record
from assignments.audit.merkle import tiles
from assignments.audit.merkle.head import recorded_tree
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals import second_copy
from assignments.audit.seals.seal_columns import ACTION, key_name
from assignments.audit.seals.trusted_seals import TrustedSeal, check_note, own_keys
from assignments.audit.signing.checkpoint import Checkpoint, InvalidCheckpoint
from assignments.audit.signing.keys import KeyUnavailable, signing_key
from assignments.audit.signing.mac_keys import MacKey, readable_keys
from assignments.audit.signing.signed_note import InvalidNote, SigningKey, split
from assignments.models import LogEntry, LogHead, LogSeal

SealReason = Literal["schedule", "export", "request"]
INTERVAL: Final = timedelta(hours=1)
# Says how far the log is forwarded to a SIEM. Like a seal it causes neither a seal nor forwarding.
FORWARDED: Final = "log.forwarded"


class NotSealed(Exception):
    """The log cannot be sealed; the message says why and what to do."""


def make_seal(*, reason: SealReason, by: Actor, now: datetime) -> LogSeal:
    """Sign the log as it is now, store the seal and its second copy, and record it in the log.

    Returns the newest seal if nothing was appended since. Tiles are extended before the head is
    locked, so that appending is not blocked for long.

    :raises NotSealed: without a key, or if the entries do not match the head or the last seal
    """
    key, head, last = _key(), _head(), newest_seal()
    if last is not None and last.size == head.size:
        second_copy.write_copies([last])
        return last
    _check(head, last)
    _check_macs(last.size if last else pruned().size, head.size)
    seal = _store(key, head, last, reason=reason, by=by, now=now)
    # The one before as well: writing its copy may have failed.
    newest_two = LogSeal.objects.filter(number__gte=seal.number - 1).order_by("number")
    second_copy.write_copies(newest_two)
    return seal


def is_due(*, now: datetime) -> bool:
    """Tell whether entries but seals and forwarding follow a seal that is INTERVAL old."""
    last = newest_seal()
    if last is not None and not _is_own(last):
        # A row that anybody can add postpones no seal; making one says what is wrong with it.
        return True
    start = last.size if last else 0
    added = LogEntry.objects.filter(seq__gte=start).exclude(action__in=[ACTION, FORWARDED])
    if not added.exists():
        return False
    # The clock may have been set forward or back since.
    return last is None or abs(now - last.at) >= INTERVAL


def _is_own(seal: LogSeal) -> bool:
    checked = check_note(seal.number, seal.note, own_keys())
    is_signed = isinstance(checked, TrustedSeal) and checked.size == seal.size
    return is_signed and seal.size <= LogHead.entries()


def newest_seal() -> LogSeal | None:
    """Return the newest seal."""
    return LogSeal.objects.order_by("-number").first()


def oldest_covering(seq: int) -> LogSeal | None:
    """Return the oldest seal that covers an entry; None if no seal does yet."""
    return LogSeal.objects.filter(size__gt=seq).order_by("number").first()


def checkpoint_of(seal: LogSeal) -> Checkpoint | None:
    """Return the checkpoint in a seal, without checking who signed it; None if it is unreadable."""
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
    """Check that the entries match the head and continue the last seal.

    :raises NotSealed: if they do not
    """
    if last and last.size > head.size:
        raise NotSealed(f"The log is shorter than seal {last.number}. Verify the log.")
    try:
        tiles.extend(head.size)
        subtree = tiles.Tiles()
        matches_head = frontier_at(head.size, subtree) == head
        sealed = checkpoint_of(last) if last else None
        continues = sealed is None or frontier_at(sealed.size, subtree).root() == sealed.root
    except tiles.MissingHashes as error:
        raise NotSealed(f"The log has a gap. {error} Verify the log.") from error
    if not matches_head:
        raise NotSealed("The entries do not match the log's head. Verify the log.")
    if not continues and last:
        raise NotSealed(f"The log does not continue seal {last.number}. Verify the log.")


def _check_macs(start: int, stop: int) -> None:
    """Check that this product wrote the entries that the seal is the first to vouch for.

    :raises NotSealed: if it did not, or their MACs cannot be checked
    """
    keys = _mac_keys()
    for row in chain.from_iterable(chunks(start, stop)):
        if row.mac_key not in keys:
            raise NotSealed(
                f"The key {row.mac_key} of new entries cannot be read. Add it to AUDIT_MAC_KEYS."
            )
        if is_forged(row, keys):
            sentence = Forged(row.seq).sentence
            alarm.raise_alarm(sentence)
            raise NotSealed(f"{sentence} Verify the log.")


def _mac_keys() -> Mapping[str, MacKey]:
    try:
        return readable_keys()
    except KeyUnavailable as error:
        raise NotSealed(str(error)) from error


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
    latest = newest_seal()
    if latest != last and latest is not None and latest.size >= tree.size:
        return latest
    checkpoint = Checkpoint(key.public.name, tree.size, tree.root())
    seal = LogSeal.objects.create(
        number=latest.number + 1 if latest else 1,
        at=now,
        size=tree.size,
        key=key_name(key.public.name, key.public.id),
        reason=reason,
        note=key.sign(checkpoint.text()),
    )
    detail = {"seal": seal.number, "entries": seal.size, "root": tree.root().hex(), "key": seal.key}
    event = Event(action=ACTION, subject=f"seal/{seal.number}", result=reason, detail=detail)
    record(event, by=by, at=now)
    return seal
