"""Read every entry in order: its faults, and what can only be judged over all of them."""

from collections.abc import Callable, Iterator, Mapping

from assignments.audit.integrity.entry_rules import ClockCheck, UncheckedMacs, first_fault
from assignments.audit.integrity.reader import chunks
from assignments.audit.integrity.recovery import Damage, damage_in
from assignments.audit.integrity.trusted_entries import earlier_keys
from assignments.audit.integrity.verdicts import (
    Altered,
    Forged,
    MacsNotChecked,
)
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals.trusted_seals import TrustedSeal
from assignments.audit.signing.mac_keys import MacKey
from assignments.audit.verification.name_scan import NameScan
from assignments.audit.verification.tree_rebuild import TreeRebuild

Progress = Callable[[int], None]


class EntryScan:
    """One pass over the entries that follow those which the rebuilt tree has already.

    :ivar damage: the damage that entries record
    :ivar names: the names beside these entries
    """

    def __init__(self, rebuild: TreeRebuild, keys: Mapping[str, MacKey]) -> None:
        self._rebuild = rebuild
        self._keys = keys
        self._clock = ClockCheck()
        self._macs = UncheckedMacs(keys)
        self.damage: list[Damage] = []
        self.names = NameScan()

    def read(self, stop: int, progress: Progress | None) -> Altered | Forged | None:
        """Add the entries before `stop` to the tree; return the first fault that one has."""
        for rows in chunks(self._rebuild.size, stop):
            fault = first_fault(rows, self._rebuild.size, self._keys)
            if fault:
                return fault
            self._clock.check(rows)
            self._macs.check(rows)
            self.names.check(rows)
            self.damage += damage_in(rows)
            self._rebuild.add([row.leaf for row in rows])
            if progress:
                progress(self._rebuild.size)
        self._rebuild.finish()
        return None

    @property
    def note(self) -> str:
        """Return sentences about the clock and recorded damage for a verdict; often empty."""
        return "".join([self._clock.note, *(f" {damage.sentence}" for damage in self.damage)])

    def entries_of_unknown_keys(self) -> Iterator[Forged]:
        """Yield the first entry of each key of MACs that was never in use, by the log."""
        counts, first = self._macs.counts, self._macs.first
        unknown = counts.keys() - earlier_keys(self._keys) if counts else ()
        yield from (Forged(seq) for seq in sorted(first[key] for key in unknown))

    def macs_not_checked(
        self, head: Frontier, seal: TrustedSeal | None, note: str
    ) -> MacsNotChecked | None:
        """Return the verdict on a log without a fault if MACs could not be checked."""
        counts, first = self._macs.counts, self._macs.first
        if not counts:
            return None
        return MacsNotChecked(
            size=head.size,
            root=head.root().hex(),
            seal=seal.number if seal else None,
            seq=min(first.values()),
            count=counts.total(),
            keys=tuple(sorted(counts)),
            note=note,
        )
