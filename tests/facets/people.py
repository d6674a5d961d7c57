"""Five people with facets, and what pages show of them."""

import re

from assignments.audit.entries.actors import SYSTEM
from assignments.models import Draft
from assignments.services.syncing import facets
from tests.factories import AT, make_account, make_learner, make_user

HTMX = {"HX-Request": "true"}
DEPARTMENT = ("department", "Department")
LOCATION = ("location", "Location")
HIRED = ("hire_date", "Hire date")
TEAMS = (
    ("Ada", "Sales", "Lagos", "2024-03-15"),
    ("Ben", "Legal", "Athens", "2025-12-31"),
    ("Cid", "Sales", "Athens", "2026-01-01"),
    ("Dan", "IT", "Oslo", "2026-06-30"),
    ("Eve", "IT", None, None),
)


def set_facets(*chosen, account=None):
    """Set the facets of an account, as pairs of path and label."""
    account = account or make_account()
    facets.set_facets(account=account, chosen=chosen, by=SYSTEM, now=AT)


def make_people():
    """Return five people by name, with facets of department, location and hire date."""
    names = ("department", "location", "hire_date")
    people = {
        name: make_learner(name=name, custom_fields=dict(zip(names, fields, strict=True)))
        for name, *fields in TEAMS
    }
    set_facets(DEPARTMENT, LOCATION, HIRED)
    return people


def make_draft(client):
    """Sign a manager in and return the manager's draft."""
    user = make_user("manager")
    client.force_login(user)
    return Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)


def shown(client, draft, query):
    """Return the names in the table of the draft's page."""
    page = client.get(f"/assign/{draft.pk}/?{query}").context["page"]
    return [str(row) for row in page.people.rows]


def listed(response):
    """Return the values of the open list with their counts, and those that are ticked."""
    html = response.content.decode()
    boxes = re.findall(
        r'<input type="checkbox"\s+name="f\.[^"]*"\s+value="([^"]*)"[^>]*?(checked)?>'
        r'.*?<span class="num muted">([\d,]+)',
        html,
        re.DOTALL,
    )
    return (
        {value: int(people.replace(",", "")) for value, _, people in boxes},
        [value for value, checked, _ in boxes if checked],
    )
