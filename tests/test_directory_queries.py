"""Queries of the directory, drafts and plans, and formatting of numbers and dates."""

import unicodedata
from datetime import date, timedelta
from operator import attrgetter
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Account, Draft, DraftContent, DraftLearner, RemoteAssignment, Worker
from assignments.models.sql.text_folding import fold
from assignments.queries import directory, drafts, formatting
from assignments.queries.connection_status import has_running_worker
from assignments.services.planning import frozen_plan, plan_rows
from tests.factories import AT, make_account, make_batch, make_content, make_learner, make_user

pytestmark = pytest.mark.core

database = pytest.mark.django_db
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@pytest.fixture
def draft(db):
    """Return an empty draft."""
    return Draft.objects.create(
        account=make_account(), owner=make_user(), created_at=AT, changed_at=AT
    )


def hold(learner, content, due_at=None, remote_id=None, status="pending"):
    """Create an assignment in the local copy of the LMS."""
    return RemoteAssignment.objects.create(
        account=make_account(),
        remote_id=remote_id or str(uuid4()),
        learner=learner,
        content=content,
        due_at=due_at,
        status=status,
        first_seen_at=AT,
    )


def fill(draft, people, contents):
    """Select people and items in the draft."""
    for learner in people:
        DraftLearner.objects.create(draft=draft, learner=learner)
    for content in contents:
        DraftContent.objects.create(draft=draft, content=content)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param("Priya MEHTA", "priya mehta", id="case"),
        pytest.param("Agnieszka Nováková", "agnieszka novakova", id="accents"),
        pytest.param("Søren", "soren", id="o with a stroke"),
        pytest.param("Łukasz", "lukasz", id="l with a stroke"),
        pytest.param("Đorđe", "dorde", id="d with a stroke"),
        pytest.param("Weiß", "weiss", id="sharp s"),
        pytest.param("Y\N{LATIN SMALL LETTER DOTLESS I}lmaz", "yilmaz", id="i without a dot"),
        pytest.param("İpek", "ipek", id="capital i with a dot"),
        pytest.param("Þóra Ægisdóttir", "thora aegisdottir", id="Icelandic letters"),
        pytest.param("O\N{RIGHT SINGLE QUOTATION MARK}Neil", "o'neil", id="curly apostrophe"),
        pytest.param("\N{LATIN SMALL LIGATURE FI}re", "fire", id="a ligature"),
        pytest.param("李 Ольга", "李 ольга", id="letters of other scripts stay"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_fold_returns_what_people_type(text, plain):
    assert fold(text) == plain


@given(text=st.text())
def test_fold_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


@given(text=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=591)))
def test_fold_is_independent_of_unicode_normalisation(text):
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))

    assert fold(composed) == fold(apart)


@database
@pytest.mark.parametrize(
    ("search", "names"),
    [
        pytest.param({}, ["Ada", "Ben"], id="everybody who is active, by name"),
        pytest.param({"with_inactive": True}, ["Ada", "Ben", "Cid"], id="inactive too"),
        pytest.param({"words": "SALES"}, ["Ada"], id="one word in any case"),
        pytest.param({"words": "nw sales"}, ["Ada"], id="every word"),
        pytest.param({"words": "sales legal"}, [], id="no one has both"),
        pytest.param({"words": "%"}, [], id="a percent sign is itself"),
        pytest.param({"words": "_"}, [], id="an underscore is itself"),
    ],
)
def test_people_finds(search, names):
    make_learner(name="Ben", search_text="ben nw legal")
    make_learner(name="Ada", search_text="ada nw sales")
    make_learner(name="Cid", search_text="cid nw", is_active=False)
    second = Account.objects.create(remote_id="second", name="Docebo")
    make_learner(second, name="Eve", search_text="eve nw sales")

    people = directory.people(account_pk=make_account().pk, **search)

    assert [str(learner) for learner in people] == names


@database
def test_people_of_every_account_and_of_one_draft(draft):
    second = Account.objects.create(remote_id="second", name="Docebo")
    ada, eve = make_learner(name="Ada"), make_learner(second, name="Eve")
    fill(draft, [ada], [])

    assert list(directory.people(account_pk=None)) == [ada, eve]
    assert list(directory.people(account_pk=None, picked_in=draft.pk)) == [ada]


@database
def test_content_options_are_the_first_eight_not_selected():
    account = make_account()
    old = make_content(title="Aged", is_active=False, search_text="fire")
    contents = [make_content(title=f"Fire {n}", search_text="fire") for n in range(9)]

    def options(besides):
        return directory.content_options(account_pk=account.pk, words="fire", exclude=besides)

    assert options([]) == contents[:8]
    assert options([contents[0].pk, contents[1].pk]) == [*contents[2:], old]


@database
def test_holder_counts_counts_each_person_once_per_item():
    held, free, ada, ben = make_content(), make_content(), make_learner(), make_learner()
    for learner in (ada, ada, ben, None):
        hold(learner, held)

    assert directory.holder_counts([held.pk, free.pk]) == {held.pk: 2}


@database
def test_held_statuses_prefers_completed_then_the_latest_due_date():
    first, second, other = make_content(), make_content(), make_content()
    ada, ben, cid, dee = (make_learner() for _ in range(4))
    for content, due_at in ((first, AT + timedelta(days=9)), (second, AT), (other, None)):
        hold(ada, content, due_at)
    hold(ben, first, AT, status="completed")
    hold(ben, second, AT + timedelta(days=1))
    hold(cid, first, None)
    hold(dee, other, AT)
    hold(None, first, AT)

    pks = [learner.pk for learner in (ada, ben, cid, dee)]

    assert directory.held_statuses(pks, [first.pk, second.pk]) == {
        ada.pk: ("pending", AT + timedelta(days=9)),
        ben.pk: ("completed", AT),
        cid.pk: ("pending", None),
    }


def test_open_drafts_are_the_users_own_with_counts(draft):
    fill(draft, [make_learner(), make_learner()], [make_content(), make_content(), make_content()])
    own = {"account": draft.account, "owner": draft.owner, "created_at": AT}
    newer = Draft.objects.create(**own, changed_at=AT + timedelta(hours=1))
    sent = Draft.objects.create(**own, changed_at=AT, is_submitted=True)
    Draft.objects.create(**own | {"owner": make_user()}, changed_at=AT)

    open_drafts = drafts.open_drafts(owner_pk=draft.owner_id)

    numbers = attrgetter("pk", "people", "items")
    assert [numbers(each) for each in open_drafts] == [(newer.pk, 0, 0), (draft.pk, 2, 3)]
    assert set(drafts.own_drafts(owner_pk=draft.owner_id)) == {newer, draft, sent}


def test_selected_items_are_ordered_by_title(draft):
    ben, ada, cid = (make_learner() for _ in range(3))
    late, early = make_content(title="Zeal"), make_content(title="Care")
    fill(draft, [ben, ada], [late, early])

    assert list(drafts.selected_items(draft)) == [early, late]
    assert drafts.selected_of(draft, [ada.pk, cid.pk]) == {ada.pk}


def test_plan_counts_rows_to_create_and_skipped_rows_by_reason(draft, settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 60
    people = [make_learner(name=f"Person {n}", is_active=n < 3) for n in range(4)]
    contents = [make_content(title="Care"), make_content(title="Zeal")]
    fill(draft, people, contents)
    hold(people[0], contents[1])

    batch = frozen_plan.freeze(draft=draft, now=AT)

    assert drafts.plan(draft.pk) == drafts.Plan(
        batch=batch,
        contents=contents,
        to_create=5,
        skipped=[(plan_rows.ALREADY_ASSIGNED, 1), (plan_rows.INACTIVE, 2)],
        takes="about 5 seconds",
        is_large_share=True,
    )
    rows = [(str(row.content), str(row.learner)) for row in drafts.planned_rows(batch)][:5]
    care = [("Care", f"Person {n}") for n in range(4)]
    assert rows == [*care, ("Zeal", "Person 0")]


@pytest.mark.parametrize(
    ("everybody", "is_large"),
    [
        pytest.param(10, False, id="a tenth is not more than a tenth"),
        pytest.param(9, True, id="one of nine"),
        pytest.param(0, False, id="a directory without active people"),
    ],
)
def test_plan_flags_a_large_share_of_the_directory(draft, everybody, is_large):
    leaver = make_learner(is_active=False)
    people = [make_learner() for _ in range(everybody)]
    fill(draft, people[:1] or [leaver], [make_content()])
    frozen_plan.freeze(draft=draft, now=AT)

    plan = drafts.plan(draft.pk)

    assert plan is not None
    assert plan.is_large_share == is_large


def test_a_plan_is_returned_until_it_is_submitted(draft):
    assert (drafts.plan(draft.pk), drafts.submitted_batch(draft.pk)) == (None, None)

    batch = make_batch(["created"], submission_key=draft.pk)

    assert (drafts.plan(draft.pk), drafts.submitted_batch(draft.pk)) == (None, batch.number)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(0, "less than a second", id="nothing"),
        pytest.param(0.4, "less than a second", id="less than half a second"),
        pytest.param(1.2, "about 1 second", id="one second"),
        pytest.param(59.4, "about 59 seconds", id="just under a minute"),
        pytest.param(59.6, "about 1 min", id="rounded to a minute"),
        pytest.param(75, "about 1 min 15 s", id="a minute and some seconds"),
        pytest.param(2 * MINUTE, "about 2 min", id="two minutes"),
        pytest.param(20 * MINUTE + 20, "about 20 min", id="minutes"),
        pytest.param(2 * HOUR, "about 2 h", id="two hours"),
        pytest.param(33.4 * HOUR, "about 33 h", id="hours"),
        pytest.param(2 * DAY, "about 2 days", id="two days"),
        pytest.param(6.6 * DAY, "about 7 days", id="days"),
    ],
)
def test_duration_in_words(seconds, text):
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("zone", "value", "text"),
    [
        pytest.param("Europe/London", None, "No due date", id="none"),
        pytest.param(
            "Europe/London",
            date(2027, 1, 5),
            "Tuesday 5 January 2027, end of day in London",
            id="a day",
        ),
        pytest.param(
            "America/New_York",
            date(2027, 1, 15),
            "Friday 15 January 2027, end of day in New York",
            id="a place of two words",
        ),
        pytest.param(
            "UTC", date(2027, 1, 15), "Friday 15 January 2027, end of day in UTC", id="no place"
        ),
    ],
)
def test_due_date_names_the_city_of_the_time_zone(settings, zone, value, text):
    settings.TIME_ZONE = zone

    assert formatting.due(value) == text


def test_short_day_has_no_weekday():
    assert formatting.short_day(date(2027, 1, 5)) == "5 January 2027"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(0, "0 people", id="nobody"),
        pytest.param(1, "1 person", id="one"),
        pytest.param(12_000, "12,000 people", id="many"),
    ],
)
def test_people_are_counted_in_words(count, text):
    assert formatting.people(count) == text


@database
@pytest.mark.parametrize(
    ("age", "is_seen"),
    [
        pytest.param(timedelta(seconds=59), True, id="just now"),
        pytest.param(timedelta(seconds=60), False, id="a minute ago"),
    ],
)
def test_a_worker_counts_as_running_for_a_minute(age, is_seen):
    Worker.objects.create(name="one", seen_at=AT - age)

    assert has_running_worker(now=AT) == is_seen
