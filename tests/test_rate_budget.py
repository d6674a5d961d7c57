"""The rate budget of an API key, which all senders share."""

from datetime import UTC, datetime, timedelta

import pytest

from assignments.models import RateBudget
from assignments.services.pacing import rate_budget
from assignments.stackone.send_slots import slot_spacing

pytestmark = pytest.mark.core

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_reservations_follow_each_other(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600

    first, second = rate_budget.reserve(2, now=NOON), rate_budget.reserve(2, now=NOON)

    assert first + second == [NOON + slot_spacing(600) * n for n in range(4)]


@pytest.mark.django_db
def test_nothing_is_reserved_if_the_first_slot_is_too_late(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    rate_budget.back_off(9, now=NOON)

    assert rate_budget.reserve(1, now=NOON, within=timedelta(seconds=1)) == []
    assert RateBudget.objects.get().next_slot_at == NOON + timedelta(seconds=9)
    later = NOON + timedelta(seconds=8, milliseconds=500)
    assert rate_budget.reserve(1, now=later, within=timedelta(seconds=1)) == [
        NOON + timedelta(seconds=9)
    ]


@pytest.mark.django_db
def test_only_the_first_request_after_a_pause_waits_for_the_lead(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    lead = timedelta(milliseconds=50)

    first, second = rate_budget.reserve(2, now=NOON, lead=lead)
    (third,) = rate_budget.reserve(1, now=NOON, lead=lead)

    assert first == NOON + lead
    assert [second, third] == [first + slot_spacing(600), first + 2 * slot_spacing(600)]


@pytest.mark.django_db
def test_the_api_key_is_not_stored(settings):
    settings.STACKONE_API_KEY = "canary-key-0123456789"
    rate_budget.reserve(1, now=NOON)

    assert "canary" not in RateBudget.objects.get().key_hash


@pytest.mark.django_db
def test_slots_move_back_with_a_clock_that_was_set_back(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    rate_budget.reserve(3, now=NOON)
    hour_ago = NOON - timedelta(hours=1)

    (first,) = rate_budget.reserve(1, now=hour_ago)

    assert first == hour_ago + 3 * slot_spacing(600)


@pytest.mark.django_db
def test_slots_do_not_move_if_clocks_differ_a_little(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    (first,) = rate_budget.reserve(1, now=NOON)

    (second,) = rate_budget.reserve(1, now=NOON - timedelta(seconds=2))

    assert second == first + slot_spacing(600)


@pytest.mark.django_db
def test_a_backoff_keeps_its_length_when_the_clock_is_set_back(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    rate_budget.back_off(9, now=NOON)

    (first,) = rate_budget.reserve(1, now=NOON - timedelta(hours=1))

    assert first == NOON - timedelta(hours=1) + timedelta(seconds=9)


def backoff_after(seconds):
    """Return how long the key waits after a 429 without Retry-After, so long after NOON."""
    now = NOON + timedelta(seconds=seconds)
    rate_budget.back_off(None, now=now)
    return (RateBudget.objects.get().next_slot_at - now).total_seconds()


@pytest.mark.django_db
def test_a_backoff_of_unknown_length_grows_with_each_further_one():
    moments = [0, 1, 3, 7, 15, 31, 63, 123, 183]

    assert [backoff_after(moment) for moment in moments] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert backoff_after(183 + 60 + 120) == 1


@pytest.mark.django_db
def test_refusals_during_a_backoff_count_once():
    assert [backoff_after(seconds) for seconds in (0, 0.25, 0.5)] == [1, 0.75, 0.5]
    assert backoff_after(1) == 2


@pytest.mark.django_db
def test_a_growing_backoff_survives_a_clock_that_was_set_back():
    backoff_after(0)
    backoff_after(1)

    assert backoff_after(1 - 3_600) == 2
    assert backoff_after(3 - 3_600) == 4


@pytest.mark.django_db
def test_a_backoff_ends_although_the_clock_was_set_back_during_it(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    rate_budget.back_off(5, now=NOON)
    hour_ago, soon = NOON - timedelta(hours=1), timedelta(seconds=1)

    slots = [
        rate_budget.reserve(1, now=hour_ago + timedelta(seconds=seconds), within=soon)
        for seconds in range(6)
    ]

    assert [bool(slot) for slot in slots] == [False] * 4 + [True] * 2
