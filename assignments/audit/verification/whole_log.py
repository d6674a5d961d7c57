"""Verify the whole log: every entry, their order, the Merkle tree, and every seal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db import transaction
from django.db.models import Max

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity.alarm import raise_alarm
from assignments.audit.integrity.pruned_prefix import Pruned, pruned
from assignments.audit.integrity.recovery import Damage
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
from assignments.audit.signing.mac_keys import readable_keys
from assignments.audit.verification import log_status, recorded_checks
from assignments.audit.verification.entry_scan import EntryScan, Progress
from assignments.audit.verification.tree_rebuild import TreeRebuild
from assignments.models import LogEntry, Verification


def verify_log(
    *,
    by: Actor,
    now: datetime,
    progress: Progress | None = None,
    since_seal: bool = False,
    run: Verification | None = None,
) -> Verification:
    """Verify the log, save and record the verdict, and raise the alarm if it is broken.

    :param progress: called with the number of entries verified so far
    :param since_seal: verify only the entries since the newest seal
    :param run: the stored verification to finish, instead of a new one
    """
    verdict = verdict_on_log(progress, since_seal=since_seal)
    if isinstance(verdict, BROKEN):
        raise_alarm(verdict.sentence)
    run = run or Verification(at=now, by=by.ref)
    previous = log_status.last_verification(now=now)
    with transaction.atomic():
        night = {"night": run.night.isoformat()} if run.night else {}
        detail = {"verdict": verdict.sentence, "seq": verdict.first, **night}
        event = Event(
            action=recorded_checks.ACTION, subject="log", result=verdict.word, detail=detail
        )
        record(event, by=by, at=now)
        for name, value in as_fields(verdict).items():
            setattr(run, name, value)
        run.at, run.checked = now, run.size
        run.email_at = now if _needs_email(run, previous) else None
        run.save()
    return run


def _needs_email(run: Verification, previous: recorded_checks.RecordedCheck | None) -> bool:
    """Tell whether to send an e-mail: for a broken log, when it is new and every night."""
    if run.verdict not in BROKEN_WORDS:
        return False
    return run.night is not None or previous is None or previous.detail != run.detail


def verdict_on_log(progress: Progress | None = None, *, since_seal: bool = False) -> Verdict:
    """Verify the log and return the verdict, without locking or recording anything."""
    while True:
        pruned_prefix = pruned()
        verdict = _verdict(pruned_prefix, progress, since_seal=since_seal)
        # Entries pruned while the log was read would look missing.
        if pruned() == pruned_prefix:
            return verdict


def _verdict(pruned_prefix: Pruned, progress: Progress | None, *, since_seal: bool) -> Verdict:
    # Read before the head, because entries may be appended meanwhile.
    last = LogEntry.objects.aggregate(last=Max("seq"))["last"]
    stored = 0 if last is None else last + 1
    head, seals = recorded_tree(), trusted_seals.check_seals()
    if head is None:
        return HeadMismatch(stored, None)
    start = _start_after_pruned(head, seals, pruned_prefix, since_seal=since_seal)
    if not isinstance(start, Start):
        return start
    scan = EntryScan(start.rebuild, readable_keys())
    fault = scan.read(head.size, progress)
    if fault:
        return fault
    note = f"{pruned_prefix.note}{scan.note}"
    return next(
        chain(
            _find_faults(start.rebuild, head, seals, stored, is_whole=start.since is None),
            scan.entries_of_unknown_keys(),
            (_altered(span) for damage in scan.damage if (span := _in_question(damage, seals))),
            scan.names.faults(head.size),
            filter(None, [scan.macs_not_checked(head, seals.newest(head.size), note)]),
            [_good_verdict(start, head, seals, pruned_prefix, note)],
        )
    )


def _in_question(broken: Damage, seals: trusted_seals.CheckedSeals) -> range:
    """Return the entries of a break that no trusted older seal covers."""
    sizes = (seal.size for seal in seals.trusted if seal.size <= broken.last + 1)
    return broken.in_question(max(sizes, default=0))


def _altered(span: range) -> Altered:
    return Altered(span.start, Fault.ADOPTED, span[-1] if len(span) > 1 else None)


@dataclass(frozen=True, slots=True)
class Start:
    """A rebuild of the tree from the first entry, or from the block of the seal `since`."""

    rebuild: TreeRebuild
    since: trusted_seals.TrustedSeal | None = None


def _start_after_pruned(
    head: Frontier, seals: trusted_seals.CheckedSeals, pruned_prefix: Pruned, *, since_seal: bool
) -> Start | Verdict:
    start = _choose_start(head, seals, since_seal=since_seal)
    return (
        (_add_pruned(pruned_prefix, start.rebuild) or start) if isinstance(start, Start) else start
    )


def _choose_start(
    head: Frontier, seals: trusted_seals.CheckedSeals, *, since_seal: bool
) -> Start | Verdict:
    if not since_seal:
        return Start(TreeRebuild(seals.trusted, tiles.stored_tiles(0)))
    seal = seals.newest(head.size)
    if seal is None:
        # Without a seal to start from, the whole log is read.
        return next(iter(seals.faults), Start(TreeRebuild(seals.trusted, tiles.stored_tiles(0))))
    try:
        return _start_at_seal(seal)
    except tiles.MissingHashes:
        return Altered(0, Fault.TILE, seal.size - 1)


def _add_pruned(pruned_prefix: Pruned, rebuild: TreeRebuild) -> Altered | None:
    """Add the stored hashes of pruned entries; return a fault if they contradict the pruning."""
    entries = LogEntry.objects.filter(seq__lt=pruned_prefix.size).order_by("seq")
    stray = entries.values_list("seq", flat=True).first()
    if stray is not None:
        return Altered(stray, Fault.PRUNED)
    if rebuild.size >= pruned_prefix.size:
        return None
    try:
        for leaves in tiles.leaf_hashes(rebuild.size, pruned_prefix.size):
            rebuild.add(leaves)
    except tiles.MissingHashes:
        return Altered(rebuild.size, Fault.TILE, pruned_prefix.size - 1)
    is_right = rebuild.frontier().root() == pruned_prefix.root
    return None if is_right else Altered(0, Fault.TILE, pruned_prefix.size - 1)


def _start_at_seal(seal: trusted_seals.TrustedSeal) -> Start | Verdict:
    sealed = frontier_at(seal.size, tiles.Tiles())
    blocks = frontier_at(seal.size // tiles.WIDTH, _shift_up(tiles.Tiles()))
    if sealed.root() != seal.root:
        return SealMismatch(seal.number, 0, seal.size)
    return Start(TreeRebuild([seal], blocks=blocks), seal)


def _shift_up(subtree: tiles.Tiles) -> Callable[[int, int], bytes]:
    """Return the subtrees of the tree whose leaves are the roots of complete blocks."""
    return lambda level, number: subtree(level + tiles.BITS, number)


def _find_faults(
    rebuild: TreeRebuild,
    head: Frontier,
    seals: trusted_seals.CheckedSeals,
    stored: int,
    *,
    is_whole: bool,
) -> Iterator[Verdict]:
    """Yield the faults of the log as a whole, the most specific first.

    :param stored: the number of the last entry in the table, plus one
    """
    for seal in seals.trusted:
        if seal.size > max(rebuild.size, stored):
            yield ShorterThanSeal(seal.number, max(rebuild.size, stored), seal.size)
    if rebuild.size < head.size or stored > head.size:
        yield HeadMismatch(rebuild.size if rebuild.size < head.size else stored, head.size)
        return
    yield from filter(None, [rebuild.compare(head), rebuild.narrowed_mismatch()])
    yield from seals.faults
    if is_whole and (row := _find_row_mismatch(rebuild)) is not None:
        yield Altered(row, Fault.TILE)


def _find_row_mismatch(rebuild: TreeRebuild) -> int | None:
    """Return the first entry under a stored row of hashes that differs from the rebuilt one."""
    if rebuild.first_mismatch is not None:
        return rebuild.first_mismatch
    stored = {
        (level, number): row for level in (1, 2, 3) for number, row in tiles.stored_tiles(level)
    }
    for level, number, row in rebuild.upper_rows():
        stored_row = stored.get((level, number), b"")
        if row[: len(stored_row)] != stored_row:
            return int(number * tiles.WIDTH ** (level + 1))
    return None


def _good_verdict(
    start: Start,
    head: Frontier,
    seals: trusted_seals.CheckedSeals,
    pruned_prefix: Pruned,
    note: str,
) -> Verdict:
    seal, root = seals.newest(head.size), head.root().hex()
    if start.since:
        first = start.since.size - start.since.size % tiles.WIDTH
        first = max(first, pruned_prefix.size)
        return IntactSince(head.size, root, start.since.number, first, note)
    if seal is None:
        return Unsealed(head.size, root, note)
    return Intact(head.size, root, seal.number, seal.size, pruned_prefix.size, note)
