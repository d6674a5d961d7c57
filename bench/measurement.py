"""A measured value compared with a baseline and the goal for their ratio."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row of the table; value and baseline are medians of runs that took turns.

    :ivar goal: the goal's number in docs/performance.md
    :ivar target: what `ratio` must reach, or must not exceed if `is_upper_bound`
    :ivar detail: the single measurements, for the JSON lines
    """

    goal: str
    description: str
    value: float
    baseline: float
    unit: str
    target: float
    is_upper_bound: bool = False
    detail: dict[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Return the value over the baseline."""
        return self.value / self.baseline if self.baseline else 0.0

    @property
    def is_met(self) -> bool:
        """Return whether the goal is reached."""
        if self.is_upper_bound:
            return self.ratio <= self.target
        return self.ratio >= self.target

    def table_row(self) -> str:
        """Return the row of the table; `HEAD` has the headings."""
        sign = "≤" if self.is_upper_bound else "≥"
        met = "yes" if self.is_met else "NO"
        return (
            f"{self.goal:>3}  {self.description:58}{self.value:>11,.4g}{self.baseline:>11,.4g} "
            f"{self.unit:12}{self.ratio:>8.3f}  {sign} {self.target:<6g} {met}"
        )


HEAD = f"{'':3}  {'':58}{'value':>11}{'baseline':>11} {'':12}{'ratio':>8}  goal     met"


def at_most(
    goal: str, description: str, value: float, limit: float, unit: str, detail: Any = None
) -> Comparison:
    """Compare a value with a limit that it must not exceed."""
    return Comparison(
        goal=goal,
        description=description,
        value=value,
        baseline=limit,
        unit=unit,
        target=1,
        is_upper_bound=True,
        detail=detail or {},
    )


def measure_interleaved[Measure](
    *functions: Callable[[], Measure], pairs: int
) -> tuple[Sequence[Measure], ...]:
    """Run all functions once, then once more, `pairs` times; return the results by function.

    Taking turns spreads disturbances by the rest of the machine over all of them.
    """
    rounds = [[function() for function in functions] for _ in range(pairs)]
    return tuple(zip(*rounds, strict=True))


def median(results: Sequence[dict[str, float]], name: str) -> float:
    """Return the median of one of the measured values."""
    return statistics.median(result[name] for result in results)
