"""Audiences in the order of lists, and descriptions of their filters."""

from typing import Final
from urllib.parse import parse_qsl

from django.db.models import QuerySet

from assignments.models import Audience

_OPTION_TEXTS: Final = {
    ("inactive", "1"): "inactive people, too",
    ("has", "has"): "has the draft’s content",
    ("has", "completed"): "has completed the draft’s content",
    ("has", "none"): "does not have the draft’s content",
}
# Prefix of the query parameters that filter by a facet.
_FIELD_PREFIX: Final = "f."


def audiences(*, account_pk: int | None = None) -> QuerySet[Audience]:
    """Return the audiences of an account, or of all, by name."""
    rows = Audience.objects.select_related("account", "created_by", "used_by")
    if account_pk is not None:
        rows = rows.filter(account=account_pk)
    return rows.order_by("folded_name", "pk")


def filter_description(query: str) -> str:
    """Return a description of a filter, as in "“sales”, department: Legal"."""
    parts = [_part(name, value) for name, value in parse_qsl(query)]
    return ", ".join(parts) or "everybody who is active"


def _part(name: str, value: str) -> str:
    if name == "q":
        return f"“{value}”"
    field = name.removeprefix(_FIELD_PREFIX).replace("_", " ")
    return _OPTION_TEXTS.get((name, value)) or f"{field}: {value}"
