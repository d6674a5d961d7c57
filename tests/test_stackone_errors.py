"""What each response means: its error, sentence and evidence."""

import inspect
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.stackone import errors, outcome_rules
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    NotSent,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.responses import ApiResponse


def make_response(status: int, body: object = None, **headers: str) -> ApiResponse:
    """Return a response with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ApiResponse(status, named, "" if body is None else json.dumps(body))


def test_the_docstring_lists_every_error():
    lines = (line.split() for line in (errors.__doc__ or "").splitlines())
    drawn = [words[1] for words in lines if words and words[0] in {"*", "+", "-", "·"}]
    defined = [name for name, kind in vars(errors).items() if inspect.isclass(kind)]

    assert drawn == defined
    assert issubclass(RateLimited, NotSent)
    assert issubclass(Conflict, Refused)
    assert issubclass(AccountUnusable, Refused)
    assert issubclass(NotSupported, AccountUnusable)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (202, OutcomeUnknown),
        (204, OutcomeUnknown),
        (302, OutcomeUnknown),
        (400, Refused),
        (401, AccountUnusable),
        (402, Refused),
        (403, AccountUnusable),
        (404, Refused),
        (405, Refused),
        (408, OutcomeUnknown),
        (409, Conflict),
        (410, Refused),
        (412, AccountUnusable),
        (413, Refused),
        (422, Refused),
        (429, RateLimited),
        (500, OutcomeUnknown),
        (501, NotSupported),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (504, OutcomeUnknown),
        (520, OutcomeUnknown),
    ],
)
def test_error_of_each_status(status, kind):
    response = make_response(
        status, {"message": "Because of something."}, date="today", set_cookie="no"
    )

    error = outcome_rules.error_for(response)

    assert type(error) is kind
    assert (error.status, error.field) == (status, "")
    assert error.response == {
        "status": status,
        "headers": {"date": "today"},
        "body": '{"message": "Because of something."}',
    }
    if status >= 400:
        assert str(error) == error.message == "Because of something."


@pytest.mark.parametrize("status", [401, 403, 404, 412, 501])
def test_a_refusal_that_the_provider_explains_is_about_the_call(status):
    body = {"message": "Invalid account ID", "provider_errors": [{"raw": "Not enrolled."}]}

    error = outcome_rules.error_for(make_response(status, body))

    assert (type(error), error.is_from_provider) == (
        NotSupported if status == 501 else Refused,
        True,
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param({"message": "Invalid account ID"}, AccountUnusable, id="the account"),
        pytest.param({"message": "Account not found"}, AccountUnusable, id="account not found"),
        pytest.param({"message": "Unknown x-account-id"}, AccountUnusable, id="the header"),
        pytest.param({"message": "User not found"}, Refused, id="the learner"),
        pytest.param({"message": "User account not found"}, Refused, id="a learner's own account"),
        pytest.param({"message": "Accounting basics: no such course"}, Refused, id="a title"),
        pytest.param(
            {"message": "Invalid account ID", "provider_errors": [{"raw": "no such person"}]},
            Refused,
            id="the provider's own account",
        ),
        pytest.param(None, Refused, id="no reason"),
    ],
)
def test_a_404_about_the_account_differs_from_others(body, kind):
    assert type(outcome_rules.error_for(make_response(404, body))) is kind


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [
        pytest.param(
            {"message": "Bad Request: status.value must be one of pending, completed"},
            "status.value must be one of pending, completed",
            "status.value",
            id="named in the sentence",
        ),
        pytest.param(
            {
                "message": "Unprocessable Entity",
                "provider_errors": [{"status": 422, "raw": {"message": "due_date is past"}}],
            },
            "due_date is past",
            "due_date",
            id="named by the provider",
        ),
        pytest.param(
            {"message": "No: X.", "provider_errors": [{"raw": {"message": "X"}}]},
            "No: X.",
            "",
            id="said twice",
        ),
        pytest.param(
            {"provider_errors": [{"raw": {"errors": [{"property": "progress"}], "n": 1}}]},
            "StackOne responded 422 Unprocessable Content without a reason.",
            "progress",
            id="named alone, deep inside",
        ),
        *(
            pytest.param({name: errors}, "Not enrolled.", "", id=f"{name} {json.dumps(errors)}")
            for name in ("errors", "provider_errors", "error")
            for errors in (
                "Not enrolled.",
                ["Not enrolled."],
                {"person": ["Not enrolled."]},
                [{"code": "E7", "reason": "Not enrolled."}],
                [{"raw": "Not enrolled."}],
            )
        ),
        pytest.param(
            {"message": "\x1b[2JNot\r\nenrolled\x9f."}, " [2JNot enrolled .", "", id="commands"
        ),
        pytest.param(
            {"message": "Request failed with status code 422; a sync is in progress"},
            "Request failed with status code 422; a sync is in progress",
            "",
            id="everyday words",
        ),
        pytest.param(
            {"message": ["a is wrong", None, "assigned_at must be a date"]},
            "a is wrong; assigned_at must be a date",
            "assigned_at",
            id="a list of sentences",
        ),
        pytest.param(
            {"message": "Bad", "data": {"statusCode": 400, "message": "No such enrolment plan"}},
            "Bad. The LMS says: No such enrolment plan",
            "",
            id="what the provider said, in the older form",
        ),
        pytest.param({"provider_errors": [{"raw": "Sorry"}]}, "Sorry", "", id="raw text"),
        pytest.param(
            {"message": "learning_object_external_reference should not be empty"},
            "learning_object_external_reference should not be empty",
            "learning_object_external_reference",
            id="not a part of a longer name",
        ),
        pytest.param([], None, "", id="a bare list"),
        pytest.param(None, None, "", id="no body"),
    ],
)
def test_error_has_a_sentence_and_a_field(body, message, field):
    error = outcome_rules.error_for(make_response(422, body))

    nothing = "StackOne responded 422 Unprocessable Content without a reason."
    assert (error.message, error.field) == (message or nothing, field)


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        pytest.param(502, "<h1>Bad gateway</h1>", "502 Bad Gateway without a reason", id="a page"),
        pytest.param(599, "", "599 without a reason", id="a status without a name"),
        pytest.param(500, "[" * 100_000, "500 Internal Server Error without a reason", id="deep"),
    ],
)
def test_error_without_json(status, text, message):
    error = outcome_rules.error_for(ApiResponse(status, {}, text))

    assert error.message == f"StackOne responded {message}."
    assert error.response == {"status": status, "headers": {}, "body": text[:2000]}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (307, "StackOne responded 307, a redirect that is not followed. Check the base URL."),
        (202, "StackOne responded 202 without what it was asked for."),
    ],
)
def test_error_of_a_status_below_400(status, message):
    assert outcome_rules.error_for(make_response(status)).message == message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"retry_after": "7"}, 7, id="seconds"),
        pytest.param({"retry_after": " 1.5 "}, 1.5, id="part of a second"),
        pytest.param({"retry_after": "-5"}, None, id="negative"),
        pytest.param({"retry_after": "1800000000"}, None, id="a moment"),
        pytest.param({"retry_after": "nan"}, None, id="not a number"),
        pytest.param({"retry_after": "5, 10"}, None, id="a list"),
        pytest.param({"retry_after": "86400"}, 3600, id="a day"),
        pytest.param({"retry_after": "inf"}, None, id="for ever"),
        pytest.param({"retry_after": "soon"}, None, id="a word"),
        pytest.param({"retry_after": "9" * 400}, None, id="no number at all"),
        pytest.param(
            {
                "retry_after": "Mon, 23 Nov 2026 12:00:30 GMT",
                "date": "Mon, 23 Nov 2026 12:00:00 GMT",
            },
            30,
            id="a date by the server's clock",
        ),
        pytest.param(
            {"retry_after": "Mon, 23 Nov 2026 12:00:30", "date": "nonsense"},
            30,
            id="a date by our clock",
        ),
        pytest.param({"retry_after": "Mon, 23 Nov 2020 12:00:30 GMT"}, 0, id="a date long past"),
        pytest.param({"retry_after": "Sat, 23 Nov 2999 12:00:30 GMT"}, 3600, id="years ahead"),
    ],
)
def test_rate_limited_has_retry_after(clock, headers, seconds):
    clock.move_to(datetime(2026, 11, 23, 12, tzinfo=UTC), tick=False)

    error = outcome_rules.error_for(make_response(429, {"message": "Slow down"}, **headers))

    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


NUMBERS = st.integers() | st.floats()
DATES = st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"))


@given(
    header=st.text() | NUMBERS.map(str) | DATES | st.lists(NUMBERS, max_size=3).map(str),
    date=st.text() | DATES,
)
def test_no_retry_after_is_longer_than_an_hour(header, date):
    response = ApiResponse(429, {"retry-after": header, "date": date}, "")

    seconds = response.retry_after()

    assert seconds is None or 0 <= seconds <= 3_600


def test_an_error_without_a_response_has_no_evidence():
    error = RateLimited("Slow\0 down.", retry_after=5)

    assert vars(error) == {
        "message": "Slow down.",
        "status": 429,
        "field": "",
        "response": {},
        "retry_after": 5,
        "is_from_provider": False,
    }
    assert vars(NotSent("x" * 900))["message"] == "x" * 500


def test_evidence_is_bounded_and_storable():
    headers = {"x-request-id": "r" * 900, "authorization": "no"}
    response = ApiResponse(500, headers, "\0é\ud800" * 3000)

    kept = response.evidence()

    assert kept["headers"] == {"x-request-id": "r" * 200}
    assert kept["body"] == ("\0é?" * 3000)[:2000].replace("\0", "")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
LIKELY_KEYS = st.sampled_from(["message", "provider_errors", "data", "raw", "errors", "status"])


@given(
    status=st.integers(200, 599),
    body=ANY_JSON | st.dictionaries(LIKELY_KEYS, ANY_JSON) | st.just([["x"]]),
    headers=st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()),
)
def test_error_for_accepts_any_response(status, body, headers):
    error = outcome_rules.error_for(ApiResponse(status, headers, json.dumps(body)))

    assert isinstance(error, StackOneError)
    assert 0 < len(error.message) <= 500
    json.dumps(error.response, ensure_ascii=False).encode()
