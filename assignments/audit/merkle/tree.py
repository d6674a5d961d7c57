"""The Merkle tree of RFC 9162 §2.1: leaf and node hashes, and the frontier of a growing tree."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """What appending to a tree needs: its size and the roots of its complete subtrees.

    The roots are ordered from the largest subtree to the smallest, one for each 1 bit of the size.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.roots) != self.size.bit_count():
            raise ValueError(f"A tree of {self.size} has {self.size.bit_count()} complete subtrees")

    def append(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """Return the frontier of the tree with these leaves added."""
        roots, size = list(self.roots), self.size
        for leaf in leaf_hashes:
            root, level = leaf, size
            while level & 1:
                root = node_hash(roots.pop(), root)
                level >>= 1
            roots.append(root)
            size += 1
        return Frontier(size, tuple(roots))

    def root(self) -> bytes:
        """Return the root hash of the tree; that of an empty tree is the hash of no bytes."""
        if not self.roots:
            return hashlib.sha256().digest()
        *larger, root = self.roots
        for left in reversed(larger):
            root = node_hash(left, root)
        return root

    def spans(self) -> list[range]:
        """Return the range of leaves under each of the roots."""
        spans, start = [], 0
        for bit in reversed(range(self.size.bit_length())):
            if self.size >> bit & 1:
                spans.append(range(start, start + (1 << bit)))
                start += 1 << bit
        return spans

    def to_bytes(self) -> bytes:
        """Return the roots joined, largest subtree first."""
        return b"".join(self.roots)

    @classmethod
    def from_bytes(cls, size: int, joined: bytes) -> Self:
        """Return the frontier of a tree of this size from its joined roots.

        :raises ValueError: if they are not exactly the hashes that the size requires
        """
        if len(joined) % HASH_BYTES:
            raise ValueError("The roots are not whole hashes")
        offsets = range(0, len(joined), HASH_BYTES)
        return cls(size, tuple(joined[offset : offset + HASH_BYTES] for offset in offsets))
