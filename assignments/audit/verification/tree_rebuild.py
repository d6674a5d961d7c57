"""Rebuild the Merkle tree from the entries and compare it with every seal and stored row."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched

from assignments.audit.integrity.verdicts import Altered, Fault, SealMismatch, Verdict
from assignments.audit.merkle.tiles import WIDTH, tile_root
from assignments.audit.merkle.tree import HASH_BYTES, Frontier
from assignments.audit.seals.trusted_seals import TrustedSeal


class TreeRebuild:
    """A tree that is rebuilt from leaf hashes, added in order.

    Differences are kept, not raised, so that the most telling one can be reported at the end.

    :param seals: trusted seals, smallest first, to compare with
    :param rows: number and hashes of the stored rows of leaves, to compare with
    :param blocks: the tree over the roots of complete blocks, if the rebuild starts after these
    :ivar matched_size: size of the largest seal that matched
    :ivar first_mismatch: the first entry whose hash differs from the stored row
    """

    def __init__(
        self,
        seals: Iterable[TrustedSeal] = (),
        rows: Iterator[tuple[int, bytes]] | None = None,
        blocks: Frontier | None = None,
    ) -> None:
        self._blocks = blocks or Frontier()
        self._tail: list[bytes] = []
        self._roots: list[bytes] = []
        self._pending_seals = deque(seals)
        self._rows = rows or iter(())
        self._row = next(self._rows, None)
        self.matched_size = self._blocks.size * WIDTH
        self.seal_mismatch: SealMismatch | None = None
        self.first_mismatch: int | None = None

    @property
    def size(self) -> int:
        """The number of entries added so far, with those before the start."""
        return self._blocks.size * WIDTH + len(self._tail)

    def frontier(self) -> Frontier:
        """Return the frontier of the tree so far."""
        return Frontier(self.size, self._blocks.roots + Frontier().append(self._tail).roots)

    def add(self, leaves: Sequence[bytes]) -> None:
        """Add the hashes of the next entries."""
        start = 0
        self._compare_with_seals()
        while start < len(leaves):
            stop = self._stop_at_seal(start, len(leaves))
            self._add(leaves[start:stop])
            self._compare_with_seals()
            start = stop

    def finish(self) -> None:
        """Compare the last, incomplete block with the stored row."""
        self._compare_with_seals()
        if self._tail:
            self._compare_with_row(self._tail)

    def compare(self, recorded: Frontier) -> Altered | None:
        """Compare with the recorded tree of the same size; return the differing entry or span."""
        roots = zip(recorded.spans(), self.frontier().roots, recorded.roots, strict=True)
        for span, root, recorded_root in roots:
            if root != recorded_root:
                if self.first_mismatch is not None and self.first_mismatch in span:
                    return Altered(self.first_mismatch, Fault.BODY)
                return Altered(span.start, Fault.BODY, span.stop - 1 if len(span) > 1 else None)
        return None

    def upper_rows(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield level, number and hashes of each row above the leaves."""
        roots, level = self._roots, 1
        while roots:
            rows = [b"".join(hashes) for hashes in batched(roots, WIDTH)]
            yield from ((level, number, row) for number, row in enumerate(rows))
            roots = [tile_root(row) for row in rows if len(row) == WIDTH * HASH_BYTES]
            level += 1

    def _stop_at_seal(self, start: int, end: int) -> int:
        missing = self._pending_seals[0].size - self.size if self._pending_seals else end
        return min(end, start + max(missing, 1))

    def _add(self, leaves: Sequence[bytes]) -> None:
        self._tail += leaves
        end = len(self._tail) - len(self._tail) % WIDTH
        for at in range(0, end, WIDTH):
            block = self._tail[at : at + WIDTH]
            row = self._compare_with_row(block)
            self._roots.append(tile_root(row))
            self._blocks = self._blocks.append(self._roots[-1:])
        del self._tail[:end]

    def _compare_with_row(self, block: Sequence[bytes]) -> bytes:
        row, number = b"".join(block), self._blocks.size
        stored = self._next_stored_row(number)
        if (
            self.first_mismatch is None
            and stored is not None
            and row[: len(stored)] != stored[: len(row)]
        ):
            at = next(n for n, leaf in enumerate(block) if leaf != _hash_at(stored, n))
            self.first_mismatch = number * WIDTH + at
        return row

    def _next_stored_row(self, number: int) -> bytes | None:
        if self._row is None:
            return None
        # A missing row before existing ones counts as different from its first hash on.
        row = self._row[1] if self._row[0] == number else bytes(HASH_BYTES)
        if self._row[0] <= number:
            self._row = next(self._rows, None)
        return row

    def _compare_with_seals(self) -> None:
        while self._pending_seals and self._pending_seals[0].size <= self.size:
            seal = self._pending_seals.popleft()
            if seal.size < self.size:
                continue
            if self.seal_mismatch is None and self.frontier().root() != seal.root:
                self.seal_mismatch = SealMismatch(seal.number, self.matched_size, seal.size)
            elif self.seal_mismatch is None:
                self.matched_size = seal.size

    def narrowed_mismatch(self) -> Verdict | None:
        """Return the first seal that does not match, narrowed to one entry if a row shows it."""
        mismatch, at = self.seal_mismatch, self.first_mismatch
        if mismatch and at is not None and mismatch.start <= at < mismatch.stop:
            return SealMismatch(mismatch.seal, at, at + 1)
        return mismatch


def _hash_at(row: bytes, number: int) -> bytes:
    return row[number * HASH_BYTES : (number + 1) * HASH_BYTES]
