"""Redaction of secrets and e-mail addresses in log lines and error reports."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "[hidden]"
# Linear: a match begins where a run of characters does, and no part is tried in other lengths.
EMAIL_PATTERN: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)+")
HIDDEN_EMAIL: Final = "[e-mail]"
# Shorter secrets are everyday words (the sandbox's key): hiding them would garble lines.
MIN_LENGTH: Final = 8


def texts_to_redact(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return every text that reveals one of the secrets, the longest first.

    That includes the password of a URL, plain and percent-decoded, and the HTTP Basic form of a
    key.
    """
    texts = {form for secret in secrets for part in _parts(secret) for form in _forms(part)}
    return tuple(sorted(texts, key=len, reverse=True))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with placeholders for the secrets and every e-mail address."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return EMAIL_PATTERN.sub(HIDDEN_EMAIL, text) if "@" in text else text


def _parts(secret: str) -> Iterator[str]:
    scheme, is_url, rest = secret.partition("://")
    login, has_login, _ = rest.rpartition("@")
    # A web hook may have its key in the path.
    if not is_url or has_login or scheme in {"http", "https"}:
        yield secret
    # A Sentry DSN has its key where other URLs have the user name.
    password = login.partition(":")[2] or (login if scheme in {"http", "https"} else "")
    yield from (password, unquote(password))


def _forms(part: str) -> Iterator[str]:
    if len(part) >= MIN_LENGTH:
        yield from (part, json.dumps(part)[1:-1], base64.b64encode(f"{part}:".encode()).decode())
