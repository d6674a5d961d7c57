"""Audiences as pages list them, and their filters in words."""

from typing import Final
from urllib.parse import parse_qsl

from django.db.models import QuerySet

from assignments.models import Audience

_SAID: Final = {
    ("inactive", "1"): "inactive people, too",
    ("has", "has"): "has the draft’s content",
    ("has", "completed"): "has completed the draft’s content",
    ("has", "none"): "does not have the draft’s content",
}
# What the query of a field that filters begins with.
_FIELD: Final = "f."


def audiences(*, account_pk: int | None = None) -> QuerySet[Audience]:
    """Return the audiences of an account, or of all, by name."""
    found = Audience.objects.select_related("account", "created_by", "used_by")
    if account_pk is not None:
        found = found.filter(account=account_pk)
    return found.order_by("folded_name", "pk")


def filter_words(query: str) -> str:
    """Return what a filter asks for, as in "“sales”, department: Legal"."""
    parts = [_part(name, value) for name, value in parse_qsl(query)]
    return ", ".join(parts) or "everybody who is active"


def _part(name: str, value: str) -> str:
    if name == "q":
        return f"“{value}”"
    field = name.removeprefix(_FIELD).replace("_", " ")
    return _SAID.get((name, value)) or f"{field}: {value}"
