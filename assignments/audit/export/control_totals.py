"""Control totals: figures by which whoever has the entries sees that none is missing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Totals:
    """The first and the last number, the sum of all, and how many entries have each word."""

    first: int | None
    last: int | None
    sum: int
    actions: dict[str, int]
    results: dict[str, int]


def totals(groups: Iterable[list[tuple[int, str, str]]]) -> Totals:
    """Return the totals of entries of which number, action and result are told, in order."""
    first, last, total = None, None, 0
    actions, results = Counter[str](), Counter[str]()
    for rows in groups:
        for seq, action, result in rows:
            first, last, total = seq if first is None else first, seq, total + seq
            actions[action] += 1
            results[result] += 1
    return Totals(first, last, total, _sorted(actions), _sorted(results))


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
