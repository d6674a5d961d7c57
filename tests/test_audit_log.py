"""Appending entries: in the transaction of the change, people by commitment, and no gaps."""

import base64
import hmac
from functools import partial

import pytest
from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.audit.entries.canonical import INDEXES
from assignments.audit.entries.commitments import clear_values
from assignments.audit.log import Event, record, record_all
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import Account, LogEntry, LogHead, PersonalValue
from tests.concurrency import run_concurrently
from tests.log_fixtures import AT, CONTENT, ELIF, PRIYA, created, write_log
from tests.log_tampering import body

pytestmark = pytest.mark.core


def commit(party: Actor | Person, field: str) -> dict[str, str]:
    """Return the commitment of a party's value, as an entry has it."""
    value = PersonalValue.objects.get(ref=party.ref, field=field, value=getattr(party, field))
    return {"commit": value.commitment}


def test_record_writes_the_whole_entry(db: None) -> None:
    assert record(created(77), by=PRIYA, at=AT) == 0

    assert body(0) == {
        "v": 1,
        "seq": 0,
        "at": "2026-11-23T10:43:00.123456Z",
        "action": "assignment.created",
        "actor": {
            "ref": "user/1",
            "name": commit(PRIYA, "name"),
            "email": commit(PRIYA, "email"),
            "ip": commit(PRIYA, "ip"),
            "session": "s-1",
            "means": "page",
        },
        "cause": "batch/417",
        "account": "acme",
        "batch": "batch/417",
        "subject": "assignment/77",
        "result": "created",
        "request_id": PRIYA.request_id,
        "people": [
            {
                "ref": "learner/12",
                "name": commit(ELIF, "name"),
                "email": commit(ELIF, "email"),
                "reference": commit(ELIF, "reference"),
            }
        ],
        "detail": {"content": CONTENT, "attempt": 1, "remote_id": "LMS-77"},
    }


def test_record_fills_the_columns_from_the_body(db: None) -> None:
    record(created(77), by=PRIYA, at=AT)

    assert LogEntry.objects.values("at", *INDEXES).get() == {
        "seq": 0,
        "at": AT,
        "action": "assignment.created",
        "actor": "user/1",
        "cause": "batch/417",
        "account": "acme",
        "batch": "batch/417",
        "subject": "assignment/77",
        "person": "learner/12",
        "result": "created",
        "request_id": PRIYA.request_id,
        "search_text": "lms-77\ngdpr essentials 2027\ncrs-0977",
    }


def test_record_by_the_system_has_no_personal_data(db: None) -> None:
    record(Event(action="account.paused", account="acme"), by=SYSTEM, at=AT)

    assert body(0)["actor"] == {"ref": "system", "means": "worker", "session": ""}
    assert body(0)["people"] == []
    assert not PersonalValue.objects.exists()


def test_record_keeps_no_personal_value_in_the_entry(db: None) -> None:
    record(created(), by=PRIYA, at=AT)

    entry = LogEntry.objects.get()
    stored = bytes(entry.body).decode() + entry.search_text
    kept = list(PersonalValue.objects.values_list("value", flat=True))
    assert sorted(kept) == sorted(
        [PRIYA.name, PRIYA.email, PRIYA.ip, ELIF.name, ELIF.email, ELIF.reference]
    )
    assert [value for value in kept if value in stored] == []


def test_commitments_can_be_proven_with_their_salt(db: None) -> None:
    record(created(), by=PRIYA, at=AT)

    for value in PersonalValue.objects.all():
        digest = hmac.digest(bytes(value.salt), value.value.encode(), "sha256")
        assert base64.b64encode(digest).decode() == value.commitment
        assert len(bytes(value.salt)) == 16


def test_commitments_are_reused_until_the_value_changes(db: None) -> None:
    renamed = Person(ref=ELIF.ref, name="Elif Kaya", email=ELIF.email, reference=ELIF.reference)
    record_all([created(1), created(2)], by=PRIYA, at=AT)
    record_all([created(3), created(4, renamed)], by=PRIYA, at=AT)

    first, *_, last = [body(seq)["people"][0] for seq in range(4)]
    assert [body(seq)["people"][0] for seq in range(3)] == [first] * 3
    assert last == {**first, "name": commit(renamed, "name")}
    assert clear_values([first["name"]["commit"], last["name"]["commit"], "gone"]) == {
        first["name"]["commit"]: ELIF.name,
        last["name"]["commit"]: "Elif Kaya",
    }


@pytest.mark.parametrize("sizes", [(1, 1), (2, 5, 0, 3), (250, 1)], ids=str)
def test_record_all_gives_numbers_without_gaps(db: None, sizes: tuple[int, ...]) -> None:
    ranges = [write_log(size) for size in sizes]

    total = sum(sizes)
    assert [seq for numbers in ranges for seq in numbers] == list(range(total))
    assert list(LogEntry.objects.order_by("seq").values_list("seq", flat=True)) == [*range(total)]
    assert LogHead.objects.get().size == total


@pytest.mark.parametrize("people", [1, 30], ids=["one person", "thirty people"])
def test_record_all_costs_the_same_few_queries(
    db: None, django_assert_num_queries, people: int
) -> None:
    events = [created(n, Person(ref=f"learner/{n}", name=f"Person {n}")) for n in range(people)]

    with django_assert_num_queries(5):
        record_all(events, by=PRIYA, at=AT)
    with django_assert_num_queries(4):
        record_all(events, by=PRIYA, at=AT)


def test_record_outside_a_transaction_is_refused(transactional_db: None) -> None:
    with pytest.raises(RuntimeError, match="in the transaction of its change"):
        record(created(), by=PRIYA, at=AT)

    assert not LogEntry.objects.exists()


def test_an_entry_is_rolled_back_with_its_change(transactional_db: None) -> None:
    def change_that_fails() -> None:
        with transaction.atomic():
            Account.objects.create(remote_id="acme")
            record(created(), by=PRIYA, at=AT)
            raise LookupError

    with pytest.raises(LookupError):
        change_that_fails()

    assert (Account.objects.count(), LogEntry.objects.count()) == (0, 0)
    assert (PersonalValue.objects.count(), LogHead.objects.get().size) == (0, 0)


def test_a_change_is_rolled_back_when_its_entry_cannot_be_appended(transactional_db: None) -> None:
    def change_without_entry() -> None:
        with transaction.atomic():
            Account.objects.create(remote_id="acme")
            record(Event(action="account.paused", detail={"no json": object()}), by=PRIYA, at=AT)

    with pytest.raises(ValueError, match="unsupported type"):
        change_without_entry()

    assert not Account.objects.exists()


@pytest.mark.slow
def test_concurrent_appends_leave_a_valid_log_without_gaps(transactional_db: None) -> None:
    problems: list[Exception] = []

    def append_groups(first: int) -> None:
        try:
            for group in range(50):
                person = Person(ref=f"learner/{first + group}", name=f"Person {first + group}")
                events = [created(number, person) for number in range(100)]
                with transaction.atomic():
                    record_all(events, by=PRIYA, at=AT)
        except Exception as problem:
            problems.append(problem)

    run_concurrently(*(partial(append_groups, first) for first in range(0, 240, 30)))

    assert problems == []
    assert verdict_on_log().sentence.startswith("Not sealed yet: 40,000 entries checked")
