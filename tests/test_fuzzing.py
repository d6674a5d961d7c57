"""Generated requests to every URL by every role cause no server error and no markup injection.

FUZZ_CASES sets the number of requests: 120 by default, 10,000 with `make fuzz`.
"""

import os
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assignments.models import Draft
from tests.factories import AT, make_account, make_audience, make_batch, make_learner, make_user
from tests.log_fixtures import write_log
from tests.sandbox_process import ROOT

CASES = int(os.environ.get("FUZZ_CASES") or "120")
PROBE = "<x-probe onload=1>"
ROLES = ("manager", "auditor", "admin", "")
DRAFT = uuid.UUID(int=7)
# Returns 503 while no worker runs.
MAY_BE_503 = "readyz"
FIELDS = sorted(
    {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'\bname="([\w-]+)"', path.read_text())
    }
    | {"q", "page", "after", "before", "sort", "state", "next", "key", "code", "file", "day"}
)
WORDS = {
    "int": st.sampled_from(["0", "1", "2", "7", "99999999999999999999999"]),
    "uuid": st.sampled_from([str(DRAFT), str(uuid.UUID(int=8))]),
    "str": st.sampled_from(["pause", "start", "retry", "manager", "1", "csv", "%3Cx-probe%3E"]),
}
NASTY = st.one_of(
    st.sampled_from(
        [
            PROBE,
            f'"{PROBE}',
            f"'{PROBE}",
            "",
            "0",
            "-1",
            "1",
            "1e309",
            "NaN",
            "9" * 30,
            "2026-02-30",
            "2027-01-15",
            "in 99999999999 days",
            "pending",
            "completed",
            "\0",
            "=cmd|' /C calc'!A0",
            "../../../etc/passwd",
            "https://evil.example",
            "//evil.example",
            "%",
            "_",
            str(DRAFT),
            "a" * 3000,
        ]
    ),
    st.text(max_size=40),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
)
VALUES = st.one_of(st.just(PROBE), NASTY)
FEW = st.dictionaries(
    st.sampled_from(FIELDS), st.lists(VALUES, min_size=1, max_size=2), max_size=12
)
# Every list and search reads the parameter q.
DATA = st.builds(lambda few, words: {**few, "q": words}, FEW, VALUES)
UPLOADS = st.one_of(
    st.none(),
    st.binary(max_size=200),
    st.sampled_from([b"PK\x03\x04" + b"x" * 60, b"email\n" + PROBE.encode(), b"\xff\xfe\0"]),
)


def addresses(patterns, before=""):
    """Yield the name and route of every URL pattern."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield pattern.name, route


@st.composite
def paths(draw):
    """Return the name of a URL pattern and a path that matches it."""
    name, route = draw(st.sampled_from(sorted(addresses(get_resolver().url_patterns))))
    parts = re.split(r"<(?:(\w+):)?\w+>", route)
    words = [draw(WORDS.get(kind, WORDS["str"])) for kind in parts[1::2]]
    return name, "/" + "".join(map("".join, zip(parts[::2], [*words, ""], strict=True)))


class FuzzRequest(NamedTuple):
    """A request: its URL, the role of its sender and its parameters."""

    name: str
    path: str
    role: str
    is_htmx: bool
    query: dict[str, Any]


REQUESTS = st.builds(
    lambda to, *more: FuzzRequest(*to, *more),
    paths(),
    st.sampled_from(ROLES),
    st.booleans(),
    DATA,
)
# Half for each of the two tests, so that they can run in parallel.
HALF = settings(max_examples=CASES // 2, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
class Fuzzing(TestCase):
    """Tests with one object of each kind and a user of each role."""

    people: dict[str, Any]

    @classmethod
    def setUpTestData(cls) -> None:
        """Create one object of each kind."""
        write_log(3)
        cls.people = {role: make_user(role) for role in ROLES if role}
        owner = cls.people["manager"]
        make_batch(["created", "rejected", "unknown"], by=owner)
        Draft.objects.create(
            pk=DRAFT, account=make_account(), owner=owner, created_at=AT, changed_at=AT
        )
        make_audience(owner, make_learner())

    def setup_example(self) -> None:
        """Reset the rate limits."""
        super().setup_example()
        cache.clear()

    @HALF
    @given(request=REQUESTS)
    def test_get_requests_cause_no_server_error_and_no_injection(self, *, request):
        self.check(
            request,
            lambda client, more: client.get(request.path, query_params=request.query, **more),
        )

    @HALF
    @given(request=REQUESTS, form=DATA, upload=UPLOADS)
    def test_post_requests_cause_no_server_error_and_no_injection(self, *, request, form, upload):
        file = {} if upload is None else {"file": SimpleUploadedFile(f"{PROBE}.csv", upload)}
        sent = {**form, **file}
        self.check(
            request,
            lambda client, more: client.post(
                request.path, sent, query_params=request.query, **more
            ),
        )

    def check(self, request: FuzzRequest, send: Callable[..., Any]) -> None:
        """Send a request as its role, and check the response."""
        client = Client()
        if request.role:
            client.force_login(self.people[request.role])
        response = send(client, {"headers": {"HX-Request": "true"} if request.is_htmx else {}})

        content = b"".join(response) if response.streaming else response.content
        status, path = response.status_code, request.path
        assert status < 500 or request.name == MAY_BE_503, (path, status)
        if response["Content-Type"].startswith("text/html"):
            assert PROBE.encode() not in content, path
        assert "evil.example" not in response.get("Location", "").partition("?")[0], path
