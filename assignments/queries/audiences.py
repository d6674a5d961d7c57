"""Audiences in the order of lists, and descriptions of their filters."""

from datetime import date
from typing import Final
from urllib.parse import parse_qsl

from django.db.models import QuerySet

from assignments.models import Audience
from assignments.queries.formatting import short_day

_OPTION_TEXTS: Final = {
    ("inactive", "1"): "inactive people, too",
    ("has", "has"): "has the draft’s content",
    ("has", "completed"): "has completed the draft’s content",
    ("has", "none"): "does not have the draft’s content",
}
# Prefixes of the query parameters that filter by a facet.
_FACET_VALUE: Final = "f."
_DAY_LIMITS: Final = {"from.": "from", "to.": "until", "due_before": "due before"}


def audiences(*, account_pk: int | None = None) -> QuerySet[Audience]:
    """Return the audiences of an account, or of all, by name."""
    rows = Audience.objects.select_related("account", "created_by", "used_by")
    if account_pk is not None:
        rows = rows.filter(account=account_pk)
    return rows.order_by("folded_name", "pk")


def filter_description(query: str) -> str:
    """Return a description of a filter, as in "“sales”, department: Legal or IT"."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query):
        values.setdefault(name, []).append(value)
    parts = [_part(name, texts) for name, texts in values.items()]
    return ", ".join(parts) or "everybody who is active"


def _part(name: str, values: list[str]) -> str:
    if name == "q":
        return f"“{values[0]}”"
    for prefix, word in _DAY_LIMITS.items():
        if name.startswith(prefix):
            return f"{_field(name.removeprefix(prefix))} {word} {_day(values[0])}".strip()
    field = _field(name.removeprefix(_FACET_VALUE))
    return _OPTION_TEXTS.get((name, values[0])) or f"{field}: {' or '.join(values)}"


def _day(text: str) -> str:
    try:
        return short_day(date.fromisoformat(text))
    except ValueError:
        return text


def _field(path: str) -> str:
    return path.replace("_", " ")
