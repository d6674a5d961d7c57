"""Keeps secrets and e-mail addresses out of whatever the product says of itself: logs, reports."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "[hidden]"
EMAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
SOMEBODY: Final = "[e-mail]"
# What is shorter is an everyday word: the sandbox's key, or a password nobody should have.
SHORTEST: Final = 8


def told_apart(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return every text that would give one of the secrets away, the longest first.

    Of an address that is its password too, as it is and decoded; of a key its form in HTTP Basic.
    """
    found = {form for secret in secrets for part in _parts(secret) for form in _forms(part)}
    return tuple(sorted(found, key=len, reverse=True))


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return the text with the secrets and every e-mail address covered."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return EMAIL.sub(SOMEBODY, text) if "@" in text else text


def _parts(secret: str) -> Iterator[str]:
    scheme, is_address, rest = secret.partition("://")
    login, is_closed, _ = rest.rpartition("@")
    # An endpoint on the web may have its key in the path.
    if not is_address or is_closed or scheme in {"http", "https"}:
        yield secret
    # Sentry's address has its key where others have a name.
    password = login.partition(":")[2] or (login if scheme in {"http", "https"} else "")
    yield from (password, unquote(password))


def _forms(part: str) -> Iterator[str]:
    if len(part) >= SHORTEST:
        yield from (part, json.dumps(part)[1:-1], base64.b64encode(f"{part}:".encode()).decode())
