"""Read the query parameters of lists."""

from typing import Final

from django.http import HttpRequest

LONGEST: Final = 200


def search_words(request: HttpRequest, name: str = "q") -> str:
    """Return the search text, at most LONGEST characters, without NUL, which PostgreSQL refuses."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST]
