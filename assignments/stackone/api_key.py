"""Keep the API key out of everything that may be printed, logged or stored."""

import base64
from typing import Final

MASK: Final = "[api key]"
# Shorter keys are not masked: the sandbox's key, "sandbox", is an ordinary word in messages.
SHORTEST_MASKED_KEY: Final = 12


class ApiKey:
    """An API key whose `repr()` does not show it."""

    __slots__ = ("_basic", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._basic = base64.b64encode(f"{value}:".encode()).decode()

    def __repr__(self) -> str:
        return MASK

    def basic_credentials(self) -> str:
        """Return the key as HTTP Basic credentials: user name with an empty password, base64."""
        return self._basic

    def mask(self, text: str) -> str:
        """Return the text with every occurrence of the key replaced by `MASK`."""
        if len(self._value) < SHORTEST_MASKED_KEY:
            return text
        return text.replace(self._value, MASK).replace(self._basic, MASK)
