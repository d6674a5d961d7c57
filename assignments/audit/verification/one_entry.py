"""Verify one entry: its bytes and neighbours, its inclusion in the tree, and the seal over it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from assignments.audit.integrity import recovery
from assignments.audit.integrity.entry_rules import Row, fault_of
from assignments.audit.integrity.reader import chunks
from assignments.audit.integrity.recovery import Damage
from assignments.audit.integrity.verdicts import Altered, BadSeal, Fault, Verdict
from assignments.audit.merkle.proofs import Proof, Subtree, included_root, inclusion
from assignments.audit.merkle.tiles import MissingHashes, Tiles
from assignments.audit.merkle.tree import leaf_hash
from assignments.audit.seals import sealing, second_copy, trusted_seals
from assignments.audit.seals.seal_columns import recorded_seals
from assignments.audit.signing.checkpoint import Checkpoint
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.signing.mac_keys import readable_keys
from assignments.audit.verification.name_scan import find_altered_names
from assignments.models import LogSeal


class State(StrEnum):
    """Verdict on one entry."""

    INTACT = "intact"
    ALTERED = "altered"
    NEW = "new"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCheck:
    """Results of the three checks of an entry; an empty fault means that a check passed.

    :ivar sha256: the computed leaf hash, hexadecimal
    :ivar recorded: the stored leaf hash, hexadecimal
    :ivar missing_key: the id of the key of its MAC, if that cannot be read: it is not checked
    :ivar seal: the oldest seal that covers the entry; None if it is newer than every seal
    :ivar copy: the path of the seal's copy outside the database, if there is one
    """

    sha256: str
    recorded: str
    own_fault: str
    missing_key: str = ""
    seal: LogSeal | None = None
    proof: Proof = ()
    root: str = ""
    tree_fault: str = ""
    seal_fault: str = ""
    copy: str = ""
    next_seal_at: datetime | None = None

    @property
    def state(self) -> State:
        """Return the verdict of the three checks together."""
        if self.own_fault or self.tree_fault:
            return State.ALTERED
        if self.seal is None:
            return State.NEW
        return State.UNPROVEN if self.seal_fault or self.missing_key else State.INTACT


TREE_DAMAGED: Final = "Its inclusion in the tree cannot be computed: the stored hashes are damaged."


def check_entry(seq: int) -> EntryCheck:
    """Verify an entry and its neighbours, and its inclusion under the oldest seal over it.

    :raises KeyError: if there is no such entry
    """
    rows = {row.seq: row for chunk in chunks(max(seq - 1, 0), seq + 2) for row in chunk}
    row, seal, keys = rows[seq], sealing.oldest_covering(seq), readable_keys()
    faults: list[Verdict | None] = [fault_of(row, seq, keys)]
    # A neighbour shows that entries were moved; who wrote it says nothing about this one.
    faults += [fault_of(other, other.seq, {}) for other in rows.values()]
    faults += find_altered_names([row]).values()
    faults.append(find_adopted_fault(seq, recovery.recorded_damage(start=seq)))
    check = EntryCheck(
        sha256=leaf_hash(row.body).hex(),
        recorded=row.leaf.hex(),
        own_fault=next((fault.sentence for fault in faults if fault), ""),
        missing_key="" if row.mac_key in keys else row.mac_key,
    )
    if seal is None:
        last = sealing.newest_seal()
        return replace(check, next_seal_at=last.at + sealing.INTERVAL if last else None)
    return _check_sealed(check, row, seal)


def find_adopted_fault(seq: int, broken: Iterable[Damage]) -> Altered | None:
    """Return the fault of an entry that a recovery adopted without proof, if it is one."""
    is_in_question = any(seq in each.in_question() for each in broken)
    return Altered(seq, Fault.ADOPTED) if is_in_question else None


@dataclass(frozen=True, slots=True)
class InclusionCheck:
    """The inclusion proof of an entry under a seal, and the root that it leads to."""

    proof: Proof = ()
    root: bytes = b""
    fault: str = ""


def check_inclusion(
    seal: LogSeal, checkpoint: Checkpoint | None, row: Row, subtree: Subtree
) -> InclusionCheck:
    """Check that an entry is included under the root hash of a seal.

    :param checkpoint: that of the seal, if it can be read
    """
    try:
        proof = inclusion(row.seq, seal.size, subtree)
    except MissingHashes:
        return InclusionCheck(fault=TREE_DAMAGED)
    root = included_root(row.seq, seal.size, row.leaf, proof) or b""
    is_included = checkpoint is not None and root == checkpoint.root
    fault = f"Its hash does not lead to the root of seal {seal.number:,}."
    return InclusionCheck(proof, root, "" if is_included else fault)


def _check_sealed(check: EntryCheck, row: Row, seal: LogSeal) -> EntryCheck:
    copy = second_copy.copy_path(seal.number)
    inclusion_check = check_inclusion(seal, sealing.checkpoint_of(seal), row, Tiles())
    return replace(
        check,
        seal=seal,
        proof=inclusion_check.proof,
        root=inclusion_check.root.hex(),
        tree_fault=inclusion_check.fault,
        seal_fault=find_seal_fault(seal),
        copy=str(copy) if copy and copy.exists() else "",
    )


def find_seal_fault(seal: LogSeal) -> str:
    """Return why a seal cannot be trusted; empty if it can."""
    try:
        checked = trusted_seals.check_note(seal.number, seal.note, trusted_keys())
    except KeyUnavailable as error:
        return str(error)
    if isinstance(checked, BadSeal):
        return checked.sentence
    why = checked.column_fault(seal, recorded_seals([seal.number])) or _copy_fault(seal)
    return f"Seal {seal.number:,} {why}" if why else ""


def _copy_fault(seal: LogSeal) -> str:
    copy = second_copy.copy_path(seal.number)
    is_same = not (copy and copy.exists()) or copy.read_bytes() == seal.note.encode()
    return "" if is_same else "differs from its copy outside the database."
