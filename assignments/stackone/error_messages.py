"""Why a request was refused: the sentence and the field, from whatever an error body holds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from assignments.stackone.json_values import text
from assignments.stackone.responses import Reply

DEEPEST: Final = 6
MOST_STRINGS: Final = 200
SENTENCE_KEYS: Final = frozenset(
    {"message", "error", "detail", "description", "error_description", "errormessage", "title"}
)
LONG_NAMES: Final = (
    "learning_object_external_reference|learning_object_id|external_reference"
    "|due_date|assigned_at|created_at|source_value"
)
# Everyday words are names of fields only where something is said of them or they stand alone.
SHORT_NAMES: Final = r"status(?:\.value|\.source_value)?|progress|passthrough"
NAMED: Final = re.compile(
    rf"\b(?:{LONG_NAMES})\b"
    rf"|\b(?:{SHORT_NAMES})\b(?=['\"`]?\s(?:must|should|is|has|cannot)\b)"
    rf"|^(?:{SHORT_NAMES})$"
)
PHRASES: Final = {status.phrase for status in HTTPStatus} | {"Unprocessable Entity"}
ACCOUNT_NAMED: Final = re.compile(
    r"x-account-id|\baccount[ _-]id\b|\blinked account|\binvalid account|^account\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error answer says: in one sentence, of which field, whether of the account.

    :ivar is_providers: whether the provider behind StackOne said it
    """

    sentence: str
    field: str
    names_account: bool
    is_providers: bool


def read(reply: Reply) -> Complaint:
    """Return what the answer complains about, however its body is formed."""
    body = _body(reply)
    own = _plain(_sentence(body.get("message")))
    errors = list(_strings(body.get("provider_errors") or body.get("data"), DEEPEST))[:MOST_STRINGS]
    provider = next((value for key, value in errors if key in SENTENCE_KEYS), "")
    is_providers = bool(body.get("provider_errors"))
    return Complaint(
        sentence=_together(own, provider) or f"StackOne answered {_status(reply.status)}.",
        field=_field([own, *(value for _, value in errors)]),
        # Where the provider has been asked, the account cannot be what is missing.
        names_account=not is_providers and bool(ACCOUNT_NAMED.search(own)),
        is_providers=is_providers,
    )


def _body(reply: Reply) -> Mapping[str, object]:
    try:
        found = reply.json()
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _sentence(message: object) -> str:
    parts = message if isinstance(message, list) else [message]
    return "; ".join(found for part in parts if (found := (text(part) or "").strip()))


def _together(own: str, provider: str) -> str:
    if not own or not provider or provider in own:
        return own or provider
    return f"{own.rstrip('.')}. The LMS says: {provider}"


def _plain(own: str) -> str:
    """Return the message without the status' name in front, which tells people nothing."""
    name, colon, rest = own.partition(":")
    if name.strip() not in PHRASES:
        return own
    return rest.strip() if colon else ""


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase} without a reason"
    except ValueError:
        return f"{status} without a reason"


def _field(texts: list[str]) -> str:
    found = (match[0] for entry in texts if (match := NAMED.search(entry)))
    return next(found, "")


def _strings(value: object, depth: int, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and depth:
        for name, entry in value.items():
            yield from _strings(entry, depth - 1, str(name).lower())
    elif isinstance(value, list) and depth:
        for entry in value:
            yield from _strings(entry, depth - 1, key)
    elif isinstance(value, str) and (found := (text(value) or "").strip()):
        yield key, found
