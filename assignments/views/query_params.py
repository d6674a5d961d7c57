"""Read the query parameters of lists."""

from typing import Final

from django.http import HttpRequest

from assignments.forms.assign import ID

LONGEST: Final = 200


def chosen_account(request: HttpRequest) -> int | None:
    """Return the primary key of the account by which a list is filtered, if it is."""
    text = request.GET.get("account", "")
    return int(text) if ID.fullmatch(text) else None


def search_words(request: HttpRequest, name: str = "q") -> str:
    """Return the search text, at most LONGEST characters, without NUL, which PostgreSQL refuses."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST]
