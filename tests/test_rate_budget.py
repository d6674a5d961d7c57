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
    rate_budget.back_off_until(NOON + timedelta(seconds=9), now=NOON)

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
    rate_budget.back_off_until(NOON + timedelta(seconds=9), now=NOON)

    (first,) = rate_budget.reserve(1, now=NOON - timedelta(hours=1))

    assert first == NOON - timedelta(hours=1) + timedelta(seconds=9)
