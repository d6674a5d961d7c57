"""How fast calls go: what is agreed, what the LMS bears, and what happened in the last minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from assignments.models import Account, Batch, CallCount, RateBudget
from assignments.models.calls import INTERVAL, interval_start
from assignments.queries.formatting import duration

COLUMNS: Final = 30
HELD: Final = timedelta(seconds=2)
RECENT_COLUMNS: Final = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the calls for a running batch go, and how many batches share that."""

    agreed: float
    per_second: float
    slowed_until: datetime | None
    others: int
    columns: Sequence[CallCount]

    @property
    def limit(self) -> int:
        """How many calls are agreed in ten seconds."""
        return round(self.agreed * INTERVAL.total_seconds())

    @property
    def recent(self) -> float:
        """How many calls ended in a second lately, by the columns that are complete."""
        last = self.columns[-RECENT_COLUMNS:]
        return sum(column.calls for column in last) / (len(last) * INTERVAL.total_seconds() or 1)

    @property
    def has_calls(self) -> bool:
        """Whether any call ended in the time that is shown."""
        return any(column.calls for column in self.columns)

    @property
    def words(self) -> str:
        """What the columns show, in one sentence."""
        calls = sum(column.calls for column in self.columns)
        first = timezone.localtime(self.columns[0].starts_at, ZoneInfo(settings.TIME_ZONE))
        about = round(calls / len(self.columns))
        return (
            f"About {about:,} calls in 10 seconds since {first:%H:%M}; {self.limit:,} are agreed."
        )

    @property
    def token(self) -> str:
        """A word that differs whenever the page must say something else about the pace."""
        moment = f"{self.slowed_until:%H%M%S}" if self.slowed_until else ""
        return f"{moment}.{self.per_second:.1f}.{self.others}"

    def time_for(self, calls: int, *, now: datetime) -> str:
        """Return how long so many calls of one batch take, in words."""
        waits = (self.slowed_until - now).total_seconds() if self.slowed_until else 0
        return duration(waits + calls * (self.others + 1) / self.per_second)


def calls_per_second(account: Account) -> float:
    """Return how many calls a second the key allows and the account's LMS bears."""
    pace = account.provider_rate_per_minute or settings.STACKONE_REQUESTS_PER_MINUTE
    return float(min(pace, settings.STACKONE_REQUESTS_PER_MINUTE)) / 60


def pace(batch: Batch, *, now: datetime) -> Pace:
    """Return how fast a batch goes on."""
    running = Batch.objects.filter(account=batch.account_id, state=Batch.State.RUNNING)
    return Pace(
        agreed=float(settings.STACKONE_REQUESTS_PER_MINUTE) / 60,
        per_second=calls_per_second(batch.account),
        slowed_until=_slowed_until(batch.account, now),
        others=running.exclude(pk=batch.pk).count(),
        columns=_columns(batch.started_at or now, now),
    )


def _slowed_until(account: Account, now: datetime) -> datetime | None:
    # The next slot is always a little ahead: a call's own distance at least.
    soon = now + max(HELD, timedelta(seconds=2 / calls_per_second(account)))
    held = RateBudget.objects.aggregate(until=Max("next_slot_at"))["until"]
    until = max(filter(None, (account.slowed_until, held)), default=now)
    return until if until > soon else None


def _columns(started_at: datetime, now: datetime) -> list[CallCount]:
    end = interval_start(now)
    begin = max(end - COLUMNS * INTERVAL, started_at - INTERVAL)
    counts = CallCount.objects.filter(starts_at__gte=begin, starts_at__lt=end)
    by_start = {column.starts_at: column for column in counts}
    moments = (end - number * INTERVAL for number in range(COLUMNS, 0, -1))
    none = {"calls": 0, "created": 0}
    return [by_start.get(at) or CallCount(starts_at=at, **none) for at in moments if at >= begin]
