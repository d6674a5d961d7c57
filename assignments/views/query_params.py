"""What the address of a list asks for."""

from typing import Final

from django.http import HttpRequest

LONGEST: Final = 200


def asked_words(request: HttpRequest, name: str = "q") -> str:
    """Return the words to search for, without NUL, which PostgreSQL refuses."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST]
