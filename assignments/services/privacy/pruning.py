"""Pruning the log: what need not be kept any more goes, by one who may, after the log was verified.

It goes by whole sealed ranges. A pruned range ends at a seal, and what is left verifies as before.
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
from assignments.services.privacy.retention import Stay, first_to_stay

# Others that write wait for as long as a group takes: about a second.
GROUP: Final = 50_000


@dataclass(frozen=True, slots=True)
class Outlook:
    """Entries before `first` are gone; those before `stop` may go, up to each seal in turn."""

    first: int
    seals: tuple[trusted_seals.TrustedSeal, ...]
    stays: Stay | None

    @property
    def stop(self) -> int:
        """Return the number after that of the last entry that may go."""
        return self.seals[-1].size if self.seals else self.first


@dataclass(frozen=True, slots=True)
class Done:
    """How many entries went, and how many names and addresses that none of the others speaks of."""

    entries: int
    values: int


def outlook(*, now: datetime) -> Outlook:
    """Return what may go now; nothing is changed."""
    first = pruned().size
    stays = first_to_stay(first, now=now)
    limit = stays.seq if stays else LogHead.entries()
    seals = [seal for seal in trusted_seals.check_seals().trusted if first < seal.size <= limit]
    return Outlook(first, tuple(_in_turn(first, seals)), stays)


def prune_log(*, by: Actor, now: datetime) -> Done:
    """Verify the log, remove for good what may go, and seal what is left.

    A group at a time, so that others go on appending; what was removed stays so if this ends early.

    :raises NotPruned: if the log is not intact, or it cannot be sealed
    """
    check = verify_log(by=by, now=now)
    if check.verdict != Intact.word:
        raise NotPruned(f"Only a log that is intact is pruned. {check.detail}")
    entries = sum(prune(seal, by=by, now=now) for seal in outlook(now=now).seals)
    if not entries:
        return Done(0, 0)
    values = delete_unreferenced_values()
    try:
        make_seal(reason="request", by=by, now=now)
    except NotSealed as refusal:
        raise NotPruned(str(refusal)) from refusal
    transaction.on_commit(partial(overwrite_deleted, ENTRIES))
    return Done(entries, values)


def _in_turn(first: int, seals: list[trusted_seals.TrustedSeal]) -> list[trusted_seals.TrustedSeal]:
    """Return the seals to go by: as few as do not take more than a group at once."""
    chosen: list[trusted_seals.TrustedSeal] = []
    for seal, following in zip_longest(seals, seals[1:]):
        begun = chosen[-1].size if chosen else first
        if following is None or following.size - begun > GROUP:
            chosen.append(seal)
    return chosen
