"""Reason phrases of HTTP status codes as in RFC 9110, the same on every version of Python."""

from http import HTTPStatus
from typing import Final

# Python names them so from 3.13 on.
_RENAMED: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
_EARLIER: Final = {
    "Request Entity Too Large",
    "Request-URI Too Long",
    "Requested Range Not Satisfiable",
    "Unprocessable Entity",
}
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus} | _RENAMED
# Servers still send the earlier ones.
STATUS_PHRASES: Final = {*_PHRASES.values(), *_EARLIER}


def status_phrase(status: int) -> str:
    """Return the phrase of a status code, or an empty text if it has none."""
    return _PHRASES.get(status, "")
