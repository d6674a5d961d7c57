"""The tree over all entries, built again in blocks and held against every seal on the way."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched

from assignments.audit.integrity.verdicts import Altered, Fault, SealMismatch, Verdict
from assignments.audit.merkle.tiles import WIDTH, tile_root
from assignments.audit.merkle.tree import HASH_BYTES, Frontier
from assignments.audit.seals.trusted_seals import TrustedSeal


class Rebuilt:
    """Takes the hashes of entries in order; `blocks` is the tree over whole blocks before them."""

    def __init__(
        self,
        seals: Iterable[TrustedSeal] = (),
        rows: Iterator[tuple[int, bytes]] | None = None,
        blocks: Frontier | None = None,
    ) -> None:
        self._blocks = blocks or Frontier()
        self._tail: list[bytes] = []
        self._roots: list[bytes] = []
        self._awaited = deque(seals)
        self._rows = rows or iter(())
        self._row = next(self._rows, None)
        self.matched = self._blocks.size * WIDTH
        self.mismatch: SealMismatch | None = None
        self.other_row: int | None = None

    @property
    def size(self) -> int:
        """Return how many entries there are so far."""
        return self._blocks.size * WIDTH + len(self._tail)

    def frontier(self) -> Frontier:
        """Return the frontier of the tree so far."""
        return Frontier(self.size, self._blocks.roots + Frontier().append(self._tail).roots)

    def take(self, leaves: Sequence[bytes]) -> None:
        """Add the hashes of the next entries."""
        start = 0
        self._hold_against_seals()
        while start < len(leaves):
            stop = self._until_a_seal(start, len(leaves))
            self._add(leaves[start:stop])
            self._hold_against_seals()
            start = stop

    def finish(self) -> None:
        """Hold the last, unfinished block and the rows above against the kept rows."""
        self._hold_against_seals()
        if self._tail:
            self._hold_against_row(self._tail)

    def against(self, recorded: Frontier) -> Altered | None:
        """Compare with the recorded tree of the same size and name the entry, or where it is."""
        ours = self.frontier().roots
        for span, mine, theirs in zip(recorded.spans(), ours, recorded.roots, strict=True):
            if mine != theirs:
                if self.other_row is not None and self.other_row in span:
                    return Altered(self.other_row, Fault.BODY)
                return Altered(span.start, Fault.BODY, span.stop - 1 if len(span) > 1 else None)
        return None

    def rows_above(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield level, number and hashes of each row that stands above the entries."""
        roots, level = self._roots, 1
        while roots:
            rows = [b"".join(some) for some in batched(roots, WIDTH, strict=False)]
            yield from ((level, number, row) for number, row in enumerate(rows))
            roots = [tile_root(row) for row in rows if len(row) == WIDTH * HASH_BYTES]
            level += 1

    def _until_a_seal(self, start: int, end: int) -> int:
        wanted = self._awaited[0].size - self.size if self._awaited else end
        return min(end, start + max(wanted, 1))

    def _add(self, leaves: Sequence[bytes]) -> None:
        self._tail += leaves
        whole = len(self._tail) - len(self._tail) % WIDTH
        for at in range(0, whole, WIDTH):
            block = self._tail[at : at + WIDTH]
            row = self._hold_against_row(block)
            self._roots.append(tile_root(row))
            self._blocks = self._blocks.append(self._roots[-1:])
        del self._tail[:whole]

    def _hold_against_row(self, block: Sequence[bytes]) -> bytes:
        row, number = b"".join(block), self._blocks.size
        kept = self._kept(number)
        if self.other_row is None and kept is not None and row[: len(kept)] != kept[: len(row)]:
            at = next(n for n, leaf in enumerate(block) if leaf != _part(kept, n))
            self.other_row = number * WIDTH + at
        return row

    def _kept(self, number: int) -> bytes | None:
        if self._row is None:
            return None
        # One that is left out although later ones are there differs in its first hash.
        found = self._row[1] if self._row[0] == number else bytes(HASH_BYTES)
        if self._row[0] <= number:
            self._row = next(self._rows, None)
        return found

    def _hold_against_seals(self) -> None:
        while self._awaited and self._awaited[0].size <= self.size:
            seal = self._awaited.popleft()
            if seal.size < self.size:
                continue
            if self.mismatch is None and self.frontier().root() != seal.root:
                self.mismatch = SealMismatch(seal.number, self.matched, seal.size)
            elif self.mismatch is None:
                self.matched = seal.size

    def named_mismatch(self) -> Verdict | None:
        """Return the first seal that does not match, narrowed down as far as the rows tell."""
        found, at = self.mismatch, self.other_row
        if found and at is not None and found.start <= at < found.stop:
            return SealMismatch(found.seal, at, at + 1)
        return found


def _part(row: bytes, number: int) -> bytes:
    return row[number * HASH_BYTES : (number + 1) * HASH_BYTES]
