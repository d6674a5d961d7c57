"""Events as lines of JSON in the body of a POST."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from assignments.siem.sending import TIMEOUT_SECONDS, Event, Undelivered


@dataclass(frozen=True, slots=True)
class Https:
    """An endpoint; what it answers with a status of 200 to 299 it has taken."""

    url: str = field(repr=False)
    host: str
    authorization: str = field(repr=False)

    def __str__(self) -> str:
        return self.host

    def send(self, events: Sequence[Event]) -> None:
        """Send the events.

        :raises Undelivered: if the endpoint did not say that it has taken them
        """
        headers = {"Content-Type": "application/x-ndjson"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        try:
            answer = httpx.post(
                self.url,
                content=b"".join(event.json + b"\n" for event in events),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                verify=ssl.create_default_context(),
            )
        except httpx.HTTPError as error:
            # Its text may hold the address, and that a token.
            problem = type(error).__name__
            raise Undelivered(f"The endpoint at {self} did not answer: {problem}.") from error
        if not answer.is_success:
            raise Undelivered(f"The endpoint at {self} answered with status {answer.status_code}.")
