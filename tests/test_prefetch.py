"""Fetching pages ahead: in order, in groups, never more than is allowed, and no end is lost."""

import time

import pytest

from assignments.services.calls import connections
from assignments.services.syncing.prefetch import PagesAhead
from assignments.stackone.errors import OutcomeUnknown, StackOneError
from assignments.stackone.page_process import Walk
from tests.sandbox_process import outlives_owner, running_sandbox

pytestmark = pytest.mark.django_db

PEOPLE = Walk("user_pages", None, None)
# And some who are inactive: thirteen pages.
LEARNERS = 1_250


@pytest.fixture(scope="module")
def many():
    """Return a sandbox with many pages of people."""
    with running_sandbox(learners=LEARNERS, content=40, requests_per_minute=0) as sandbox:
        yield sandbox


@pytest.fixture
def lms(many, settings):
    """Return that sandbox as the product's, with no faults."""
    many.reset()
    many.set_faults()
    settings.STACKONE_BASE_URL = many.base_url
    settings.STACKONE_REQUESTS_PER_MINUTE = 60_000
    return many


@pytest.fixture
def pages(lms, moving_clock):
    """Return pages that are fetched ahead."""
    with PagesAhead(connections.options("sandbox"), moving_clock) as made:
        yield made


def ids(groups):
    """Return the ids of everybody on the pages."""
    return [user.id for group in groups for page in group for user in page.items]


def everybody():
    """Return the ids of everybody, read one page after the other."""
    with connections.open_client("sandbox", pace=lambda: None) as client:
        return [user.id for page in client.user_pages() for user in page.items]


def asked(lms):
    """Return how many pages of people were asked for."""
    return sum(lms.stats()["requests"].get("GET /unified/lms/users", {}).values())


def test_every_page_comes_once_and_in_order(pages, lms):
    groups = list(pages.groups(PEOPLE))

    assert asked(lms) == 13
    assert max(map(len, groups)) <= 24
    assert ids(groups) == everybody()


def test_one_walk_follows_another(pages):
    assert ids(pages.groups(PEOPLE)) == everybody()

    items = [page for group in pages.groups(Walk("content_pages", None, None)) for page in group]

    assert sum(len(page.items) for page in items) == 40


def test_a_walk_goes_on_from_a_cursor(pages):
    (first, *_), *_ = pages.groups(PEOPLE)

    rest = ids(pages.groups(PEOPLE._replace(cursor=first.next)))

    assert [*(user.id for user in first.items), *rest] == everybody()


def test_no_more_is_fetched_ahead_than_is_allowed(lms, moving_clock, settings):
    # Half a second of the budget.
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    with PagesAhead(connections.options("sandbox"), moving_clock) as pages:
        groups = pages.groups(PEOPLE)
        next(groups)
        time.sleep(1)

        assert asked(lms) <= 5


def test_what_goes_wrong_is_raised_after_the_pages_before_it(lms, moving_clock, settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    with PagesAhead(connections.options("sandbox"), moving_clock) as pages:
        groups = pages.groups(PEOPLE)
        found = ids([next(groups)])
        lms.set_faults({"get-500": 1.0})

        def take():
            for group in groups:
                found.extend(ids([group]))

        with pytest.raises(StackOneError):
            take()

    assert 0 < len(found) < LEARNERS
    lms.set_faults()
    assert found == everybody()[: len(found)]


def test_who_stops_storing_stops_the_fetching(lms, moving_clock):
    process = None

    def stumble():
        nonlocal process
        with PagesAhead(connections.options("sandbox"), moving_clock) as pages:
            process = pages.process
            next(pages.groups(PEOPLE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    assert process is not None
    assert not process.is_alive()


def test_a_process_that_dies_is_said(pages):
    groups = pages.groups(PEOPLE)
    next(groups)
    pages.process.kill()

    with pytest.raises(OutcomeUnknown, match="the next sync goes on from here"):
        list(pages.groups(PEOPLE))


def test_it_ends_with_its_owner_and_asks_for_nothing_more(lms):
    owner = f"""
import multiprocessing
import time
from assignments.stackone import page_process

if __name__ == "__main__":
    end, theirs = multiprocessing.Pipe()
    options = {{"base_url": {lms.base_url!r}, "api_key": "sandbox", "account_id": "sandbox"}}
    way = multiprocessing.get_context("forkserver")
    process = way.Process(target=page_process.serve, args=(theirs, options))
    process.start()
    theirs.close()
    end.send(page_process.Walk("user_pages", None, None))
    for _ in range(9):
        end.send(time.monotonic() + 2)
    print(process.pid, flush=True)
    time.sleep(60)
"""
    assert not outlives_owner(owner)
    assert asked(lms) == 0
