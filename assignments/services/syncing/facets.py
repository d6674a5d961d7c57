"""Facets of an account: choose custom fields as filters, and store the values people have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import batched
from typing import Final

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Facet, FacetValue, Learner, LearnerFacet
from assignments.models.sql.bulk import insert
from assignments.services.planning.due_dates import DateOrder, usual_order
from assignments.services.planning.written_dates import parse_date

MAX_FACETS: Final = 6
MAX_VALUE_LENGTH: Final = 200
CHUNK: Final = 2_000
SAMPLE: Final = 2_000
# Chosen at the first sync of an account if its people have them, regardless of case.
DEFAULT_FIELDS: Final = ("department", "location", "hire_date", "start_date")

# Many people joined on the same day.
_parse_date: Final = lru_cache(maxsize=20_000)(parse_date)

type Fields = Mapping[str, object]


class FacetsRefused(Exception):
    """The facets were not changed; the message says why and what to do."""


@transaction.atomic
def set_facets(
    *, account: Account, chosen: Sequence[tuple[str, str]], by: Actor, now: datetime
) -> None:
    """Replace the facets of an account by pairs of path and label, in their order.

    :raises FacetsRefused: if there are more than MAX_FACETS, or two of one path
    """
    if len(chosen) > MAX_FACETS:
        raise FacetsRefused(f"Choose at most {MAX_FACETS} fields.")
    if len({path for path, _ in chosen}) < len(chosen):
        raise FacetsRefused("A field is named twice. Remove one of the two.")
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    facets = Facet.objects.filter(account=account).order_by("position", "pk")
    if list(facets.values_list("path", "label")) == list(chosen):
        return
    Facet.objects.filter(account=account).exclude(path__in=[path for path, _ in chosen]).delete()
    for position, (path, label) in enumerate(chosen):
        Facet.objects.update_or_create(
            account=account, path=path, defaults={"label": label, "position": position}
        )
    _mark_dates(account.pk, _newest_fields(account.pk))
    _store_all_values(account.pk)
    count_values(account.pk)
    _record(account, chosen, by, now)


def set_default_facets(*, account: Account, people: Iterable[Fields], now: datetime) -> None:
    """Choose those of DEFAULT_FIELDS that some people have, if no facets are chosen yet."""
    if Facet.objects.filter(account=account).exists():
        return
    people = list(people)
    names = {name.casefold(): name for fields in people for name in fields}
    paths = [names[name] for name in DEFAULT_FIELDS if name in names]
    chosen = [(path, path.replace("_", " ").capitalize()) for path in paths]
    for position, (path, label) in enumerate(chosen):
        Facet.objects.create(account=account, path=path, label=label, position=position)
    if chosen:
        _mark_dates(account.pk, people)
        _record(account, chosen, SYSTEM, now)


def store_values(account_pk: int, people: Mapping[int, Fields]) -> None:
    """Store the facet values of people by primary key; values that did not change are not written.

    :param people: the custom fields of each person
    """
    facets = list(Facet.objects.filter(account=account_pk).values_list("pk", "path", "is_date"))
    if not facets or not people:
        return
    values = {
        (pk, facet_pk, value)
        for pk, fields in people.items()
        for facet_pk, path, is_date in facets
        for value in (field_dates if is_date else field_values)(fields, path)
    }
    value_pks = _store_facet_values({(facet_pk, value) for _, facet_pk, value in values})
    wanted = {(value_pks[facet_pk, value], pk) for pk, facet_pk, value in values}
    stored = LearnerFacet.objects.filter(learner__in=list(people))
    stored_pks = {
        (value_pk, learner_pk): pk
        for pk, value_pk, learner_pk in stored.values_list("pk", "value_id", "learner_id")
    }
    outdated = [pk for pair, pk in stored_pks.items() if pair not in wanted]
    if outdated:
        LearnerFacet.objects.filter(pk__in_list=outdated).delete()
    insert(LearnerFacet, ("value_id", "learner_id"), sorted(wanted - stored_pks.keys()))


def count_values(account_pk: int) -> None:
    """Update the number of active people who have each facet value."""
    active = LearnerFacet.objects.filter(value=OuterRef("pk"), learner__is_active=True)
    counts = active.order_by().values("value").annotate(n=Count("pk")).values("n")
    values = FacetValue.objects.filter(facet__account=account_pk)
    values.update(people=Coalesce(Subquery(counts), 0))


def available_fields(account_pk: int) -> list[tuple[str, str]]:
    """Return paths of custom fields with an example each, from the newest SAMPLE people."""
    examples: dict[str, str] = {}
    for fields in _newest_fields(account_pk):
        for path, example in _leaves(fields, ""):
            examples.setdefault(path, example)
    return sorted(examples.items())


def field_values(fields: Fields, path: str) -> set[str]:
    """Return the values of a custom field: each entry of a list, one value, or none."""
    value = _value_at(fields, path)
    entries = value if isinstance(value, list) else [value]
    return {text for entry in entries if (text := _text(entry))}


def field_dates(fields: Fields, path: str) -> set[str]:
    """Return the dates of a custom field, as in "2027-01-15"; other values are left out."""
    days = (_day(text) for text in field_values(fields, path))
    return {day.isoformat() for day in days if day is not None}


def _newest_fields(account_pk: int) -> Iterable[Fields]:
    newest = Learner.objects.filter(account=account_pk).order_by("-pk")
    return newest.values_list("custom_fields", flat=True)[:SAMPLE]


def _mark_dates(account_pk: int, people: Iterable[Fields]) -> None:
    """Note which facets are dates: those whose values all are, in a sample of people."""
    people = list(people)
    for facet in Facet.objects.filter(account=account_pk):
        texts = {text for fields in people for text in field_values(fields, facet.path)}
        # Digits alone may be a cost centre, which a spreadsheet would read as a date, too.
        facet.is_date = bool(texts) and all(_day(text) and not text.isdecimal() for text in texts)
        facet.save(update_fields=["is_date"])


def _day(text: str) -> date | None:
    """Return the day of a text, as it is written there: a midnight in UTC is not moved."""
    return _parse_date(text, day_first=usual_order() is DateOrder.DAY_FIRST)


def _store_all_values(account_pk: int) -> None:
    people = Learner.objects.filter(account=account_pk).values_list("pk", "custom_fields")
    for chunk in batched(people.iterator(CHUNK), CHUNK):
        store_values(account_pk, dict(chunk))


def _value_at(fields: object, path: str) -> object:
    if not isinstance(fields, Mapping):
        return None
    if path in fields:
        return fields[path]
    name, _, nested_path = path.partition(".")
    return _value_at(fields.get(name), nested_path) if nested_path else None


def _text(entry: object) -> str:
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if not isinstance(entry, str | int | float):
        return ""
    return " ".join(str(entry).split())[:MAX_VALUE_LENGTH]


def _leaves(fields: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and an example of every field that has a value, nested ones too."""
    if isinstance(fields, Mapping):
        for name, entry in fields.items():
            yield from _leaves(entry, f"{path}.{name}" if path else name)
    elif path and (example := next(iter(field_values({path: fields}, path)), "")):
        yield path, example


def _store_facet_values(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return primary keys by facet and value, storing values that are new."""
    pks = _facet_value_pks(wanted)
    new = sorted(wanted - pks.keys())
    if new:
        rows = ((facet_pk, value, 0) for facet_pk, value in new)
        insert(FacetValue, ("facet_id", "value", "people"), rows, ignore_conflicts=True)
        pks |= _facet_value_pks(set(new))
    return pks


def _facet_value_pks(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    stored = FacetValue.objects.filter(
        facet__in={facet_pk for facet_pk, _ in wanted}, value__in={value for _, value in wanted}
    )
    rows = stored.values_list("pk", "facet_id", "value")
    return {(facet_pk, value): pk for pk, facet_pk, value in rows}


def _record(account: Account, chosen: Sequence[tuple[str, str]], by: Actor, now: datetime) -> None:
    event = Event(
        action="settings.changed",
        subject=by.ref,
        account=account.remote_id,
        result="changed",
        detail={"facets": dict(chosen)},
    )
    record(event, by=by, at=now)
