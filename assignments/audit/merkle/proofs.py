"""Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4).

A proof is computed from the roots of complete subtrees: `subtree(level, number)` returns the root
of the 2^level leaves that start at leaf number * 2^level.
"""

from collections.abc import Callable, Sequence

from assignments.audit.merkle.tree import Frontier, node_hash

Subtree = Callable[[int, int], bytes]
Proof = tuple[bytes, ...]


def inclusion(seq: int, size: int, subtree: Subtree) -> Proof:
    """Return the proof that the tree of this size contains the leaf with this number.

    :raises ValueError: if the tree is too small
    """
    if not 0 <= seq < size:
        raise ValueError(f"A tree of {size} has no leaf {seq}")
    return tuple(_inclusion_path(seq, 0, size, subtree))


def consistency(older: int, newer: int, subtree: Subtree) -> Proof:
    """Return the proof that the newer tree begins with the older one.

    :raises ValueError: if the newer size is smaller
    """
    if not 0 <= older <= newer:
        raise ValueError(f"A tree of {newer} does not grow from one of {older}")
    if older in {0, newer}:
        return ()
    return tuple(_consistency_path(older, 0, newer, subtree, is_whole=True))


def root_of(start: int, stop: int, subtree: Subtree) -> bytes:
    """Return the root of the tree over the leaves from `start` up to, not including, `stop`."""
    size = stop - start
    level = (size - 1).bit_length()
    if size == 1 << level:
        return subtree(level, start >> level)
    middle = start + (1 << level - 1)
    return node_hash(root_of(start, middle, subtree), root_of(middle, stop, subtree))


def frontier_at(size: int, subtree: Subtree) -> Frontier:
    """Return the frontier of the tree when it had this size."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return Frontier(size, tuple(subtree(level, (size >> level) - 1) for level in levels))


def included_root(seq: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion proof yields; None if its length is wrong.

    Follows RFC 9162 §2.1.3.2.
    """
    if not 0 <= seq < size:
        return None
    node, last, root = seq, size - 1, leaf
    for sibling in proof:
        if not last:
            return None
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(
    older: int, newer: int, older_root: bytes, newer_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a consistency proof is valid (RFC 9162 §2.1.4.2)."""
    if older in {0, newer}:
        return not proof and (older != newer or older_root == newer_root)
    hashes = list(proof) if older & (older - 1) else [older_root, *proof]
    if not 0 < older < newer or not hashes:
        return False
    return _roots_of_proof(older - 1, newer - 1, hashes) == (older_root, newer_root)


def _roots_of_proof(node: int, last: int, hashes: list[bytes]) -> tuple[bytes, bytes] | None:
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            return None
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return None if last else (old, new)


def _inclusion_path(seq: int, start: int, stop: int, subtree: Subtree) -> list[bytes]:
    if stop - start == 1:
        return []
    middle = start + (1 << (stop - start - 1).bit_length() - 1)
    if seq < middle:
        return [*_inclusion_path(seq, start, middle, subtree), root_of(middle, stop, subtree)]
    return [*_inclusion_path(seq, middle, stop, subtree), root_of(start, middle, subtree)]


def _consistency_path(
    older: int, start: int, stop: int, subtree: Subtree, *, is_whole: bool
) -> list[bytes]:
    if older == stop:
        return [] if is_whole else [root_of(start, stop, subtree)]
    middle = start + (1 << (stop - start - 1).bit_length() - 1)
    if older <= middle:
        left = _consistency_path(older, start, middle, subtree, is_whole=is_whole)
        return [*left, root_of(middle, stop, subtree)]
    right = _consistency_path(older, middle, stop, subtree, is_whole=False)
    return [*right, root_of(start, middle, subtree)]
