"""Finding entries again: by words, people, batches, numbers and days; page by page."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from assignments.audit.actors import SYSTEM, Actor, Person
from assignments.audit.lines import Named
from assignments.audit.log import Event, record
from assignments.audit.reading import record_reading, record_search
from assignments.audit.search import Search, count, entry, found
from assignments.models import LogEntry, PersonalValue
from tests import tampering
from tests.log_fixtures import AT, CONTENT, ELIF, PRIYA, created, write_log

DANIEL = Actor(ref="user/2", name="Daniel Osei", email="daniel@northwind.example", means="page")
AMARA = Person(ref="learner/13", name="Amara Okafor", reference="NW-2")


@pytest.fixture
def log(db: None) -> None:
    """Write six entries: a batch, its assignments, a pause and a late look at the log."""
    submitted = Event(
        action="batch.submitted",
        subject="batch/417",
        batch="batch/417",
        result="submitted",
        detail={"people": 2, "items": 1, "reason": "Policy DP-14", "title": "GDPR for two"},
    )
    with transaction.atomic():
        record(submitted, by=PRIYA, at=AT)
        record(created(1), by=PRIYA, at=AT)
        record(created(2, AMARA), by=PRIYA, at=AT)
        other = {**CONTENT, "title": "Phishing Basics 100%", "reference": "CRS-1"}
        event = Event(
            action="assignment.rejected",
            subject="assignment/3",
            batch="batch/41",
            people=(ELIF,),
            detail={"content": other, "problem": "Due date is before the hire date"},
        )
        record(event, by=DANIEL, at=AT)
        record(Event(action="account.paused", account="acme"), by=SYSTEM, at=AT)
        late = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
        record(Event(action="log.searched", subject="log"), by=DANIEL, at=late)


@pytest.mark.parametrize(
    ("search", "seqs"),
    [
        pytest.param(Search(), [5, 4, 3, 2, 1, 0], id="everything, newest first"),
        pytest.param(Search(text="elif"), [3, 1], id="a person's name"),
        pytest.param(Search(text="YILMAZ"), [3, 1], id="without accents and capitals"),
        pytest.param(Search(text="nw-10379"), [3, 1], id="a person's reference"),
        pytest.param(Search(text="elif@north"), [3, 1], id="an address"),
        pytest.param(Search(text="osei"), [5, 3], id="who did it"),
        pytest.param(Search(text="elif gdpr"), [1], id="two words that both must fit"),
        pytest.param(Search(text="phishing"), [3], id="a title"),
        pytest.param(Search(text="100%"), [3], id="a sign that databases take for any text"),
        pytest.param(Search(text="lms-2"), [2], id="a record of the LMS"),
        pytest.param(Search(text="hire date"), [3], id="a problem"),
        pytest.param(Search(text="dp-14"), [0], id="a reason"),
        pytest.param(Search(text="B-0417"), [2, 1, 0], id="a batch number"),
        pytest.param(Search(text="b-41"), [3], id="another batch, not one that begins like it"),
        pytest.param(Search(text="#2"), [2], id="an entry number"),
        pytest.param(Search(text="#4,000"), [], id="an entry that is not there"),
        pytest.param(Search(text="#99999999999999999"), [], id="a number too long for the table"),
        pytest.param(Search(text="#,"), [], id="a number without digits"),
        pytest.param(Search(text="nobody"), [], id="nothing"),
        pytest.param(Search(text="10.20.4.17"), [], id="addresses of machines find nobody"),
        pytest.param(Search(by="user/2"), [5, 3], id="by"),
        pytest.param(Search(action="assignment.created"), [2, 1], id="action"),
        pytest.param(Search(subject="assignment/3"), [3], id="subject"),
        pytest.param(Search(batch="batch/417"), [2, 1, 0], id="batch by ref"),
        pytest.param(Search(batch="417"), [2, 1, 0], id="batch by number"),
        pytest.param(Search(batch="B-0041"), [3], id="batch as people write it"),
        pytest.param(Search(person="learner/13"), [2], id="person by ref"),
        pytest.param(Search(person="amara okafor"), [2], id="person by name"),
        pytest.param(Search(person="osei"), [], id="who acted is not who it is about"),
        pytest.param(Search(since=date(2026, 11, 24)), [5], id="since"),
        pytest.param(Search(until=date(2026, 11, 23)), [4, 3, 2, 1, 0], id="until"),
        pytest.param(Search(until=date.max), [5, 4, 3, 2, 1, 0], id="until the end of days"),
        pytest.param(Search(since=date(2026, 11, 30), until=date(2026, 11, 30)), [5], id="one day"),
        pytest.param(
            Search(text="gdpr", by="user/1", person="learner/12", batch="417"), [1], id="all of it"
        ),
    ],
)
def test_found(log: None, search: Search, seqs: list[int]) -> None:
    assert [line.seq for line in found(search)] == seqs
    assert count(search) == (len(seqs), False)


def test_found_goes_on_before_a_number(log: None) -> None:
    assert [line.seq for line in found(Search(), limit=2)] == [5, 4]
    assert [line.seq for line in found(Search(), before=4, limit=2)] == [3, 2]


def test_days_are_those_of_the_organisation(db: None, settings) -> None:
    settings.TIME_ZONE = "Europe/London"
    with transaction.atomic():
        record(created(), by=PRIYA, at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))

    assert count(Search(since=date(2026, 7, 1), until=date(2026, 7, 1))) == (1, False)
    assert count(Search(until=date(2026, 6, 30))) == (0, False)


def test_count_stops_at_its_cap(db: None) -> None:
    write_log(12)

    assert [count(Search(), cap) for cap in (11, 12, 13)] == [(11, True), (12, False), (12, False)]


@pytest.mark.parametrize("size", [1, 30], ids=["one row", "thirty rows"])
def test_found_costs_two_queries(db: None, django_assert_num_queries, size: int) -> None:
    write_log(size)

    with django_assert_num_queries(2):
        assert len(found(Search(text="gdpr northwind"))) == size


def test_a_line_says_everything_of_its_entry(log: None) -> None:
    line = entry(1)

    assert line is not None
    assert (line.seq, line.at, line.action, line.action_words) == (
        1,
        AT,
        "assignment.created",
        "Assignment created",
    )
    assert line.actor == Named(
        ref="user/1",
        name=PRIYA.name,
        email=PRIYA.email,
        reference="",
        ip=PRIYA.ip,
        is_erased=False,
    )
    assert [str(person) for person in line.people] == [ELIF.name]
    assert f"{line.actor} {line.sentence}" == (
        f"Priya Mehta assigned GDPR Essentials 2027 to {ELIF.name}"
    )
    assert (line.result, line.batch, line.batch_number) == ("created", "batch/417", "B-0417")
    assert line.request_id == PRIYA.request_id
    assert line.body == tampering.body(1)
    assert line.leaf == bytes(LogEntry.objects.get(seq=1).leaf).hex()


def test_an_entry_outlives_the_names_in_it(log: None) -> None:
    PersonalValue.objects.filter(ref__in=["learner/12", "user/1"]).delete()

    line = entry(1)
    assert line is not None
    assert f"{line.actor} {line.sentence}" == (
        "an erased person assigned GDPR Essentials 2027 to an erased person"
    )


@pytest.mark.parametrize(
    ("seq", "actor"),
    [pytest.param(4, "the system", id="nobody"), pytest.param(3, "Daniel Osei", id="a person")],
)
def test_a_line_names_who_acted(log: None, seq: int, actor: str) -> None:
    line = entry(seq)

    assert line is not None
    assert str(line.actor) == actor


def test_somebody_without_a_name_is_shown_by_what_is_known() -> None:
    bare = Named(ref="learner/9", name="", email="", reference="", ip="", is_erased=False)
    with_reference = replace(bare, reference="NW-9")
    with_email = replace(with_reference, email="e@northwind.example")

    shown = [str(somebody) for somebody in (with_email, with_reference, bare)]
    assert shown == ["e@northwind.example", "NW-9", "learner/9"]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"no json", id="no JSON"),
        pytest.param(b'{"seq":1}', id="not all of it"),
        pytest.param(b"[]", id="no object"),
    ],
)
def test_an_altered_entry_is_shown_by_its_columns(log: None, written: bytes) -> None:
    tampering.rewrite(1, written)

    line = entry(1)
    assert line is not None
    assert (str(line.actor), line.action, line.sentence) == (
        "user/1",
        "assignment.created",
        "assigned an item to somebody",
    )


def test_there_is_no_entry_beyond_the_last(log: None) -> None:
    assert entry(6) is None


def test_a_search_leaves_an_entry_whose_words_can_be_erased(log: None) -> None:
    search = Search(text="elif yilmaz", batch="417", since=date(2026, 11, 1))

    record_search(search=search, found=2, by=DANIEL, now=AT)

    line = entry(6)
    assert line is not None
    assert f"{line.actor} {line.sentence}" == "Daniel Osei searched the audit log"
    assert [str(words) for words in line.people] == ["elif yilmaz"]
    assert line.body["detail"] == {
        "entries": 2,
        "search": {"batch": "417", "since": "2026-11-01"},
    }
    assert "elif" not in str(line.body)


def test_a_search_without_words_names_nobody(log: None) -> None:
    record_search(search=Search(action="batch.held"), found=0, by=DANIEL, now=AT)

    assert tampering.body(6)["people"] == []


def test_reading_an_entry_leaves_an_entry(log: None) -> None:
    record_reading(seq=1, by=DANIEL, now=AT)

    line = entry(6)
    assert line is not None
    assert f"{line.actor} {line.sentence}" == "Daniel Osei read entry #1"
