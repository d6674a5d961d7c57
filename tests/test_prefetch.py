"""Prefetching pages: their order and groups, the limit, errors and the end of the process."""

import time

import pytest

from assignments.services.calls import connections
from assignments.services.syncing.prefetch import PagePrefetcher
from assignments.stackone.errors import OutcomeUnknown, StackOneError
from assignments.stackone.page_process import ListRequest
from tests.sandbox_process import outlives_parent, running_sandbox

pytestmark = pytest.mark.django_db

PEOPLE = ListRequest("user_pages", None, None)
# With the inactive ones, thirteen pages.
LEARNERS = 1_250


@pytest.fixture(scope="module")
def large_sandbox():
    """Run a sandbox with many pages of people."""
    with running_sandbox(learners=LEARNERS, content=40, requests_per_minute=0) as sandbox:
        yield sandbox


@pytest.fixture
def lms(large_sandbox, settings):
    """Return that sandbox without faults, with the settings that use it."""
    large_sandbox.reset()
    large_sandbox.set_faults()
    settings.STACKONE_BASE_URL = large_sandbox.base_url
    settings.STACKONE_REQUESTS_PER_MINUTE = 60_000
    return large_sandbox


@pytest.fixture
def prefetcher(lms, moving_clock):
    """Return a running prefetcher."""
    with PagePrefetcher(connections.client_options("sandbox"), moving_clock) as running:
        yield running


def ids(groups):
    """Return the ids of the people on the pages."""
    return [user.id for group in groups for page in group for user in page.items]


def everybody():
    """Return the ids of all people, read without prefetching."""
    with connections.open_client("sandbox", before_request=lambda: None) as client:
        return [user.id for page in client.user_pages() for user in page.items]


def request_count(lms):
    """Return how many pages of people were requested."""
    return sum(lms.stats()["requests"].get("GET /unified/lms/users", {}).values())


def test_pages_are_fetched_once_and_in_order(prefetcher, lms):
    groups = list(prefetcher.groups(PEOPLE))

    assert request_count(lms) == 13
    assert max(map(len, groups)) <= 24
    assert ids(groups) == everybody()


def test_several_lists_are_fetched_one_after_another(prefetcher):
    assert ids(prefetcher.groups(PEOPLE)) == everybody()

    groups = prefetcher.groups(ListRequest("content_pages", None, None))

    assert sum(len(page.items) for group in groups for page in group) == 40


def test_a_list_continues_from_a_cursor(prefetcher):
    (first, *_), *_ = prefetcher.groups(PEOPLE)

    rest = ids(prefetcher.groups(PEOPLE._replace(cursor=first.next)))

    assert [*(user.id for user in first.items), *rest] == everybody()


def test_prefetching_is_limited_by_the_request_budget(lms, moving_clock, settings):
    # Half a second of 10 requests a second.
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    with PagePrefetcher(connections.client_options("sandbox"), moving_clock) as prefetcher:
        groups = prefetcher.groups(PEOPLE)
        next(groups)
        time.sleep(1)

        assert request_count(lms) <= 5


def test_an_error_is_raised_after_the_pages_before_it(lms, moving_clock, settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    with PagePrefetcher(connections.client_options("sandbox"), moving_clock) as prefetcher:
        groups = prefetcher.groups(PEOPLE)
        received = ids([next(groups)])
        lms.set_faults({"get-500": 1.0})

        def read_all():
            for group in groups:
                received.extend(ids([group]))

        with pytest.raises(StackOneError):
            read_all()

    assert 0 < len(received) < LEARNERS
    lms.set_faults()
    assert received == everybody()[: len(received)]


def test_an_exception_while_storing_ends_the_process(lms, moving_clock):
    process = None

    def fail_to_store():
        nonlocal process
        with PagePrefetcher(connections.client_options("sandbox"), moving_clock) as prefetcher:
            process = prefetcher.process
            next(prefetcher.groups(PEOPLE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_to_store()

    assert process is not None
    assert not process.is_alive()


def test_a_killed_process_is_an_error(prefetcher):
    groups = prefetcher.groups(PEOPLE)
    next(groups)
    prefetcher.process.kill()

    with pytest.raises(OutcomeUnknown, match="the next sync continues from here"):
        list(prefetcher.groups(PEOPLE))


@pytest.mark.slow
def test_the_process_ends_with_its_owner(lms):
    owner = f"""
import multiprocessing
import time
from assignments.stackone import page_process

if __name__ == "__main__":
    pipe, child_pipe = multiprocessing.Pipe()
    options = {{"base_url": {lms.base_url!r}, "api_key": "sandbox", "account_id": "sandbox"}}
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=page_process.run, args=(child_pipe, options))
    process.start()
    child_pipe.close()
    pipe.send(page_process.ListRequest("user_pages", None, None))
    for _ in range(9):
        pipe.send(time.monotonic() + 2)
    print(process.pid, flush=True)
    time.sleep(60)
"""
    assert not outlives_parent(owner)
    assert request_count(lms) == 0
