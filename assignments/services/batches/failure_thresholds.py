"""When a run has shown that it works, and when it fails too often to go on; knows no tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

WINDOW: Final = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows go first, how many failures in a row and what share of them is too much."""

    canary: int
    in_a_row: int
    percent: int

    @property
    def outcomes(self) -> int:
        """How many of the newest outcomes are needed to judge a run."""
        return max(WINDOW, self.canary, self.in_a_row)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why a run should pause: which of its newest outcomes show it, and how."""

    outcomes: int
    failures: int
    where: str

    def __str__(self) -> str:
        return f"{self.failures:,} failure{'' if self.failures == 1 else 's'} {self.where}"


def alarm(failures: Sequence[bool], limits: Limits, *, has_passed_canary: bool) -> Alarm | None:
    """Return why a run with these outcomes should pause, or None if it may go on.

    :param failures: its newest outcomes, the newest first; true for what was refused
    :param has_passed_canary: whether something was created already, or no canary goes first
    """
    seen = len(failures)
    if not has_passed_canary and seen >= limits.canary and all(failures):
        return Alarm(seen, seen, "and nothing created")
    streak = sum(1 for _ in takewhile(bool, failures))
    if streak >= limits.in_a_row:
        return Alarm(streak, streak, "in a row")
    recent = failures[:WINDOW]
    failed = sum(recent)
    if failed * 100 > limits.percent * WINDOW:
        return Alarm(len(recent), failed, f"in its last {len(recent):,} rows")
    return None
