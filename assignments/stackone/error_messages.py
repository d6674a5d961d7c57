"""Extract the sentence and the field from an error response, whatever form its body has."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from assignments.stackone.json_values import as_text
from assignments.stackone.responses import ApiResponse
from assignments.stackone.status_phrases import STATUS_PHRASES, status_phrase

MAX_DEPTH: Final = 6
MAX_STRINGS: Final = 200
# Parts of a body that are there only if something went wrong.
ERROR_KEYS: Final = ("provider_errors", "errors", "error")
MESSAGE_KEYS: Final = frozenset(
    {"message", "error", "detail", "description", "error_description", "errormessage", "title"}
)
# What may hold a text alone instead of an object that describes the error.
TEXT_KEYS: Final = frozenset({*ERROR_KEYS, "raw"})
LONG_FIELDS: Final = (
    "learning_object_external_reference|learning_object_id|external_reference"
    "|due_date|assigned_at|created_at|source_value"
)
# Ordinary words count as field names only before a verb such as "must", or as the whole text.
SHORT_FIELDS: Final = r"status(?:\.value|\.source_value)?|progress|passthrough"
FIELD: Final = re.compile(
    rf"\b(?:{LONG_FIELDS})\b"
    rf"|\b(?:{SHORT_FIELDS})\b(?=['\"`]?\s(?:must|should|is|has|cannot)\b)"
    rf"|^(?:{SHORT_FIELDS})$"
)
ACCOUNT: Final = re.compile(
    r"x-account-id|\baccount[ _-]id\b|\blinked account|\binvalid account|^account\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """What an error response says.

    :ivar field: the field of the request that it names, or ""
    :ivar names_account: whether it says that the linked account is invalid
    :ivar is_from_provider: whether the provider behind StackOne refused, not StackOne itself
    """

    sentence: str
    field: str
    names_account: bool
    is_from_provider: bool


def parse(response: ApiResponse) -> ErrorMessage:
    """Return the message of an error response; a body without one gives a general sentence."""
    body = _body(response)
    stackone_text = _without_status_phrase(_joined(body.get("message")))
    errors = {name: body[name] for name in ERROR_KEYS if body.get(name)}
    details = errors or body.get("data")
    strings = list(islice(_strings(details, MAX_DEPTH), MAX_STRINGS))
    provider_text = next((value for key, value in strings if key in MESSAGE_KEYS), "")
    if errors and not provider_text:
        provider_text = next((value for key, value in strings if _is_reason(key, value)), "")
    is_from_provider = bool(body.get("provider_errors"))
    sentence = _combined(stackone_text, provider_text)
    return ErrorMessage(
        sentence=sentence or f"StackOne responded {_status_text(response.status)}.",
        field=_field([stackone_text, *(value for _, value in strings)]),
        # If StackOne has passed the call on to the provider, the account is valid.
        names_account=not is_from_provider and bool(ACCOUNT.search(stackone_text)),
        is_from_provider=is_from_provider,
    )


def _body(response: ApiResponse) -> Mapping[str, object]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}


def _joined(message: object) -> str:
    parts = message if isinstance(message, list) else [message]
    return "; ".join(text for part in parts if (text := (as_text(part) or "").strip()))


def _combined(stackone_text: str, provider_text: str) -> str:
    if not stackone_text or not provider_text or provider_text in stackone_text:
        return stackone_text or provider_text
    return f"{stackone_text.rstrip('.')}. The LMS says: {provider_text}"


def _without_status_phrase(text: str) -> str:
    """Remove a leading "Bad Request:" or the like, which means nothing to people."""
    phrase, colon, rest = text.partition(":")
    if phrase.strip() not in STATUS_PHRASES:
        return text
    return rest.strip() if colon else ""


def _is_reason(key: str, text: str) -> bool:
    """Return whether a text that no key calls a message is one: it stands alone, or has words."""
    return key in TEXT_KEYS or " " in text


def _status_text(status: int) -> str:
    phrase = status_phrase(status)
    return f"{status} {phrase} without a reason" if phrase else f"{status} without a reason"


def _field(texts: list[str]) -> str:
    fields = (match[0] for text in texts if (match := FIELD.search(text)))
    return next(fields, "")


def _strings(value: object, depth: int, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text inside a JSON value, with the lower-case key that it belongs to."""
    if isinstance(value, Mapping) and depth:
        for name, entry in value.items():
            yield from _strings(entry, depth - 1, str(name).lower())
    elif isinstance(value, list) and depth:
        for entry in value:
            yield from _strings(entry, depth - 1, key)
    elif isinstance(value, str) and (text := (as_text(value) or "").strip()):
        yield key, text
