"""Call rate of a running batch: configured and accepted limit, and calls of the last minutes."""

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
MIN_DELAY: Final = timedelta(seconds=2)
RECENT_COLUMNS: Final = 3


@dataclass(frozen=True, slots=True)
class CallRate:
    """Call rate of a running batch, and how many other batches share it.

    :ivar agreed: the configured limit in calls a second
    :ivar per_second: what the LMS accepts, at most `agreed`
    :ivar columns: calls of each ten seconds, the last five minutes at most
    """

    agreed: float
    per_second: float
    slowed_until: datetime | None
    others: int
    columns: Sequence[CallCount]

    @property
    def limit(self) -> int:
        """The configured limit in calls in ten seconds."""
        return round(self.agreed * INTERVAL.total_seconds())

    @property
    def recent(self) -> float:
        """Calls a second in the last thirty seconds."""
        last = self.columns[-RECENT_COLUMNS:]
        return sum(column.calls for column in last) / (len(last) * INTERVAL.total_seconds() or 1)

    @property
    def has_calls(self) -> bool:
        """Whether any call was completed in the period shown."""
        return any(column.calls for column in self.columns)

    @property
    def words(self) -> str:
        """The columns in one sentence, for screen readers."""
        calls = sum(column.calls for column in self.columns)
        first = timezone.localtime(self.columns[0].starts_at, ZoneInfo(settings.TIME_ZONE))
        about = round(calls / len(self.columns))
        return (
            f"About {about:,} calls in 10 seconds since {first:%H:%M}; {self.limit:,} are agreed."
        )

    @property
    def token(self) -> str:
        """A text that changes whenever the page must be updated."""
        moment = f"{self.slowed_until:%H%M%S}" if self.slowed_until else ""
        return f"{moment}.{self.per_second:.1f}.{self.others}"

    def duration_of(self, calls: int, *, now: datetime) -> str:
        """Return in words how long that many calls of the batch take."""
        waits = (self.slowed_until - now).total_seconds() if self.slowed_until else 0
        return duration(waits + calls * (self.others + 1) / self.per_second)


def calls_per_second(account: Account) -> float:
    """Return the calls a second that the API key allows and the account's LMS accepts."""
    per_minute = account.provider_rate_per_minute or settings.STACKONE_REQUESTS_PER_MINUTE
    return float(min(per_minute, settings.STACKONE_REQUESTS_PER_MINUTE)) / 60


def call_rate(batch: Batch, *, now: datetime) -> CallRate:
    """Return the call rate of a running batch."""
    running = Batch.objects.filter(account=batch.account_id, state=Batch.State.RUNNING)
    return CallRate(
        agreed=float(settings.STACKONE_REQUESTS_PER_MINUTE) / 60,
        per_second=calls_per_second(batch.account),
        slowed_until=_slowed_until(batch.account, now),
        others=running.exclude(pk=batch.pk).count(),
        columns=_columns(batch.started_at or now, now),
    )


def _slowed_until(account: Account, now: datetime) -> datetime | None:
    # The next slot is always at least the interval between two calls ahead.
    soon = now + max(MIN_DELAY, timedelta(seconds=2 / calls_per_second(account)))
    reserved_until = RateBudget.objects.aggregate(until=Max("next_slot_at"))["until"]
    until = max(filter(None, (account.slowed_until, reserved_until)), default=now)
    return until if until > soon else None


def _columns(started_at: datetime, now: datetime) -> list[CallCount]:
    end = interval_start(now)
    begin = max(end - COLUMNS * INTERVAL, started_at - INTERVAL)
    counts = CallCount.objects.filter(starts_at__gte=begin, starts_at__lt=end)
    by_start = {column.starts_at: column for column in counts}
    moments = (end - number * INTERVAL for number in range(COLUMNS, 0, -1))
    return [
        by_start.get(at) or CallCount(starts_at=at, calls=0, created=0)
        for at in moments
        if at >= begin
    ]
