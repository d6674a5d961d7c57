"""Checking one entry: its bytes and neighbours, its place in the tree, the seal over that."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from assignments.audit.integrity import recovery
from assignments.audit.integrity.entry_rules import Row, fault_of
from assignments.audit.integrity.reader import chunks
from assignments.audit.integrity.recovery import Damage
from assignments.audit.integrity.verdicts import Altered, BadSeal, Fault
from assignments.audit.merkle.proofs import Proof, Subtree, included_root, inclusion
from assignments.audit.merkle.tiles import MissingHashes, Tiles
from assignments.audit.merkle.tree import leaf_hash
from assignments.audit.seals import sealing, second_copy, trusted_seals
from assignments.audit.signing.checkpoint import Checkpoint
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.models import LogSeal


class State(StrEnum):
    """What can be said of an entry."""

    INTACT = "intact"
    ALTERED = "altered"
    NEW = "new"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCheck:
    """What each of the three checks found; an empty sentence means that it is well.

    `seal` is the oldest that vouches for the entry; without one the entry is too new.
    """

    sha256: str
    recorded: str
    own_fault: str
    seal: LogSeal | None = None
    proof: Proof = ()
    root: str = ""
    tree_fault: str = ""
    seal_fault: str = ""
    copy: str = ""
    next_seal_at: datetime | None = None

    @property
    def state(self) -> State:
        """Return what the checks come to."""
        if self.own_fault or self.tree_fault:
            return State.ALTERED
        if self.seal is None:
            return State.NEW
        return State.UNPROVEN if self.seal_fault else State.INTACT


NO_ROWS: Final = "Its place in the tree cannot be worked out: the rows of hashes are damaged."


def check_entry(seq: int) -> EntryCheck:
    """Check an entry with the one before and after it, and hold it against the next seal."""
    rows = {row.seq: row for some in chunks(max(seq - 1, 0), seq + 2) for row in some}
    row, seal = rows[seq], sealing.oldest_covering(seq)
    faults = [fault_of(near, near.seq) for near in rows.values()]
    faults.append(adopted_fault(seq, recovery.recorded_damage(start=seq)))
    own = EntryCheck(
        sha256=leaf_hash(row.body).hex(),
        recorded=row.leaf.hex(),
        own_fault=next((fault.sentence for fault in faults if fault), ""),
    )
    if seal is None:
        last = sealing.newest_seal()
        return replace(own, next_seal_at=last.at + sealing.INTERVAL if last else None)
    return _sealed(own, row, seal)


def adopted_fault(seq: int, broken: Iterable[Damage]) -> Altered | None:
    """Return that an entry is in question, if one of the breaks left it so."""
    is_among = any(seq in one.in_question() for one in broken)
    return Altered(seq, Fault.ADOPTED) if is_among else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the hash of an entry leads in the tree of a seal; with a fault it leads elsewhere."""

    proof: Proof = ()
    root: bytes = b""
    fault: str = ""


def place_under(seal: LogSeal, said: Checkpoint | None, row: Row, subtree: Subtree) -> Place:
    """Hold an entry against the root that a seal vouches for.

    :param said: what the seal says, if that can be read
    """
    try:
        proof = inclusion(row.seq, seal.size, subtree)
    except MissingHashes:
        return Place(fault=NO_ROWS)
    root = included_root(row.seq, seal.size, row.leaf, proof) or b""
    is_there = said is not None and root == said.root
    leads_elsewhere = f"Its hash does not lead to the root that seal {seal.number:,} vouches for."
    return Place(proof, root, "" if is_there else leads_elsewhere)


def _sealed(own: EntryCheck, row: Row, seal: LogSeal) -> EntryCheck:
    copy = second_copy.copy_path(seal.number)
    place = place_under(seal, sealing.checkpoint_of(seal), row, Tiles())
    return replace(
        own,
        seal=seal,
        proof=place.proof,
        root=place.root.hex(),
        tree_fault=place.fault,
        seal_fault=fault_of_seal(seal),
        copy=str(copy) if copy and copy.exists() else "",
    )


def fault_of_seal(seal: LogSeal) -> str:
    """Return why a seal is not to be trusted; empty if it is."""
    try:
        found = trusted_seals.check_note(seal.number, seal.note, trusted_keys())
    except KeyUnavailable as error:
        return str(error)
    if isinstance(found, BadSeal):
        return found.sentence
    copy = second_copy.copy_path(seal.number)
    if copy and copy.exists() and copy.read_bytes() != seal.note.encode():
        return f"Seal {seal.number:,} is another one in its second place."
    return ""
