"""What a benchmark found: two measures of one run, their ratio, and the goal it is held against."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table; `ours` and `other` are medians of `pairs` taken in turns.

    :ivar goal: its number, as docs/performance.md lists them
    :ivar wanted: what the ratio must reach; at most that, if `is_most`
    :ivar detail: the single measures, for the JSON lines
    """

    goal: str
    what: str
    ours: float
    other: float
    unit: str
    wanted: float
    is_most: bool = False
    detail: dict[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Return ours over the other."""
        return self.ours / self.other if self.other else 0.0

    @property
    def is_met(self) -> bool:
        """Tell whether the goal is reached."""
        return self.ratio <= self.wanted if self.is_most else self.ratio >= self.wanted

    def line(self) -> str:
        """Return the line of the table."""
        sign = "≤" if self.is_most else "≥"
        verdict = "yes" if self.is_met else "NO"
        return (
            f"{self.goal:>3}  {self.what:58}{self.ours:>11,.4g}{self.other:>11,.4g} {self.unit:12}"
            f"{self.ratio:>8.3f}  {sign} {self.wanted:<6g} {verdict}"
        )


def at_most(
    goal: str, what: str, ours: float, most: float, unit: str, detail: Any = None
) -> Finding:
    """Return what was found where a number is the goal, and no ratio."""
    return Finding(
        goal=goal,
        what=what,
        ours=ours,
        other=most,
        unit=unit,
        wanted=1,
        is_most=True,
        detail=detail or {},
    )


HEAD = f"{'':3}  {'':58}{'ours':>11}{'other':>11} {'':12}{'ratio':>8}  goal     met"


def in_turns[Measure](*ways: Callable[[], Measure], pairs: int) -> tuple[Sequence[Measure], ...]:
    """Measure each way once, then each once more: what the machine does meanwhile hits all."""
    rounds = [[way() for way in ways] for _ in range(pairs)]
    return tuple(zip(*rounds, strict=True))


def median(measures: Sequence[dict[str, float]], name: str) -> float:
    """Return the median of one of the values measured."""
    return statistics.median(measure[name] for measure in measures)
