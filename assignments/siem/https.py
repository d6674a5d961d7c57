"""Events as JSON Lines in the body of an HTTP POST."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import httpx

from assignments.proxies import proxy_to
from assignments.siem.events import TIMEOUT_SECONDS, Event, TooLarge, Undelivered
from assignments.tls import refusal_of, shared_tls_context

# Enough of a body to see that it is a web page.
START_BYTES: Final = 1_024


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

        :raises TooLarge: if the endpoint refused them for their size
        :raises Undelivered: if the endpoint did not confirm them
        """
        headers = {"Content-Type": "application/x-ndjson"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        content = b"".join(event.json + b"\n" for event in events)
        try:
            with (
                self._client() as client,
                client.stream("POST", self.url, content=content, headers=headers) as response,
            ):
                self._require_taken(response)
        except httpx.HTTPError as error:
            # The error's text may contain the URL, and the URL a token.
            problem = refusal_of(error) or type(error).__name__
            raise Undelivered(f"The endpoint at {self} did not respond: {problem}.") from error

    def _client(self) -> httpx.Client:
        context, proxy = shared_tls_context(), proxy_to(self.url)
        is_encrypted = bool(proxy) and str(proxy).startswith("https:")
        return httpx.Client(
            timeout=TIMEOUT_SECONDS,
            verify=context,
            trust_env=False,
            proxy=httpx.Proxy(proxy, ssl_context=context if is_encrypted else None)
            if proxy
            else None,
        )

    def _require_taken(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise TooLarge(f"The endpoint at {self} refuses a request as too large (status 413).")
        if not response.is_success:
            raise Undelivered(f"The endpoint at {self} responded with status {status}.")
        # A sign-in page or a captive portal has taken nothing.
        if _is_page(response):
            raise Undelivered(f"The endpoint at {self} responded with a web page, not as a SIEM.")


def _is_page(response: httpx.Response) -> bool:
    start = _start_of(response).lstrip().lower()
    is_html = "html" in response.headers.get("Content-Type", "").lower()
    return is_html or start.startswith((b"<!doctype html", b"<html"))


def _start_of(response: httpx.Response) -> bytes:
    """Return the start of the body as far as it arrives: the status alone confirms the events."""
    start, deadline_monotonic = b"", time.monotonic() + TIMEOUT_SECONDS
    with suppress(httpx.HTTPError):
        for chunk in response.iter_bytes():
            start += chunk
            if len(start) >= START_BYTES or time.monotonic() > deadline_monotonic:
                break
    return start
