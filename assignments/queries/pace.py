"""How fast calls go: what is agreed, what the LMS bears, and what happened in the last minutes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.db.models import CharField, Count, Max
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from assignments.models import Account, Assignment, Attempt, Batch, RequestBudget
from assignments.queries.words import duration

TEN: Final = timedelta(seconds=10)
COLUMNS: Final = 30
# Looking for the first time at a very fast run shows half a minute of two thousand a second.
MOST_CALLS: Final = 60_000
# The start of a moment as text, up to its tens of seconds.
TENS: Final = len("2026-11-23 10:47:2")
HELD: Final = timedelta(seconds=2)
RECENT_COLUMNS: Final = 3


@dataclass(frozen=True, slots=True)
class Column:
    """The calls that ended in ten seconds."""

    at: datetime
    created: int
    calls: int

    @property
    def others(self) -> int:
        """How many of them made nothing: refused, put off, or without a clear answer."""
        return self.calls - self.created


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the calls for a running batch go, and how many batches share that."""

    agreed: float
    per_second: float
    slowed_until: datetime | None
    others: int
    columns: Sequence[Column]

    @property
    def limit(self) -> int:
        """How many calls are agreed in ten seconds."""
        return round(self.agreed * TEN.total_seconds())

    @property
    def recent(self) -> float:
        """How many calls ended in a second lately, by the columns that are complete."""
        last = self.columns[-RECENT_COLUMNS:]
        return sum(column.calls for column in last) / (len(last) * TEN.total_seconds() or 1)

    @property
    def has_calls(self) -> bool:
        """Whether any call ended in the time that is shown."""
        return any(column.calls for column in self.columns)

    @property
    def words(self) -> str:
        """What the columns show, in one sentence."""
        calls = sum(column.calls for column in self.columns)
        first = timezone.localtime(self.columns[0].at, ZoneInfo(settings.TIME_ZONE))
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
    pace = account.pace_per_minute or settings.STACKONE_REQUESTS_PER_MINUTE
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
    held = RequestBudget.objects.aggregate(until=Max("next_slot_at"))["until"]
    until = max(filter(None, (account.slowed_until, held)), default=now)
    return until if until > soon else None


def _columns(started_at: datetime, now: datetime) -> list[Column]:
    end = now.replace(microsecond=0) - timedelta(seconds=now.second % 10)
    begin = max(end - COLUMNS * TEN, started_at - TEN)
    moments = [end - number * TEN for number in range(COLUMNS, 0, -1)]
    # All of them are over, so whoever else looks sees the same. How the newest calls ended may
    # still be on its way to the database: those are counted once more when they are not the newest.
    keys = {at: f"calls/{at.timestamp()}/{at == end - TEN}" for at in moments if at >= begin}
    kept = cache.get_many(list(keys.values()))
    missing = [at for at, key in keys.items() if key not in kept]
    if missing:
        found = _counted(missing[0], end)
        fresh = {keys[at]: _column(at, found) for at in missing}
        cache.set_many(fresh, (COLUMNS * TEN).total_seconds())
        kept |= fresh
    return [kept[key] for key in keys.values()]


def _counted(begin: datetime, end: datetime) -> dict[str, Counter[str]]:
    newest = Attempt.objects.aggregate(pk=Max("pk"))["pk"] or 0
    recent = Attempt.objects.filter(pk__gt=newest - MOST_CALLS)
    recent = recent.filter(finished_at__gte=begin, finished_at__lt=end)
    tens = recent.annotate(ten=Substr(Cast("finished_at", CharField()), 1, TENS))
    found: dict[str, Counter[str]] = {}
    for ten, outcome, count in tens.values_list("ten", "outcome").annotate(n=Count("pk")):
        found.setdefault(ten, Counter())[outcome] += count
    return found


def _column(at: datetime, found: dict[str, Counter[str]]) -> Column:
    counts = found.get(f"{at:%Y-%m-%d %H:%M:%S}"[:TENS], Counter())
    return Column(at, counts[Assignment.State.CREATED], counts.total())
