"""Fetching pages ahead: in order, in groups, never more than are allowed, and no end is lost."""

import threading

import pytest

from assignments.services.reading_ahead import Over, Permits, read_ahead

pytestmark = pytest.mark.django_db


@pytest.fixture
def permits(moving_clock, settings):
    """Return permits of a budget that is as good as endless."""
    settings.STACKONE_REQUESTS_PER_MINUTE = 60_000
    made = Permits(moving_clock)
    made.refill()
    return made


def fetched(permits, count, asked=None):
    """Yield so many pages, each with leave."""
    for page in range(count):
        permits.wait()
        if asked is not None:
            asked.append(page)
        yield page


def test_every_page_comes_once_and_in_order(permits):
    with read_ahead(fetched(permits, 130), permits) as groups:
        found = list(groups)

    assert [page for group in found for page in group] == list(range(130))
    assert max(map(len, found)) <= 24


def test_no_more_is_fetched_ahead_than_is_allowed(permits):
    asked: list[int] = []
    with read_ahead(fetched(permits, 200, asked), permits) as groups:
        first = next(groups)
        threading.Event().wait(0.3)
        ahead = len(asked)
        rest = [page for group in groups for page in group]

    assert ahead <= 48
    assert [*first, *rest] == list(range(200))


def test_what_goes_wrong_is_raised_after_the_pages_before_it(permits):
    def pages():
        yield from fetched(permits, 3)
        raise OSError("gone")

    found = []

    def take():
        with read_ahead(pages(), permits) as groups:
            for group in groups:
                found.extend(group)

    with pytest.raises(OSError, match="gone"):
        take()

    assert found == [0, 1, 2]


def test_who_stops_storing_stops_the_fetching(permits):
    asked: list[int] = []

    def stumble():
        with read_ahead(fetched(permits, 10_000, asked), permits) as groups:
            next(groups)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    assert len(asked) < 200
    assert "sync-pages" not in {thread.name for thread in threading.enumerate()}


def test_no_leave_is_given_after_the_end(permits):
    permits.end()

    given = range(1_000)

    with pytest.raises(Over):
        all(permits.wait() is None for _ in given)
