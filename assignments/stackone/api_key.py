"""The API key, kept out of whatever might be printed, logged or stored."""

import base64
from collections.abc import Generator
from typing import Final

import httpx

MASK: Final = "[api key]"
SHORTEST_REAL_KEY: Final = 12


class Secret:
    """A key that shows itself to nobody but the request it signs."""

    __slots__ = ("_basic", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._basic = base64.b64encode(f"{value}:".encode()).decode()

    def __repr__(self) -> str:
        return MASK

    def basic(self) -> str:
        """Return the text as the user name of HTTP Basic, with an empty password."""
        return self._basic

    def masked(self, text: str) -> str:
        """Return the text with a mask over every place where this secret stands in it.

        The sandbox's key is an everyday word, so what is too short to be a key stays.
        """
        if len(self._value) < SHORTEST_REAL_KEY:
            return text
        return text.replace(self._value, MASK).replace(self._basic, MASK)


class KeyAuth(httpx.Auth):
    """Signs each request as it leaves, so that nothing keeps the header in between."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Add the key to the request."""
        request.headers["Authorization"] = f"Basic {self._key.basic()}"
        yield request
