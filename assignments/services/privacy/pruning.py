"""Prune the log: verify it, then remove entries whose retention period has ended.

Only whole sealed ranges are removed. A pruned range ends at a seal, so the rest still verifies.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import zip_longest
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.integrity.verdicts import Intact
from assignments.audit.pruning import NotPruned, delete_unreferenced_values, prune
from assignments.audit.seals import trusted_seals
from assignments.audit.seals.sealing import NotSealed, make_seal
from assignments.audit.verification.whole_log import verify_log
from assignments.models import LogHead
from assignments.models.sql.secure_delete import overwrite_deleted
from assignments.models.sql.trigram_index import ENTRIES
from assignments.services.privacy.retention import RetainedEntry, find_first_retained

# Entries removed in one transaction; other writers wait for it, about a second.
MAX_GROUP: Final = 50_000


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """What can be pruned now: the entries from `first` to before `stop`, up to each seal in turn.

    :ivar retained: the first entry that must be kept, if there is one
    """

    first: int
    seals: tuple[trusted_seals.TrustedSeal, ...]
    retained: RetainedEntry | None

    @property
    def stop(self) -> int:
        """The number after that of the last entry that can be pruned."""
        return self.seals[-1].size if self.seals else self.first


@dataclass(frozen=True, slots=True)
class PruningResult:
    """How many entries were removed, and how many personal values that no other entry uses."""

    entries: int
    values: int


def plan_pruning(*, now: datetime) -> PruningPlan:
    """Return what can be pruned now, without changing anything."""
    first = pruned().size
    retained = find_first_retained(first, now=now)
    limit = retained.seq if retained else LogHead.entries()
    seals = [seal for seal in trusted_seals.check_seals().trusted if first < seal.size <= limit]
    return PruningPlan(first, tuple(_pick_seals(first, seals)), retained)


def prune_log(*, by: Actor, now: datetime) -> PruningResult:
    """Verify the log, remove what can be pruned, and seal the rest.

    Removes a group at a time, so that entries can be appended in between. Groups that were removed
    stay removed if a later one fails.

    :raises NotPruned: if the log is not intact, or it cannot be sealed
    """
    check = verify_log(by=by, now=now)
    if check.verdict != Intact.word:
        raise NotPruned(f"Only an intact log can be pruned. {check.detail}")
    entries = sum(prune(seal, by=by, now=now) for seal in plan_pruning(now=now).seals)
    if not entries:
        return PruningResult(0, 0)
    values = delete_unreferenced_values()
    try:
        make_seal(reason="request", by=by, now=now)
    except NotSealed as refusal:
        raise NotPruned(str(refusal)) from refusal
    transaction.on_commit(partial(overwrite_deleted, ENTRIES))
    return PruningResult(entries, values)


def _pick_seals(
    first: int, seals: list[trusted_seals.TrustedSeal]
) -> list[trusted_seals.TrustedSeal]:
    """Return the seals to prune up to: as few as keep each group within MAX_GROUP entries."""
    chosen: list[trusted_seals.TrustedSeal] = []
    for seal, following in zip_longest(seals, seals[1:]):
        start = chosen[-1].size if chosen else first
        if following is None or following.size - start > MAX_GROUP:
            chosen.append(seal)
    return chosen
