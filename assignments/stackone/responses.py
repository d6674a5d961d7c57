"""An API response: its JSON, the part that is kept as evidence, and its Retry-After."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from assignments.stackone.json_values import as_number, strip_unstorable
from assignments.stackone.rate_limit_headers import FIRST_UNIX_TIME, MAX_WAIT_SECONDS

EVIDENCE_HEADERS: Final = (
    "content-type",
    "date",
    "retry-after",
    "x-request-id",
    "x-correlation-id",
)
EVIDENCE_BODY_CHARACTERS: Final = 2_000
EVIDENCE_HEADER_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A response with any status; header names are in lower case.

    :ivar problem: why the body is missing, as a sentence, if it did not arrive or cannot be decoded
    """

    status: int
    headers: Mapping[str, str]
    text: str
    problem: str = ""

    def json(self) -> object:
        """Return the body's JSON value; StackOne may send blank lines or a BOM before it.

        :raises ValueError: the body is not JSON
        """
        try:
            return json.loads(self.text.removeprefix("\ufeff"))
        except RecursionError as error:
            raise ValueError("The body is nested too deeply.") from error

    def evidence(self) -> dict[str, object]:
        """Return the status, some headers and the start of the body, for the audit log."""
        headers = {
            name: strip_unstorable(self.headers[name])[:EVIDENCE_HEADER_CHARACTERS]
            for name in EVIDENCE_HEADERS
            if name in self.headers
        }
        body = strip_unstorable(self.text[:EVIDENCE_BODY_CHARACTERS])
        return {"status": self.status, "headers": headers, "body": body}

    def retry_after(self) -> float | None:
        """Return the Retry-After header in seconds (RFC 9110, 10.2.3), an hour at most.

        A header that is missing or means nothing gives None.
        """
        header = self.headers.get("retry-after", "")
        seconds = as_number(header)
        if seconds is not None:
            return min(seconds, MAX_WAIT_SECONDS) if 0 <= seconds < FIRST_UNIX_TIME else None
        until = parse_http_date(header)
        if until is None:
            return None
        since = parse_http_date(self.headers.get("date", "")) or datetime.now(UTC)
        return min(max(0.0, (until - since).total_seconds()), MAX_WAIT_SECONDS)


def parse_http_date(text: str) -> datetime | None:
    """Return the time (UTC) that an HTTP date header names, or None."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
