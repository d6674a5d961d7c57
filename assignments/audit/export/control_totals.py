"""Control totals of an export: figures that show the recipient that no entry is missing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """First and last sequence number, sum of all of them, and entries per action and result."""

    first: int | None
    last: int | None
    seq_sum: int
    actions: dict[str, int]
    results: dict[str, int]


def compute_totals(groups: Iterable[list[tuple[int, str, str]]]) -> ControlTotals:
    """Compute the control totals of entries, passed in order as (seq, action, result)."""
    first, last, seq_sum = None, None, 0
    actions, results = Counter[str](), Counter[str]()
    for rows in groups:
        for seq, action, result in rows:
            first, last, seq_sum = seq if first is None else first, seq, seq_sum + seq
            actions[action] += 1
            results[result] += 1
    return ControlTotals(first, last, seq_sum, _sorted(actions), _sorted(results))


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
