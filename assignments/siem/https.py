"""Events as JSON Lines in the body of an HTTP POST."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from assignments.siem.events import TIMEOUT_SECONDS, Event, Undelivered
from assignments.tls import tls_context


@dataclass(frozen=True, slots=True)
class Https:
    """An endpoint; a status from 200 to 299 means that it has taken the events."""

    url: str = field(repr=False)
    host: str
    authorization: str = field(repr=False)

    def __str__(self) -> str:
        return self.host

    def send(self, events: Sequence[Event]) -> None:
        """Send the events.

        :raises Undelivered: if the endpoint did not confirm them
        """
        headers = {"Content-Type": "application/x-ndjson"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        try:
            response = httpx.post(
                self.url,
                content=b"".join(event.json + b"\n" for event in events),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                verify=tls_context(),
            )
        except httpx.HTTPError as error:
            # The error's text may contain the URL, and the URL a token.
            problem = type(error).__name__
            raise Undelivered(f"The endpoint at {self} did not respond: {problem}.") from error
        if not response.is_success:
            status = response.status_code
            raise Undelivered(f"The endpoint at {self} responded with status {status}.")
