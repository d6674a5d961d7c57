"""Verifying the log: every entry by itself, their order, the tree, and every seal there is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db import transaction
from django.db.models import Max

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity.alarm import raise_alarm
from assignments.audit.integrity.entry_rules import Clock, first_fault
from assignments.audit.integrity.pruned_prefix import Pruned, pruned
from assignments.audit.integrity.reader import chunks
from assignments.audit.integrity.recovery import Damage, damage_in
from assignments.audit.integrity.verdicts import (
    BROKEN,
    BROKEN_WORDS,
    Altered,
    Fault,
    HeadMismatch,
    Intact,
    IntactSince,
    SealMismatch,
    ShorterThanSeal,
    Unsealed,
    Verdict,
    as_fields,
)
from assignments.audit.log import Event, record
from assignments.audit.merkle import tiles
from assignments.audit.merkle.head import recorded_tree
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals import trusted_seals
from assignments.audit.verification import log_status
from assignments.audit.verification.tree_rebuild import Rebuilt
from assignments.models import LogEntry, Verification

Progress = Callable[[int], None]


def verify_log(
    *,
    by: Actor,
    now: datetime,
    progress: Progress | None = None,
    since_seal: bool = False,
    run: Verification | None = None,
) -> Verification:
    """Check the log, keep the verdict, record that it was checked, and alarm if it is broken.

    :param since_seal: only what came after the newest seal
    :param run: the check that was begun for this, to be ended
    """
    verdict = verdict_on_log(progress, since_seal=since_seal)
    if isinstance(verdict, BROKEN):
        raise_alarm(verdict.sentence)
    run = run or Verification(at=now, by=by.ref)
    with transaction.atomic():
        detail = {"verdict": verdict.sentence, "seq": verdict.first}
        event = Event(action="log.verified", subject="log", result=verdict.word, detail=detail)
        record(event, by=by, at=now)
        for name, value in as_fields(verdict).items():
            setattr(run, name, value)
        run.at, run.checked = now, run.size
        run.email_at = now if _is_news(run) else None
        run.save()
    return run


def _is_news(run: Verification) -> bool:
    """Tell whether it is to be written about: a break, when it is found first and every night."""
    if run.verdict not in BROKEN_WORDS:
        return False
    before = log_status.last_verification()
    return run.night is not None or before is None or before.detail != run.detail


def verdict_on_log(progress: Progress | None = None, *, since_seal: bool = False) -> Verdict:
    """Check the log and say what was found; nothing is locked and nothing kept."""
    while True:
        gone = pruned()
        verdict = _verdict(gone, progress, since_seal=since_seal)
        # What was pruned while it was read is not missing.
        if pruned() == gone:
            return verdict


def _verdict(gone: Pruned, progress: Progress | None, *, since_seal: bool) -> Verdict:
    # Read before the head, because entries may join while this runs.
    longest = LogEntry.objects.aggregate(last=Max("seq"))["last"]
    found = 0 if longest is None else longest + 1
    head, book = recorded_tree(), trusted_seals.check_seals()
    if head is None:
        return HeadMismatch(found, None)
    begun = _begun(head, book, gone, since_seal=since_seal)
    if not isinstance(begun, Begun):
        return begun
    rebuilt, clock, broken = begun.rebuilt, Clock(), list[Damage]()
    for rows in chunks(rebuilt.size, head.size):
        fault = first_fault(rows, rebuilt.size)
        if fault:
            return fault
        clock.see(rows)
        broken += damage_in(rows)
        rebuilt.take([row.leaf for row in rows])
        if progress:
            progress(rebuilt.size)
    rebuilt.finish()
    faults = _faults(rebuilt, head, book, found, is_whole=begun.since is None)
    taken_up = (_altered(span) for one in broken if (span := _in_question(one, book)))
    notes = [gone.note, clock.note, *(f" {one.sentence}" for one in broken)]
    return next(chain(faults, taken_up), None) or _praise(begun, head, book, gone, "".join(notes))


def _in_question(broken: Damage, book: trusted_seals.CheckedSeals) -> range:
    """Return the entries of a break that no seal vouches for which can be trusted and is older."""
    sizes = (seal.size for seal in book.trusted if seal.size <= broken.last + 1)
    return broken.in_question(max(sizes, default=0))


def _altered(span: range) -> Altered:
    return Altered(span.start, Fault.ADOPTED, span[-1] if len(span) > 1 else None)


@dataclass(frozen=True, slots=True)
class Begun:
    """The tree to be built again: from nothing, or from the newest seal on."""

    rebuilt: Rebuilt
    since: trusted_seals.TrustedSeal | None = None


def _begun(
    head: Frontier, book: trusted_seals.CheckedSeals, gone: Pruned, *, since_seal: bool
) -> Begun | Verdict:
    begun = _start(head, book, since_seal=since_seal)
    return (_take_pruned(gone, begun.rebuilt) or begun) if isinstance(begun, Begun) else begun


def _start(
    head: Frontier, book: trusted_seals.CheckedSeals, *, since_seal: bool
) -> Begun | Verdict:
    if not since_seal:
        return Begun(Rebuilt(book.trusted, tiles.stored_tiles(0)))
    seal = book.newest(head.size)
    if seal is None:
        # Nothing to start from: what vouches for the whole is missing, so the whole is read.
        return next(iter(book.faults), Begun(Rebuilt(book.trusted, tiles.stored_tiles(0))))
    try:
        return _since(seal)
    except tiles.MissingHashes:
        return Altered(0, Fault.TILE, seal.size - 1)


def _take_pruned(gone: Pruned, rebuilt: Rebuilt) -> Altered | None:
    """Add the hashes of what was pruned, and return what is not as the statement of it says."""
    left = LogEntry.objects.filter(seq__lt=gone.size).order_by("seq")
    stray = left.values_list("seq", flat=True).first()
    if stray is not None:
        return Altered(stray, Fault.PRUNED)
    if rebuilt.size >= gone.size:
        return None
    try:
        for leaves in tiles.leaf_hashes(rebuilt.size, gone.size):
            rebuilt.take(leaves)
    except tiles.MissingHashes:
        return Altered(rebuilt.size, Fault.TILE, gone.size - 1)
    is_stated = rebuilt.frontier().root() == gone.root
    return None if is_stated else Altered(0, Fault.TILE, gone.size - 1)


def _since(seal: trusted_seals.TrustedSeal) -> Begun | Verdict:
    then = frontier_at(seal.size, tiles.Tiles())
    blocks = frontier_at(seal.size // tiles.WIDTH, _above(tiles.Tiles()))
    if then.root() != seal.root:
        return SealMismatch(seal.number, 0, seal.size)
    return Begun(Rebuilt([seal], blocks=blocks), seal)


def _above(found: tiles.Tiles) -> Callable[[int, int], bytes]:
    return lambda level, number: found(level + tiles.BITS, number)


def _faults(
    rebuilt: Rebuilt,
    head: Frontier,
    book: trusted_seals.CheckedSeals,
    found: int,
    *,
    is_whole: bool,
) -> Iterator[Verdict]:
    """Yield what is wrong with the log as a whole, the most telling first."""
    for seal in book.trusted:
        if seal.size > max(rebuilt.size, found):
            yield ShorterThanSeal(seal.number, max(rebuilt.size, found), seal.size)
    if rebuilt.size < head.size or found > head.size:
        yield HeadMismatch(rebuilt.size if rebuilt.size < head.size else found, head.size)
        return
    yield from filter(None, [rebuilt.against(head), rebuilt.named_mismatch()])
    yield from book.faults
    if is_whole and (row := _other_row(rebuilt)) is not None:
        yield Altered(row, Fault.TILE)


def _other_row(rebuilt: Rebuilt) -> int | None:
    """Return the first entry under a kept row of hashes that is not what the entries give."""
    if rebuilt.other_row is not None:
        return rebuilt.other_row
    kept = {
        (level, number): row for level in (1, 2, 3) for number, row in tiles.stored_tiles(level)
    }
    for level, number, row in rebuilt.rows_above():
        have = kept.get((level, number), b"")
        if row[: len(have)] != have:
            return int(number * tiles.WIDTH ** (level + 1))
    return None


def _praise(
    begun: Begun, head: Frontier, book: trusted_seals.CheckedSeals, gone: Pruned, note: str
) -> Verdict:
    seal, root = book.newest(head.size), head.root().hex()
    if begun.since:
        start = begun.since.size - begun.since.size % tiles.WIDTH
        return IntactSince(head.size, root, begun.since.number, max(start, gone.size), note)
    if seal is None:
        return Unsealed(head.size, root, note)
    return Intact(head.size, root, seal.number, seal.size, gone.size, note)
