"""Parts of `bench.child` about people: search as a page does, select everybody, sync."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

SEED: Final = 4
WORDS_PER_LENGTH: Final = 12
LENGTHS: Final = range(1, 7)
MISSES: Final = 12
PAGE_SIZE: Final = 25
PERCENTILE: Final = 0.95


def search() -> dict[str, float]:
    """Request the pages with prefixes, parts of words and misses, twice each: cold, then warm."""
    client, draft = manager()
    words = _words()
    measures: dict[str, float] = {}
    pages = {"picker": (f"/assign/{draft.pk}/", {"HX-Request": "true"}), "people": ("/people/", {})}
    for name, (path, headers) in pages.items():
        for state in ("cold", "warm"):
            times = [
                timed(partial(client.get, path, {"q": word}, headers=headers)) for word in words
            ]
            measures |= {f"{name}_{state}_{key}": value for key, value in spread(times).items()}
    return measures


def page_cost() -> dict[str, float]:
    """Return how many SQL statements and bytes the pages with people take."""
    client, draft = manager()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    measures: dict[str, float] = {}
    for name, path in (("picker", f"/assign/{draft.pk}/"), ("people", "/people/")):
        with CaptureQueriesContext(connection) as captured:
            response = client.get(path)
        measures |= {f"{name}_statements": len(captured), f"{name}_bytes": len(response.content)}
    return measures


def query() -> dict[str, float]:
    """Query the first page for three letters or more, with the indexes and with icontains."""
    from assignments.models import Account, Learner
    from assignments.queries import directory

    account = Account.objects.get(remote_id="sandbox").pk
    words = [word for word in _words() if len(word) > 2]

    def indexed(word: str) -> object:
        return list(directory.people(account_pk=account, words=word)[:PAGE_SIZE])

    def plain(word: str) -> object:
        everybody = Learner.objects.filter(account=account, is_active=True)
        return list(
            everybody.filter(search_text__icontains=word).order_by("name", "pk")[:PAGE_SIZE]
        )

    measures: dict[str, float] = {}
    for name, function in (("indexed", indexed), ("icontains", plain)):
        times = [timed(partial(function, word)) for word in words]
        measures |= {f"{name}_{key}": value for key, value in spread(times).items()}
    return measures


def select() -> dict[str, float]:
    """Select everybody of the account in a draft, with the request of the page's button."""
    client, draft = manager()
    times = []
    for _ in range(3):
        times.append(timed(lambda: client.post(f"/assign/{draft.pk}/pick-all", headers=HTMX)))
        selected = draft.picked_learners.count()
        client.post(f"/assign/{draft.pk}/clear", headers=HTMX)
    return {"ms": statistics.median(wall for wall, _ in times), "selected": selected}


def fetch(account_id: str) -> dict[str, float]:
    """Fetch every page of people and store nothing."""
    from assignments.services.calls import connections

    with connections.open_client(account_id, before_request=lambda: None) as client:
        client.accounts()
        return _rate(lambda: sum(len(page.items) for page in client.user_pages()))


def sync(account_id: str) -> dict[str, float]:
    """Sync all people of an account, new or unchanged."""
    from django.utils import timezone

    from assignments.audit.entries.actors import SYSTEM
    from assignments.models import SyncRun
    from assignments.services.calls import call_process, connections
    from assignments.services.syncing import sync_request, sync_run

    # A worker does this when it starts.
    call_process.start_forkserver()
    time.sleep(1.5)
    account = connections.configured_accounts()[0]
    SyncRun.objects.filter(account=account).delete()
    run = sync_request.request_sync(account=account, by=SYSTEM, now=timezone.now())
    assert account.remote_id == account_id
    ended: list[float] = []

    def progress(so_far: SyncRun) -> None:
        if so_far.stage != "learners" and not ended:
            ended.append(time.perf_counter())

    began = time.perf_counter()
    sync_run.run_sync(
        run=run, by=SYSTEM, clock=timezone.now, may_go_on=lambda: not ended, progress=progress
    )
    run.refresh_from_db()
    return {
        "per_second": run.learners / (ended[0] - began),
        "rows": run.learners,
        "written": run.changed,
    }


def update_or_create(account_id: str, count: str) -> dict[str, float]:
    """Store people the common way: `update_or_create` for each, in a transaction per page."""
    from django.db import transaction

    from assignments.models import Account, Learner
    from assignments.services.calls import connections

    account, _ = Account.objects.get_or_create(remote_id=account_id)

    def work() -> int:
        done = 0
        with connections.open_client(account_id, before_request=lambda: None) as client:
            for page in client.user_pages():
                with transaction.atomic():
                    for user in page.items:
                        Learner.objects.update_or_create(
                            account=account, remote_id=user.id, defaults=_values(user)
                        )
                done += len(page.items)
                if done >= int(count):
                    break
        return done

    return _rate(work)


def _values(user: Any) -> dict[str, object]:
    return {
        "external_reference": user.external_reference or "",
        "name": user.name or "",
        "email": user.email or "",
        "is_active": user.is_active is not False,
        "custom_fields": user.custom_fields,
        "search_text": f"{user.name} {user.email} {user.external_reference} {user.id}".lower(),
        "last_seen_sync": 1,
    }


def signed_in(email: str) -> tuple[Any, Any]:
    """Return a test client that is signed in as a demo user, and the user."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    user = get_user_model().objects.get(email=email)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client, user


def manager() -> tuple[Any, Any]:
    """Return a test client that is signed in as a manager, and an empty draft."""
    from bench.demo_draft import new_draft

    client, _ = signed_in("manager@example.com")
    draft, _ = new_draft()
    # The first requests of a process compile templates and open the database.
    client.get(f"/assign/{draft.pk}/")
    client.get("/people/")
    return client, draft


def _words() -> list[str]:
    """Return prefixes and parts of people's search texts, of one to six letters, and misses."""
    from assignments.models import Learner

    rng = random.Random(SEED)
    texts = list(Learner.objects.order_by("pk").values_list("search_text", flat=True)[:20_000:37])
    words = [word for text in texts for word in text.split()]
    hits = [*_prefixes(rng, words), *_parts(rng, words)]
    misses = [rng.choice("jqxz") * 2 + rng.choice(words)[:4] for _ in range(MISSES)]
    rng.shuffle(hits)
    return hits + misses


def _prefixes(rng: random.Random, words: list[str]) -> Iterator[str]:
    for length in LENGTHS:
        for _ in range(WORDS_PER_LENGTH):
            yield rng.choice(words)[:length]


def _parts(rng: random.Random, words: list[str]) -> Iterator[str]:
    for length in LENGTHS:
        long = [word for word in words if len(word) > length]
        for _ in range(WORDS_PER_LENGTH):
            word = rng.choice(long)
            at = rng.randrange(len(word) - length)
            yield word[at : at + length]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the elapsed milliseconds and this process's CPU milliseconds."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return 1_000 * (time.perf_counter() - began), 1_000 * (time.process_time() - used)


def spread(times: Iterable[tuple[float, float]]) -> dict[str, float]:
    walls, cpus = (sorted(column) for column in zip(*times, strict=True))
    at = int(PERCENTILE * (len(walls) - 1))
    return {
        "p50": statistics.median(walls),
        "p95": walls[at],
        "max": walls[-1],
        "p95_cpu": cpus[at],
        "count": len(walls),
    }


def _rate(work: Callable[[], int]) -> dict[str, float]:
    began = time.perf_counter()
    rows = work()
    return {"per_second": rows / (time.perf_counter() - began), "rows": rows}


HTMX: Final = {"HX-Request": "true"}
