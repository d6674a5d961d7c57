"""The page of the log opens on outcomes; technical steps are one click away."""

import re

import orjson
import pytest
from django.db import transaction
from django.urls import reverse

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.entries.technical_steps import SCHEDULED, TECHNICAL
from assignments.audit.log import Event, record_all
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.search import find
from assignments.models import LogEntry
from tests.factories import AT, make_user
from tests.live import DUE
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.django_db
STEP, OUTCOME = "calls.started", "batch.completed"


@pytest.fixture
def auditor(client):
    """Return a signed-in auditor's client."""
    client.force_login(make_user("auditor"))
    return client


def write(*actions, by=PRIYA):
    """Append an entry of a batch for each action."""
    events = [Event(action=name, subject="batch/7", batch="batch/7") for name in actions]
    with transaction.atomic():
        return record_all(events, by=by, at=AT)


def actions(page):
    """Return the actions of the listed entries."""
    return [line.action for line in page.context["lines"]]


def numbers_of(text):
    """Return the numbers of the entries that a search finds."""
    return {line.seq for line in find(parse(text, today=DUE)).fetch_newest(limit=500)}


def test_outcomes_and_steps_are_all_entries_and_no_entry_is_both(auditor):
    written = {*write(*SENTENCES), *write(*SENTENCES, by=SYSTEM)}
    entries = dict(LogEntry.objects.values_list("seq", "action"))

    outcomes, steps = numbers_of("batch:7 show:outcomes"), numbers_of("batch:7 show:steps")

    assert outcomes | steps == written == numbers_of("batch:7")
    assert not outcomes & steps
    assert numbers_of("batch:7 -show:outcomes") == steps
    assert {entries[seq] for seq in steps} == {*TECHNICAL, *SCHEDULED}
    # What a person asked for is no technical step.
    assert set(SCHEDULED) <= {entries[seq] for seq in outcomes}


def test_the_page_opens_on_outcomes_and_shows_every_step_on_request(auditor):
    write(STEP, OUTCOME)

    page = auditor.get(reverse("audit"), {"q": "batch:7"})
    (link,) = re.findall(r'href="([^"]+)">Every step', page.content.decode())
    every_step = auditor.get(link.replace("&amp;", "&"))

    assert actions(page) == [OUTCOME]
    assert actions(every_step) == [OUTCOME, STEP]
    assert (page.context["count"], every_step.context["count"]) == (1, 2)


@pytest.mark.parametrize("text", ["action:calls.started", "entry:0..500", "show:steps batch:7"])
def test_a_search_that_names_steps_shows_them(auditor, text):
    write(STEP)

    page = auditor.get(reverse("audit"), {"q": text})

    assert STEP in actions(page)
    assert "Every step</a>" not in page.content.decode()


def test_pages_menus_and_filters_keep_every_step(auditor):
    write(*[STEP] * 60)

    page = auditor.get(reverse("audit"), {"q": "batch:7", "steps": "all"})
    chosen = auditor.get(reverse("audit"), {"q": "batch:7", "steps": "all", "action": STEP})

    older = auditor.get(page.context["older"])
    assert (len(actions(page)), len(actions(older))) == (50, 10)
    assert "steps=all" in older.context["newest"]
    assert all("steps=all" in chip["without"] for chip in page.context["chips"])
    assert "steps=all" in chosen["Location"]
    assert '<input type="hidden" name="steps" value="all">' in page.content.decode()


def test_an_export_holds_every_step_unless_it_says_outcomes(auditor):
    write(STEP, OUTCOME)

    page = auditor.get(reverse("audit"), {"q": "batch:7"}).content.decode()

    choices = re.findall(r'<input type="radio" name="q" value="([^"]*)"( checked)?', page)
    assert choices == [("batch:7", " checked"), ("batch:7 show:outcomes", "")]


def test_a_search_without_outcomes_points_to_the_steps(auditor):
    write(STEP)

    page = auditor.get(reverse("audit"), {"q": "batch:7"})

    assert "Technical steps are not shown" in page.content.decode()


def test_acts_of_a_worker_name_the_product_and_the_person(auditor):
    person = PRIYA
    with transaction.atomic():
        record_all(
            [Event(action=OUTCOME, batch="batch/7")],
            by=type(person)(ref=person.ref, name=person.name, means="worker"),
            at=AT,
        )
    write("batch.paused")
    write("batch.expired", by=SYSTEM)

    lines = auditor.get(reverse("audit"), {"q": "batch:7"}).context["lines"]

    assert [line.done_by for line in lines] == [
        "the system",
        "Priya Mehta",
        "Assignment Desk, for Priya Mehta",
    ]


def test_a_search_says_in_the_log_which_entries_it_showed(auditor):
    write(STEP, OUTCOME)

    auditor.get(reverse("audit"), {"q": "batch:7"})

    newest = LogEntry.objects.filter(action="log.searched").latest("seq")
    detail = orjson.loads(bytes(newest.body))["detail"]
    assert (detail["search"], detail["entries"]) == ("batch:7 show:outcomes", 1)


def test_another_word_after_show_is_refused_with_what_to_write():
    with pytest.raises(QuerySyntaxError, match="show:outcomes or show:steps"):
        parse("show:everything", today=DUE)
