"""A crawler for each role: every link works, and no page opens for users without access."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.verification.whole_log import verify_log
from assignments.models import Draft, DraftContent, DraftLearner
from dashboard.access.rules import PUBLIC, RULES, SIGNED_IN
from tests.factories import (
    AT,
    make_account,
    make_audience,
    make_batch,
    make_content,
    make_learner,
    make_user,
)
from tests.log_fixtures import write_log

pytestmark = pytest.mark.django_db
LINK = re.compile(r'(?:href|action|hx-get|hx-post|formaction)="([^"#]+)')
ROLES = ("manager", "auditor", "admin")
# 204: a live part that has not changed.
SHOWN = {200, 204}
# Files, and signing out.
NOT_PAGES = ("/static/", "/logout/")


@pytest.fixture
def people():
    """Return a user of each role, with one object of each kind that the manager owns."""
    users = {role: make_user(role) for role in ROLES}
    owner = users["manager"]
    make_batch(["created", "rejected", "unknown", "queued"], by=owner, state="running")
    draft = Draft.objects.create(account=make_account(), owner=owner, created_at=AT, changed_at=AT)
    DraftLearner.objects.create(draft=draft, learner=make_learner())
    DraftContent.objects.create(draft=draft, content=make_content())
    make_audience(owner, make_learner())
    write_log(5)
    verify_log(by=SYSTEM, now=AT)
    return users


def browser(user=None) -> Client:
    """Return the client of a user, or of an anonymous visitor."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, method: str, address: str, **how):
    """Return the response, read to its end so that its files are closed."""
    response = getattr(client, method.lower())(address, **how)
    if response.streaming:
        list(response)
    return response


def kind(address: str) -> tuple[str, ...]:
    """Return the view and parameters of a URL, equal for URLs of the same kind of page."""
    parts = urlsplit(address)
    return (resolve(parts.path).url_name or "", *sorted(dict(parse_qsl(parts.query))))


def links(response, address: str) -> Iterator[str]:
    """Yield the URLs of this site that a page links to."""
    if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
        return
    for link in LINK.findall(response.content.decode()):
        url = urljoin(address, unescape(link))
        if not (urlsplit(url).netloc or url.startswith(NOT_PAGES)):
            yield url


def crawled(client: Client) -> tuple[dict[str, int], set[str]]:
    """Return the status of one page of each kind, and all linked paths."""
    waiting, kinds, seen, named = ["/"], set(), {}, set()
    while waiting:
        address = waiting.pop()
        response = ask(client, "GET", address, follow=True)
        seen[address] = response.status_code
        for link in links(response, address):
            named.add(urlsplit(link).path)
            if kind(link) not in kinds and "GET" in RULES[kind(link)[0]].methods:
                kinds.add(kind(link))
                waiting.append(link)
    return seen, named


@pytest.mark.slow
def test_links_work_and_are_closed_to_other_users(people):
    named: set[str] = set()
    for role, user in people.items():
        statuses, paths = crawled(browser(user))
        named |= paths
        assert len(statuses) > 10, role
        assert {
            address: status for address, status in statuses.items() if status not in SHOWN
        } == {}, role
    # One path of each kind: access rules are the same for all of a kind.
    one_each = {kind(path): path for path in sorted(named)}.values()
    visitors = {**people, "nobody": None, "stranger": make_user("manager")}
    opened = [
        (role, method, path)
        for role, user in visitors.items()
        for path in one_each
        for method in RULES[kind(path)[0]].methods
        if not is_access_right(ask(browser(user), method, path), role, path)
    ]

    assert len(one_each) > 25
    assert opened == []


def is_access_right(response, role, address):
    """Return whether the response is right for the role."""
    rule = RULES[kind(address)[0]]
    if role == "nobody" and rule.requires != PUBLIC:
        return response.status_code == 302 and response["Location"].startswith("/login/")
    if role == "stranger":
        # Only its owner may open a draft and the pages below it.
        is_draft = re.match(r"/assign/[0-9a-f-]{36}", address)
        return response.status_code == 404 if is_draft else response.status_code < 500
    may = rule.requires in {PUBLIC, SIGNED_IN} or rule.allows(role)
    return response.status_code < 500 if may else response.status_code == 403
