"""An answer as it came: its JSON, what is kept of it as evidence, and when to come back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from assignments.stackone.errors import DEFAULT_WAIT_SECONDS
from assignments.stackone.json_values import clean, number

KEPT_HEADERS: Final = (
    "content-type",
    "date",
    "retry-after",
    "x-request-id",
    "x-correlation-id",
)
KEPT_CHARACTERS: Final = 2_000
KEPT_OF_A_HEADER: Final = 200
LONGEST_WAIT_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> object:
        """Return what the body says; blank lines before it are normal.

        :raises ValueError: it is not JSON
        """
        try:
            return json.loads(self.text.removeprefix("\ufeff"))
        except RecursionError as error:
            raise ValueError("The body is nested too deeply.") from error

    def evidence(self) -> dict[str, object]:
        """Return what is worth keeping in a log."""
        headers = {
            name: clean(self.headers[name])[:KEPT_OF_A_HEADER]
            for name in KEPT_HEADERS
            if name in self.headers
        }
        body = clean(self.text[:KEPT_CHARACTERS])
        return {"status": self.status, "headers": headers, "body": body}

    def retry_after(self) -> float:
        """Return in how many seconds to come back, as the answer asks or a minute."""
        asked = self.headers.get("retry-after", "")
        seconds = number(asked)
        if seconds is None:
            until, since = moment(asked), moment(self.headers.get("date", "")) or datetime.now(UTC)
            seconds = (until - since).total_seconds() if until else DEFAULT_WAIT_SECONDS
        return min(max(0.0, seconds), LONGEST_WAIT_SECONDS)


def moment(text: str) -> datetime | None:
    """Return the moment that a header names, as HTTP writes dates, or None."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
