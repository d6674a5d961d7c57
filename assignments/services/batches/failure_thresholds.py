"""When a batch has shown that sending works, and when it fails too often to continue; no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

WINDOW: Final = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows that are sent first, failures in a row, and failures in percent of the window."""

    canary: int
    in_a_row: int
    percent: int

    @property
    def outcomes(self) -> int:
        """How many of the newest outcomes are needed to judge a batch."""
        return max(WINDOW, self.canary, self.in_a_row)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why a batch should pause: how many of its newest outcomes show it, and how many failed."""

    outcomes: int
    failures: int
    where: str

    def __str__(self) -> str:
        return f"{self.failures:,} failure{'' if self.failures == 1 else 's'} {self.where}"


def alarm(failures: Sequence[bool], limits: Limits, *, has_passed_canary: bool) -> Alarm | None:
    """Return why a batch with these outcomes should pause, or None if it may continue.

    :param failures: its newest outcomes, the newest first; true for rejected rows
    :param has_passed_canary: whether a row was created already, or no canary is sent
    """
    count = len(failures)
    if not has_passed_canary and count >= limits.canary and all(failures):
        return Alarm(count, count, "and nothing created")
    streak = sum(1 for _ in takewhile(bool, failures))
    if streak >= limits.in_a_row:
        return Alarm(streak, streak, "in a row")
    recent = failures[:WINDOW]
    failed = sum(recent)
    if failed * 100 > limits.percent * WINDOW:
        return Alarm(len(recent), failed, f"in its last {len(recent):,} rows")
    return None
