"""The doctor's questions: is everything in place, and if not, what is there to do?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from assignments.models import Account, Worker
from assignments.services import broker
from assignments.services.connection import accounts, open_client
from assignments.stackone.errors import StackOneError

WORKER_IS_GONE: Final = timedelta(seconds=60)
CLOCK_SLACK: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question, and what to do if it is not well."""

    name: str
    is_well: bool
    sentence: str


def findings(*, now: datetime) -> Iterator[Finding]:
    """Yield one finding after the other; later ones need the earlier ones to be well."""
    yield Finding("configuration", True, _configuration())
    ready = _database()
    yield ready
    if not ready.is_well:
        return
    if settings.CELERY_BROKER_URL:
        yield _broker()
    for account in accounts():
        yield from _account(account, now)
    yield _worker(now)
    yield _sign_in()


def _configuration() -> str:
    host = urlsplit(settings.STACKONE_BASE_URL).netloc
    key = "the sandbox's key" if settings.IS_SANDBOX else "a key from the environment"
    return f"{host} with {key}, {settings.STACKONE_REQUESTS_PER_MINUTE:,} requests a minute"


def _database() -> Finding:
    try:
        executor = MigrationExecutor(database)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        return Finding("database", False, f"It cannot be reached: {error}. Check DATABASE_URL.")
    if missing:
        return Finding("database", False, "It is not up to date. Run: manage.py migrate")
    return Finding("database", True, f"{database.vendor}, up to date")


def _broker() -> Finding:
    try:
        address = broker.require_reachable()
    except broker.BrokerAway as problem:
        return Finding("broker", False, f"{problem} Check CELERY_BROKER_URL.")
    return Finding("broker", True, f"{address} answers")


def _account(account: Account, now: datetime) -> Iterator[Finding]:
    name = f"account {account.remote_id}"
    if account.paused_at is not None:
        yield Finding(name, False, account.paused_because)
    try:
        with open_client(account.remote_id, pace=lambda: None) as client:
            next(client.user_pages(), None)
            yield _clock(client.last_date, now)
    except StackOneError as error:
        yield Finding(name, False, f"{error.message} Check the key, the account and the network.")
    else:
        yield Finding(name, True, "answers and lists people")


def _clock(date_header: str, now: datetime) -> Finding:
    theirs = parsedate_to_datetime(date_header) if date_header else now
    if abs(theirs - now) > CLOCK_SLACK:
        return Finding("clock", False, f"It differs from the LMS's by {theirs - now}. Set it.")
    return Finding("clock", True, "agrees with the LMS's")


def _worker(now: datetime) -> Finding:
    if Worker.objects.filter(seen_at__gt=now - WORKER_IS_GONE).exists():
        return Finding("worker", True, "seen in the last minute")
    return Finding("worker", False, "None was seen in the last minute. Run: manage.py worker")


def _sign_in() -> Finding:
    if settings.DESK_DEMO:
        return Finding("sign-in", True, "demo personas (DESK_DEMO is set)")
    return Finding("sign-in", False, "Nobody can sign in. Set DESK_DEMO=1 to try the product.")
