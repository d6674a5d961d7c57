"""What an answer means: its evidence for the log, and the error it stands for."""

import json
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.reading import items, mapping, text

KEPT_HEADERS: Final = ("content-type", "date", "retry-after", "x-request-id")
LONGEST_BODY: Final = 2_000
DEFAULT_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 3_600.0
TOO_MANY: Final = 429
NOT_FOUND: Final = 404
CONFLICT: Final = 409
NOT_IMPLEMENTED: Final = 501
UNUSABLE: Final = {401, 403, 412}
TIMED_OUT: Final = 408


def evidence(response: httpx.Response) -> dict[str, object]:
    """Return what the log keeps of an answer: status, some headers, the beginning of the body."""
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    body = response.content.decode("utf-8", "replace").strip()[:LONGEST_BODY]
    return {"status": response.status_code, "headers": headers, "body": body}


def parsed(response: httpx.Response) -> object:
    """Return the JSON of an answer; it may begin with newlines.

    :raises ValueError: if it is not JSON
    """
    return json.loads(response.content.strip())


def error_of(response: httpx.Response) -> StackOneError:
    """Return the error that an answer other than a success stands for."""
    status, reply = response.status_code, evidence(response)
    said, field = _said(response)
    if status == TOO_MANY:
        pause = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        return RateLimited(
            "The LMS asked to slow down.", retry_after=pause, status=status, reply=reply
        )
    if (response.is_client_error and status != TIMED_OUT) or status == NOT_IMPLEMENTED:
        message = said or f"The LMS refused it with status {status}."
        return _kind(status, said)(message, status=status, field=field, reply=reply)
    message = f"The LMS answered with status {status}, which does not say whether it was created."
    return OutcomeUnknown(message, status=status, reply=reply)


def retry_after(header: str, now: datetime) -> float:
    """Return the pause in seconds that `Retry-After` asks for, as a number or an HTTP date."""
    try:
        pause = float(header)
    except ValueError:
        pause = _until(header, now)
    return min(max(pause, 0.0), LONGEST_PAUSE) if math.isfinite(pause) else DEFAULT_PAUSE


def _until(header: str, now: datetime) -> float:
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return DEFAULT_PAUSE
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _kind(status: int, said: str) -> type[Refused]:
    if status == NOT_IMPLEMENTED:
        return NotSupported
    if status in UNUSABLE or (status == NOT_FOUND and "account" in said.lower()):
        return AccountUnusable
    return Conflict if status == CONFLICT else Refused


def _said(response: httpx.Response) -> tuple[str, str]:
    try:
        body = mapping(parsed(response))
    except ValueError:
        return "", ""
    message = body.get("message")
    words = text(message) or "; ".join(filter(None, map(text, items(message)))) or ""
    errors = [mapping(entry) for entry in items(body.get("provider_errors"))]
    for raw in (mapping(error.get("raw")) for error in errors):
        words = text(raw.get("message")) or text(raw.get("error")) or words
        if field := text(raw.get("field")):
            return words, field
    return words, ""
