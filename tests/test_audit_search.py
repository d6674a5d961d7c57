"""Search of the log: by words, people, batches, numbers and dates, page by page."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.audit.entries.readable import Party
from assignments.audit.log import Event, record, record_all
from assignments.audit.search import filters, search, tuning
from assignments.audit.search.access_records import record_entry_read, record_search
from assignments.audit.search.parser import parse
from assignments.audit.search.query import Query
from assignments.audit.search.search import fetch_entry, find
from assignments.models import LogEntry, PersonalValue
from tests import log_tampering
from tests.factories import make_batch
from tests.log_fixtures import AT, CONTENT, ELIF, PRIYA, created, write_log

DANIEL = Actor(ref="user/2", name="Daniel Osei", email="daniel@northwind.example", means="page")
PHIL = Person(ref="learner/14", name="Phishing Phil")
AMARA = Person(ref="learner/13", name="Amara Okafor", reference="NW-2")


def parsed(text: str) -> Query:
    """Parse a query as on the first of December."""
    return parse(text, today=date(2026, 12, 1))


@pytest.fixture
def log(db: None) -> None:
    """Write six entries: a batch, its assignments, a pause and a later search of the log."""
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


@pytest.fixture(params=[0, tuning.MAX_CANDIDATES], ids=["without indexes", "with indexes"])
def _by_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test twice: reading the log from its end, and using the indexes."""
    monkeypatch.setattr(tuning, "MAX_CANDIDATES", request.param)
    monkeypatch.setattr(tuning, "MAX_LATER_ENTRIES", request.param)


@pytest.mark.usefixtures("_by_index")
@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        pytest.param("", [5, 4, 3, 2, 1, 0], id="everything, newest first"),
        pytest.param("elif", [3, 1], id="a person's name"),
        pytest.param("YILMAZ", [3, 1], id="without accents and capitals"),
        pytest.param("nw-10379", [3, 1], id="a person's reference"),
        pytest.param("elif@north", [3, 1], id="an address"),
        pytest.param("osei", [5, 3], id="who did it"),
        pytest.param("if", [3, 1], id="two letters of a person"),
        pytest.param("dp", [], id="two letters of anything else"),
        pytest.param("elif gdpr", [1], id="two words that both must fit"),
        pytest.param('"due date is"', [3], id="a phrase"),
        pytest.param('"date due"', [], id="no phrase"),
        pytest.param("phishing", [3], id="a title"),
        pytest.param("100%", [3], id="a sign that databases take for any text"),
        pytest.param("lms-2", [2], id="a record of the LMS"),
        pytest.param("hire date", [3], id="a problem"),
        pytest.param("dp-14", [0], id="a reason"),
        pytest.param("B-0417", [2, 1, 0], id="a batch number"),
        pytest.param("b-41", [3], id="another batch, not one that begins like it"),
        pytest.param("#2", [2], id="an entry number"),
        pytest.param("#4,000", [], id="an entry that is not there"),
        pytest.param("entry:1..3", [3, 2, 1], id="entries from one to another"),
        pytest.param("entry:>=4", [5, 4], id="entries from one on"),
        pytest.param("nobody", [], id="nothing"),
        pytest.param("10.20.4.17", [], id="addresses of machines find nobody"),
        pytest.param("by:user/2", [5, 3], id="by a ref"),
        pytest.param("by:daniel", [5, 3], id="by a name"),
        pytest.param("by:system", [4], id="by nobody"),
        pytest.param("by:elif", [], id="who it is about did not act"),
        pytest.param("action:assignment.created", [2, 1], id="an action in full"),
        pytest.param("action:assignment", [3, 2, 1], id="every action of a thing"),
        pytest.param("action:paused", [4], id="what happened"),
        pytest.param("-action:assignment", [5, 4, 0], id="every action but those"),
        pytest.param("result:Created", [2, 1], id="a result"),
        pytest.param("about:assignment/3", [3], id="what it is about"),
        pytest.param("batch:417", [2, 1, 0], id="a batch by number"),
        pytest.param("batch:B-0041", [3], id="a batch as people write it"),
        pytest.param("person:learner/13", [2], id="a person by ref"),
        pytest.param('person:"amara okafor"', [2], id="a person by name"),
        pytest.param("person:osei", [], id="who acted is not who it is about"),
        pytest.param("-person:elif gdpr", [2, 0], id="not about a person"),
        pytest.param("content:gdpr", [2, 1], id="content by title"),
        pytest.param("content:CRS-1", [3], id="content by reference"),
        pytest.param("content:hire", [], id="a problem is not the content"),
        pytest.param("content:lms-2", [], id="nor is the record of the LMS"),
        pytest.param(f"request:{PRIYA.request_id}", [2, 1, 0], id="a request"),
        pytest.param("when:>=2026-11-24", [5], id="since a day"),
        pytest.param("when:<=2026-11-23", [4, 3, 2, 1, 0], id="until a day"),
        pytest.param("when:2026-11-30", [5], id="one day"),
        pytest.param("when:2026-11-23..2026-11-29", [4, 3, 2, 1, 0], id="some days"),
        pytest.param("when:2026-10", [], id="another month"),
        pytest.param("gdpr by:user/1 person:learner/12 batch:417", [1], id="all of it"),
    ],
)
def test_query_matches(log: None, query: str, seqs: list[int]) -> None:
    result = find(parsed(query))

    assert [line.seq for line in result.fetch_newest()] == seqs
    assert result.count() == (len(seqs), False)


def test_due_matches_batches_and_rows_with_their_own_date(db: None) -> None:
    batch_with_one_date = make_batch(["created"], due_date=date(2026, 12, 1))
    several = make_batch(
        ["created", "created"], has_several_due_dates=True, due_date=date(2026, 12, 1)
    )
    late, _ = several.assignments.order_by("pk")
    several.assignments.filter(pk=late.pk).update(due_date=date(2027, 1, 5))
    with transaction.atomic():
        for batch in (batch_with_one_date, several):
            record(Event(action="batch.submitted", batch=batch.ref), by=PRIYA, at=AT)
        event = replace(created(late.pk), batch=several.ref)
        record(event, by=PRIYA, at=AT)

    results = {text: find(parsed(text)) for text in ("due:2026-12-01", "due:2027", "due:2028")}

    assert [[line.seq for line in result.fetch_newest()] for result in results.values()] == [
        [0],
        [2],
        [],
    ]


def test_pages_continue_before_a_number(log: None) -> None:
    everything = find(parsed(""))

    assert [line.seq for line in everything.fetch_newest(limit=2)] == [5, 4]
    assert [line.seq for line in everything.fetch_newest(before=4, limit=2)] == [3, 2]


@pytest.mark.parametrize("query", ["batch:B-417", "by:priya", "result:submitted", "pol"])
def test_exact_index_results_are_counted_without_a_query(
    log: None, django_assert_num_queries, query: str
) -> None:
    result = find(parsed(query))

    with django_assert_num_queries(0):
        count = result.count()

    assert count == (len(result.fetch_newest()), False)


def test_exact_index_results_beyond_the_cap_are_not_counted(
    log: None, django_assert_num_queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "MAX_CANDIDATES", 2)
    result = find(parsed("batch:B-417"))

    with django_assert_num_queries(0):
        count = result.count(1)

    assert count == (1, True)
    assert [line.seq for line in result.fetch_newest()] == [2, 1, 0]


def test_newest_matches_are_returned_behind_many_candidates(log: None) -> None:
    other = {**CONTENT, "title": "Phishing Basics", "reference": "CRS-1"}
    detail = {"content": other, "problem": "GDPR is closed"}
    with transaction.atomic():
        for _ in range(5):
            record(Event(action="assignment.rejected", detail=detail), by=DANIEL, at=AT)

    result = find(parsed("content:gdpr"))

    assert [line.seq for line in result.fetch_newest(limit=1)] == [2]
    assert [line.seq for line in result.fetch_newest(before=2, limit=1)] == [1]
    assert result.count() == (2, False)


def test_days_are_in_the_default_time_zone(db: None, settings) -> None:
    settings.TIME_ZONE = "Europe/London"
    with transaction.atomic():
        record(created(), by=PRIYA, at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))

    assert find(parsed("when:2026-07-01")).count() == (1, False)
    assert find(parsed("when:<=2026-06-30")).count() == (0, False)


@pytest.mark.parametrize("query", ["", "gdpr", "gdpr by:priya"])
@pytest.mark.parametrize("max_candidates", [0, 11, 12, tuning.MAX_CANDIDATES])
def test_count_stops_at_its_cap(
    db: None, monkeypatch: pytest.MonkeyPatch, query: str, max_candidates: int
) -> None:
    monkeypatch.setattr(tuning, "MAX_CANDIDATES", max_candidates)
    write_log(12)

    result = find(parsed(query))

    counts = [result.count(cap) for cap in (11, 12, 13)]
    assert counts == [(11, True), (12, False), (12, False)]


@pytest.mark.parametrize(
    "first_terms", ["gdpr", "elif", "phishing", "person:elif", "result:created"]
)
@pytest.mark.parametrize("more_terms", ["", "by:daniel", "person:learner/13", "-by:user/1"])
@pytest.mark.parametrize("max_candidates", [0, 3])
def test_frequent_matches_are_scanned_from_an_index(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    first_terms: str,
    more_terms: str,
    max_candidates: int,
) -> None:
    small = {
        "MAX_CANDIDATES": max_candidates,
        "TAIL": 7,
        "SCAN_STEP": 3,
        "COUNT_CAP": 5,
        "LONG_LOG": 50,
        "MIN_TAIL_MATCHES": 3,
    }
    for name, value in small.items():
        monkeypatch.setattr(tuning, name, value)
    rng = random.Random(f"{first_terms} {more_terms}")
    _write_random_entries(rng, 60)

    result = find(parsed(f"{first_terms} {more_terms}"))

    expected = list(result.matches.order_by("-seq").values_list("seq", flat=True))
    assert list(_page_by_page(result, limit=rng.randint(1, 4))) == expected
    assert result.count(cap=60) == (len(expected), False)
    assert result.count(cap=5) == (min(5, len(expected)), len(expected) > 5)


def test_matches_in_the_tail_alone_are_counted_once(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TAIL": 4, "COUNT_CAP": 5, "LONG_LOG": 10, "MIN_TAIL_MATCHES": 3}.items():
        monkeypatch.setattr(tuning, name, value)
    write_log(20)
    with transaction.atomic():
        phishing = replace(created(20), detail={"content": {"title": "Phishing basics"}})
        record_all([phishing] * 4, by=PRIYA, at=AT)

    assert find(parsed("phishing")).count(cap=5) == (4, False)


def test_the_rarer_of_two_terms_is_scanned(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "MAX_CANDIDATES", 2)
    monkeypatch.setattr(tuning, "COMPARED_ENTRIES", 3)
    write_log(9)

    rarest = filters.build_filter(parsed("person:elif").terms[0])

    assert find(parsed("result:created person:elif")).scan_filter == rarest
    assert find(parsed("person:elif result:created")).scan_filter == rarest


def _write_random_entries(rng: random.Random, entries: int) -> None:
    """Append entries with random text, people and actors."""
    for number in range(entries):
        event = created(number, rng.choice([ELIF, AMARA, PHIL]))
        detail = rng.choice([event.detail, {"content": {"title": "Phishing basics"}}])
        result = rng.choice(["created", "rejected"])
        with transaction.atomic():
            by = rng.choice([PRIYA, DANIEL])
            record(replace(event, detail=detail, result=result), by=by, at=AT)


def _page_by_page(result: search.SearchResult, limit: int) -> Iterator[int]:
    """Yield the entry numbers of all pages."""
    before = None
    while lines := result.fetch_newest(before=before, limit=limit):
        yield from (line.seq for line in lines)
        before = lines[-1].seq


@pytest.mark.parametrize("size", [1, 30], ids=["one row", "thirty rows"])
def test_a_page_costs_the_same_queries_whatever_its_size(
    db: None, django_assert_num_queries, size: int
) -> None:
    write_log(size)

    # PostgreSQL needs the size of the log: its index is slow for common words in a long one.
    with django_assert_num_queries(6 if connection.vendor == "postgresql" else 5):
        assert len(find(parsed("gdpr northwind")).fetch_newest(limit=50)) == size


def test_recorded_searches_match_no_search(log: None) -> None:
    record_search(query=parsed("hermione"), count=0, by=DANIEL, now=AT)

    assert find(parsed("hermione")).fetch_newest() == []


def test_a_readable_entry_has_all_fields(log: None) -> None:
    line = fetch_entry(1)

    assert line is not None
    assert (line.seq, line.at, line.action, line.action_words) == (
        1,
        AT,
        "assignment.created",
        "Assignment created",
    )
    assert line.actor == Party(
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
    assert line.body == log_tampering.body(1)
    assert line.leaf == bytes(LogEntry.objects.get(seq=1).leaf).hex()


def test_an_entry_is_readable_after_its_names_are_erased(log: None) -> None:
    PersonalValue.objects.filter(ref__in=["learner/12", "user/1"]).delete()

    line = fetch_entry(1)
    assert line is not None
    assert f"{line.actor} {line.sentence}" == (
        "an erased person assigned GDPR Essentials 2027 to an erased person"
    )


@pytest.mark.parametrize(
    ("seq", "actor"),
    [pytest.param(4, "the system", id="nobody"), pytest.param(3, "Daniel Osei", id="a person")],
)
def test_a_readable_entry_names_its_actor(log: None, seq: int, actor: str) -> None:
    line = fetch_entry(seq)

    assert line is not None
    assert str(line.actor) == actor


def test_a_person_without_a_name_is_shown_by_another_field() -> None:
    bare = Party(ref="learner/9", name="", email="", reference="", ip="", is_erased=False)
    with_reference = bare._replace(reference="NW-9")
    with_email = with_reference._replace(email="e@northwind.example")

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
    log_tampering.rewrite(1, written)

    line = fetch_entry(1)
    assert line is not None
    assert (str(line.actor), line.action, line.sentence) == (
        "user/1",
        "assignment.created",
        "assigned an item to somebody",
    )


def test_an_entry_beyond_the_last_does_not_exist(log: None) -> None:
    assert fetch_entry(6) is None


def test_a_search_is_recorded_with_erasable_text(log: None) -> None:
    query = parsed('"elif yilmaz" by:user/2 batch:417 when:>=2026-11-01')

    record_search(query=query, count=2, by=DANIEL, now=AT)

    line = fetch_entry(6)
    assert line is not None
    assert f"{line.actor} {line.sentence}" == "Daniel Osei searched the audit log"
    assert [str(words) for words in line.people] == [str(query)]
    assert line.body["detail"] == {
        "entries": 2,
        "search": "… by:user/2 batch:417 when:>=2026-11-01",
    }
    assert "elif" not in str(line.body)


def test_a_search_without_text_names_nobody(log: None) -> None:
    record_search(query=parsed("action:held"), count=0, by=DANIEL, now=AT)

    assert log_tampering.body(6)["people"] == []


def test_opening_an_entry_is_recorded(log: None) -> None:
    record_entry_read(seq=1, by=DANIEL, now=AT)

    line = fetch_entry(6)
    assert line is not None
    assert f"{line.actor} {line.sentence}" == "Daniel Osei read entry #1"
