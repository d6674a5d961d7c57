"""Decide what a response means: which error a status stands for, or what was created.

The rules follow from how StackOne behaves: a 408 is ambiguous because StackOne sends it when its
own retries at the provider take too long; a 412 says that the linked account cannot be used. A
refusal with `provider_errors` is about this call only, since StackOne has passed it on. Every 2xx
says that the request was taken, perhaps to be carried out later.
"""

from collections.abc import Mapping
from typing import Final

from assignments.stackone import error_messages
from assignments.stackone.error_messages import ErrorMessage
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    Contradiction,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.json_values import as_id, as_number, as_text
from assignments.stackone.resources import CreatedAssignment
from assignments.stackone.responses import ApiResponse

FIRST_REDIRECT: Final = 300
FIRST_ERROR: Final = 400
FIRST_SERVER_ERROR: Final = 500
END_OF_ERRORS: Final = 600
NOT_FOUND: Final = 404
TOO_MANY_REQUESTS: Final = 429
# What a body may have as its own status.
FAILURES: Final = frozenset({"error", "fail", "failed", "failure"})
# Statuses whose error differs from that of their class; see `_error_type`.
ERROR_TYPES: Final[Mapping[int, type[StackOneError]]] = {
    401: AccountUnusable,
    403: AccountUnusable,
    408: OutcomeUnknown,
    409: Conflict,
    412: AccountUnusable,
    501: NotSupported,
}


def error_for(response: ApiResponse) -> StackOneError:
    """Return the error that a response with an unexpected status stands for."""
    evidence = response.evidence()
    if response.status < FIRST_ERROR:
        message = _unexpected_success(response.status)
        return OutcomeUnknown(message, status=response.status, response=evidence)
    error = error_messages.parse(response)
    if response.status == TOO_MANY_REQUESTS:
        return RateLimited(
            error.sentence,
            retry_after=response.retry_after(),
            is_from_provider=error.is_from_provider,
            field=error.field,
            response=evidence,
        )
    return _error_type(response.status, error)(
        error.sentence,
        status=response.status,
        field=error.field,
        is_from_provider=error.is_from_provider,
        response=evidence,
    )


def unreadable_response(response: ApiResponse) -> OutcomeUnknown:
    """Return the error for a response whose body cannot be parsed."""
    message = f"StackOne responded {response.status}, but its response cannot be read."
    if response.problem:
        message = f"{message} {response.problem}"
    return OutcomeUnknown(message, status=response.status, response=response.evidence())


def parse_created(response: ApiResponse) -> CreatedAssignment:
    """Return the assignment that a 2xx response confirms; its id, or the body, may be missing.

    :raises Contradiction: the body reports an error
    :raises OutcomeUnknown: the body cannot be read
    """
    is_empty = not response.text.strip() and not response.problem
    body = {} if is_empty else parse_object(response)
    if reports_error(body):
        reason = error_messages.parse(response).sentence
        message = f"The response {response.status} reports an error: {reason}"
        raise Contradiction(message, status=response.status, response=response.evidence())
    data = body.get("data")
    if not isinstance(data, Mapping | None) or not _has_valid_ids(data or {}):
        raise unreadable_response(response)
    record = data or {}
    return CreatedAssignment(
        id=as_id(record.get("id")),
        remote_id=as_text(record.get("remote_id")),
        status=response.status,
        response=response.evidence(),
    )


def parse_object(response: ApiResponse) -> Mapping[str, object]:
    """Return the body as a JSON object.

    :raises OutcomeUnknown: it is not a JSON object
    """
    body = parse_json(response)
    if not isinstance(body, Mapping):
        raise unreadable_response(response)
    return body


def parse_json(response: ApiResponse) -> object:
    """Return the body as a JSON value.

    :raises OutcomeUnknown: it is not JSON
    """
    try:
        return response.json()
    except ValueError:
        raise unreadable_response(response) from None


def _error_type(status: int, error: ErrorMessage) -> type[StackOneError]:
    """Return the status's error: by default a 4xx is final, a 5xx leaves the outcome unknown."""
    if status == NOT_FOUND and error.names_account:
        return AccountUnusable
    default = Refused if status < FIRST_SERVER_ERROR else OutcomeUnknown
    error_type = ERROR_TYPES.get(status, default)
    # NotSupported stays: a sync must know that the provider cannot list something for anybody.
    is_about_call = error.is_from_provider and error_type is AccountUnusable
    return Refused if is_about_call else error_type


def _unexpected_success(status: int) -> str:
    if status >= FIRST_REDIRECT:
        return f"StackOne responded {status}, a redirect that is not followed. Check the base URL."
    return f"StackOne responded {status} without what it was asked for."


def reports_error(body: Mapping[str, object]) -> bool:
    """Return whether a body, or the record in it, is an error: by its status, or what it names."""
    data = body.get("data")
    parts = [body, data] if isinstance(data, Mapping) else [body]
    return _is_failure(body) or any(map(_names_error, parts))


def _is_failure(body: Mapping[str, object]) -> bool:
    numbers = [as_number(body.get(name)) or 0 for name in ("statusCode", "status", "code")]
    is_error = any(FIRST_ERROR <= number < END_OF_ERRORS for number in numbers)
    return is_error or (as_text(body.get("status")) or "").lower() in FAILURES


def _names_error(part: Mapping[str, object]) -> bool:
    return part.get("success") is False or any(map(part.get, error_messages.ERROR_KEYS))


def _has_valid_ids(data: Mapping[str, object]) -> bool:
    ids = (data.get("id"), data.get("remote_id"))
    return all(isinstance(value, str | int | None) and value is not True for value in ids)
