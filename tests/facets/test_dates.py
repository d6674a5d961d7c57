"""Fields of dates, and content that is due before a day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from assignments.models import (
    DraftContent,
    Facet,
    FacetValue,
    RemoteAssignment,
)
from assignments.services.syncing import facets
from tests.facets.people import (
    HIRED,
    LOCATION,
    set_facets,
    shown,
)
from tests.factories import AT, make_account, make_content, make_learner

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_only_fields_whose_values_are_all_dates_are_dates():
    make_learner(
        custom_fields={
            "iso": "2026-03-15T00:00:00Z",
            "words": "15 March 2026",
            "cost_centre": "46097",
            "mixed": "2026-03-15",
            "none": None,
        }
    )
    make_learner(custom_fields={"mixed": "unknown"})
    paths = ("iso", "words", "cost_centre", "mixed", "none")
    set_facets(*((path, path) for path in paths))

    dates = Facet.objects.filter(is_date=True).order_by("position")
    assert [facet.path for facet in dates] == ["iso", "words"]
    values = FacetValue.objects.filter(facet__is_date=True).values_list("value", flat=True)
    assert list(values) == ["2026-03-15", "2026-03-15"]


def test_the_first_sync_chooses_the_hire_date():
    person = {"Hire_Date": "2026-03-15", "department": "Sales", "start_date": None}
    facets.set_default_facets(account=make_account(), people=iter([person]), now=AT)

    chosen = Facet.objects.order_by("position").values_list("path", "is_date")
    assert list(chosen) == [("department", False), ("Hire_Date", True), ("start_date", False)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("has=has&due_before=2026-12-01", ["Ada", "Ben"], id="has it"),
        pytest.param("due_before=2026-12-01", ["Ada", "Ben"], id="without a choice"),
        pytest.param("has=completed&due_before=2026-12-01", ["Ben"], id="completed it"),
        pytest.param("has=none&due_before=2026-12-01", ["Cid", "Dan", "Eve"], id="not due"),
        pytest.param("has=has&due_before=2026-12-02", ["Ada", "Ben", "Cid"], id="a day later"),
        pytest.param("has=has&due_before=9999-12-31", ["Ada", "Ben", "Cid", "Dan"], id="ignored"),
        pytest.param("has=has&due_before=0001-01-01", ["Ada", "Ben", "Cid", "Dan"], id="year 1"),
    ],
)
def test_content_that_is_due_before_a_day(client, draft, people, settings, query, names):
    settings.TIME_ZONE = "Pacific/Auckland"
    content = make_content()
    DraftContent.objects.create(draft=draft, content=content)
    midnight = datetime(2026, 12, 1, tzinfo=ZoneInfo(settings.TIME_ZONE))
    dues = {
        "Ada": midnight - timedelta(seconds=1),
        "Ben": AT,
        "Cid": midnight,
        "Dan": None,
    }
    for name, due_at in dues.items():
        RemoteAssignment.objects.create(
            account=draft.account,
            remote_id=name,
            learner=people[name],
            content=content,
            status="completed" if name == "Ben" else "pending",
            due_at=due_at,
            first_seen_at=AT,
        )

    assert shown(client, draft, query) == names


def test_a_column_of_dates_is_read_as_people_write_them(client, draft, people):
    set_facets(HIRED, LOCATION)

    rows = client.get(f"/assign/{draft.pk}/").context["page"].people.rows

    assert rows[0].values == ["15 March 2024", "Lagos"]
    assert rows[4].values == ["", ""]


def test_a_due_day_filters_nobody_without_content(client, draft, people):
    page = client.get(f"/assign/{draft.pk}/?has=has&due_before=2026-12-01").context["page"]

    assert (len(page.people.rows), page.table.filter) == (5, "")
