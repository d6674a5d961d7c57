"""The directory's parts of `bench.child`: searching as a page does, picking all, and syncing."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

import django

SEED: Final = 4
EACH_LENGTH: Final = 12
LENGTHS: Final = range(1, 7)
MISSES: Final = 12
SHOWN: Final = 25
SHARE: Final = 0.95


def search() -> dict[str, float]:
    """Ask the pages for typed beginnings, parts and misses, each twice: cold, then warm."""
    client, draft = _manager()
    asked = _words()
    found: dict[str, float] = {}
    pages = {"picker": (f"/assign/{draft.pk}/", {"HX-Request": "true"}), "people": ("/people/", {})}
    for name, (path, headers) in pages.items():
        for state in ("cold", "warm"):
            times = [timed(partial(client.get, path, {"q": q}, headers=headers)) for q in asked]
            found |= {f"{name}_{state}_{what}": value for what, value in spread(times).items()}
    return found


def weigh() -> dict[str, float]:
    """Count the statements and bytes of the pages that show people."""
    client, draft = _manager()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found: dict[str, float] = {}
    for name, path in (("picker", f"/assign/{draft.pk}/"), ("people", "/people/")):
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        found |= {f"{name}_statements": len(asked), f"{name}_bytes": len(answer.content)}
    return found


def query() -> dict[str, float]:
    """Find the first page for three letters or more, by our indexes and by icontains."""
    django.setup()
    from assignments.models import Account, Learner
    from assignments.queries import directory

    account = Account.objects.get(remote_id="sandbox").pk
    asked = [word for word in _words() if len(word) > 2]

    def ours(word: str) -> object:
        return list(directory.people(account_pk=account, words=word)[:SHOWN])

    def plain(word: str) -> object:
        everybody = Learner.objects.filter(account=account, is_active=True)
        return list(everybody.filter(search_text__icontains=word).order_by("name", "pk")[:SHOWN])

    found: dict[str, float] = {}
    for name, way in (("ours", ours), ("icontains", plain)):
        times = [timed(partial(way, word)) for word in asked]
        found |= {f"{name}_{what}": value for what, value in spread(times).items()}
    return found


def select() -> dict[str, float]:
    """Pick everybody of the account in a draft, over the page's own button."""
    client, draft = _manager()
    times = []
    for _ in range(3):
        times.append(timed(lambda: client.post(f"/assign/{draft.pk}/pick-all", headers=HTMX)))
        picked = draft.picked_learners.count()
        client.post(f"/assign/{draft.pk}/clear", headers=HTMX)
    return {"ms": statistics.median(wall for wall, _ in times), "picked": picked}


def drain(account_id: str) -> dict[str, float]:
    """Fetch every page of people and keep nothing."""
    django.setup()
    from assignments.services.calls import connections

    with connections.open_client(account_id, before_request=lambda: None) as client:
        client.accounts()
        return _rate(lambda: sum(len(page.items) for page in client.user_pages()))


def sync(account_id: str) -> dict[str, float]:
    """Walk through all people of an account as a sync does, whether they are here or not."""
    django.setup()
    from django.utils import timezone

    from assignments.audit.entries.actors import SYSTEM
    from assignments.models import SyncRun
    from assignments.services.calls import call_process, connections
    from assignments.services.syncing import sync_run

    # As a worker does when it starts.
    call_process.start_forkserver()
    time.sleep(1.5)
    account = connections.configured_accounts()[0]
    SyncRun.objects.filter(account=account).delete()
    run = sync_run.request_sync(account=account, by=SYSTEM, now=timezone.now())
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


def update_or_create(account_id: str, most: str) -> dict[str, float]:
    """Store the people as many would: one after the other, a transaction for each page."""
    django.setup()
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
                if done >= int(most):
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
    """Return the browser of somebody of the demo, and who that is."""
    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client

    user = get_user_model().objects.get(email=email)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client, user


def _manager() -> tuple[Any, Any]:
    """Return the browser of a manager, and an empty draft."""
    client, owner = signed_in("manager@example.com")
    from django.utils import timezone

    from assignments.services.calls import connections
    from assignments.services.picking import drafts

    account, now = connections.configured_accounts()[0], timezone.now()
    draft = drafts.create(account=account, owner_pk=owner.pk, now=now)
    # What a process does once in its life: compiling templates, opening the database.
    client.get(f"/assign/{draft.pk}/")
    client.get("/people/")
    return client, draft


def _words() -> list[str]:
    """Return beginnings and parts of what is known of people, of one to six letters, and misses."""
    from assignments.models import Learner

    chance = random.Random(SEED)
    texts = list(Learner.objects.order_by("pk").values_list("search_text", flat=True)[:20_000:37])
    words = [word for text in texts for word in text.split()]
    found = [*_beginnings(chance, words), *_parts(chance, words)]
    misses = [chance.choice("jqxz") * 2 + chance.choice(words)[:4] for _ in range(MISSES)]
    chance.shuffle(found)
    return found + misses


def _beginnings(chance: random.Random, words: list[str]) -> Iterator[str]:
    for length in LENGTHS:
        for _ in range(EACH_LENGTH):
            yield chance.choice(words)[:length]


def _parts(chance: random.Random, words: list[str]) -> Iterator[str]:
    for length in LENGTHS:
        long = [word for word in words if len(word) > length]
        for _ in range(EACH_LENGTH):
            word = chance.choice(long)
            at = chance.randrange(len(word) - length)
            yield word[at : at + length]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the milliseconds that passed, and those of this process's CPU."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return 1_000 * (time.perf_counter() - began), 1_000 * (time.process_time() - used)


def spread(times: Iterable[tuple[float, float]]) -> dict[str, float]:
    walls, cpus = (sorted(column) for column in zip(*times, strict=True))
    at = int(SHARE * (len(walls) - 1))
    return {
        "p50": statistics.median(walls),
        "p95": walls[at],
        "most": walls[-1],
        "p95_cpu": cpus[at],
        "count": len(walls),
    }


def _rate(work: Callable[[], int]) -> dict[str, float]:
    began = time.perf_counter()
    rows = work()
    return {"per_second": rows / (time.perf_counter() - began), "rows": rows}


HTMX: Final = {"HX-Request": "true"}
