"""Bulk writes: the same values as single writes, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from assignments.models import Account, Content, Learner
from assignments.models.sql.bulk import insert, update

pytestmark = [pytest.mark.core, pytest.mark.django_db]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COLUMNS: tuple[str, ...] = (
    "account_id",
    "remote_id",
    "is_active",
    "left_at",
    "custom_fields",
    "search_text",
    "last_seen_sync",
)
COLUMNS += ("external_reference", "name", "email")


@pytest.fixture
def account():
    return Account.objects.create(remote_id="acme")


def people(account, count, left_at=None):
    rest = (left_at, "{}", "", 1, "", "", "")
    insert(Learner, COLUMNS, ((account.pk, f"p-{n}", True, *rest) for n in range(count)))
    return list(Learner.objects.order_by("pk"))


@pytest.mark.parametrize("count", [0, 1, 1_001], ids=["none", "one", "more than a group"])
def test_insert_adds_every_row_in_its_order(account, count):
    matches = people(account, count)

    assert [person.remote_id for person in matches] == [f"p-{n}" for n in range(count)]


def test_insert_stores_datetimes_of_any_time_zone(account):
    in_tokyo = NOON.astimezone(timezone(timedelta(hours=9)))

    (person,) = people(account, 1, left_at=in_tokyo)

    assert person.left_at == NOON


def test_insert_skips_conflicting_rows(account):
    people(account, 2)
    row = (account.pk, "p-1", False, None, "{}", "", 2, "", "", "")

    insert(Learner, COLUMNS, [row], ignore_conflicts=True)

    assert list(Learner.objects.values_list("remote_id", "is_active")) == [
        ("p-0", True),
        ("p-1", True),
    ]


@pytest.mark.parametrize("count", [0, 1, 1_001], ids=["none", "one", "more than a group"])
def test_update_changes_only_the_given_rows(account, count):
    first, *others = people(account, count + 1)
    new = ((f"Name {person.pk}", NOON, False, person.pk) for person in others)

    update(Learner, ("name", "left_at", "is_active"), new)

    matches = Learner.objects.order_by("pk").values_list("pk", "name", "left_at", "is_active")
    changed = [(person.pk, f"Name {person.pk}", NOON, False) for person in others]
    assert list(matches) == [(first.pk, "", None, True), *changed]


def test_update_to_null(account):
    (person,) = people(account, 1, left_at=NOON)

    update(Learner, ("left_at",), [(None, person.pk)])

    person.refresh_from_db()
    assert person.left_at is None


def test_update_with_shared_values(account):
    pks = [person.pk for person in people(account, 3)]

    update(Learner, ("name",), [(f"Name {pk}", pk) for pk in pks[1:]], shared=[("left_at", NOON)])

    changed = [(pk, f"Name {pk}", NOON) for pk in pks[1:]]
    matches = Learner.objects.order_by("pk").values_list("pk", "name", "left_at")
    assert list(matches) == [(pks[0], "", None), *changed]


def test_in_list_matches_the_rows_of_a_list(account):
    pks = [person.pk for person in people(account, 5)]

    matches = Learner.objects.filter(pk__in_list=[pks[1], pks[3], pks[3], pks[-1] + 99])

    assert sorted(matches.values_list("pk", flat=True)) == [pks[1], pks[3]]
    assert Learner.objects.filter(pk__in_list=[]).count() == 0
    assert Content.objects.exclude(pk__in_list=[1]).count() == 0
