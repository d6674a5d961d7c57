"""The facets of an account: chosen by an administrator, filled from the custom fields of people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Facet, FacetValue, Learner, LearnerFacet
from assignments.models.sql.bulk import insert

MOST_FACETS: Final = 6
LONGEST_VALUE: Final = 200
CHUNK: Final = 2_000
LOOKED_AT: Final = 2_000
# Fields by which many a company finds its people, taken if they are there when the first arrive.
LIKELY: Final = ("department", "location")

type Fields = Mapping[str, object]


class FacetsRefused(Exception):
    """The facets stay as they are; the message says why and what to do."""


@transaction.atomic
def set_facets(
    *, account: Account, chosen: Sequence[tuple[str, str]], by: Actor, now: datetime
) -> None:
    """Filter people by these fields from now on: pairs of a field's path and its label, in order.

    :raises FacetsRefused: if there are too many, or one comes twice
    """
    if len(chosen) > MOST_FACETS:
        raise FacetsRefused(f"Choose at most {MOST_FACETS} fields.")
    if len({path for path, _ in chosen}) < len(chosen):
        raise FacetsRefused("A field is named twice. Remove one of the two.")
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    before = _as_they_are(account)
    if before == list(chosen):
        return
    Facet.objects.filter(account=account).exclude(path__in=[path for path, _ in chosen]).delete()
    for position, (path, label) in enumerate(chosen):
        Facet.objects.update_or_create(
            account=account, path=path, defaults={"label": label, "position": position}
        )
    fill(account.pk)
    recount(account.pk)
    _record(account, chosen, by, now)


def propose(*, account: Account, people: Iterable[Fields], now: datetime) -> None:
    """Choose likely fields, if they are there and nobody has chosen yet."""
    if Facet.objects.filter(account=account).exists():
        return
    there = {name.casefold(): name for fields in people for name in fields}
    found = [there[name] for name in LIKELY if name in there]
    chosen = [(name, name.replace("_", " ").capitalize()) for name in found]
    for position, (path, label) in enumerate(chosen):
        Facet.objects.create(account=account, path=path, label=label, position=position)
    if chosen:
        _record(account, chosen, SYSTEM, now)


def fill(account_pk: int) -> None:
    """Read the fields of everybody anew."""
    everybody = Learner.objects.filter(account=account_pk).values_list("pk", "custom_fields")
    for some in batched(everybody.iterator(CHUNK), CHUNK, strict=False):
        keep(account_pk, dict(some))


def keep(account_pk: int, people: Mapping[int, Fields]) -> None:
    """Store which values these people have; what has not changed is not written."""
    facets = list(Facet.objects.filter(account=account_pk).values_list("pk", "path"))
    if not facets or not people:
        return
    said = {
        (pk, facet_pk, value)
        for pk, fields in people.items()
        for facet_pk, path in facets
        for value in values_at(fields, path)
    }
    known = _values({(facet_pk, value) for _, facet_pk, value in said})
    wanted = {(known[facet_pk, value], pk) for pk, facet_pk, value in said}
    held = LearnerFacet.objects.filter(learner__in=list(people))
    there = {(value, learner): pk for pk, value, learner in _rows(held)}
    gone = [pk for pair, pk in there.items() if pair not in wanted]
    if gone:
        LearnerFacet.objects.filter(pk__in_list=gone).delete()
    insert(LearnerFacet, ("value_id", "learner_id"), sorted(wanted - there.keys()))


def recount(account_pk: int) -> None:
    """Count again how many active people have each value, and drop values that nobody has."""
    held = LearnerFacet.objects.filter(value=OuterRef("pk"), learner__is_active=True)
    counted = held.order_by().values("value").annotate(n=Count("pk")).values("n")
    ours = FacetValue.objects.filter(facet__account=account_pk)
    ours.update(people=Coalesce(Subquery(counted), 0))


def fields_there(account_pk: int) -> list[tuple[str, str]]:
    """Return the paths of the custom fields that some people have, each with an example."""
    some = Learner.objects.filter(account=account_pk).order_by("-pk")
    found: dict[str, str] = {}
    for fields in some.values_list("custom_fields", flat=True)[:LOOKED_AT]:
        for path, example in _leaves(fields, ""):
            found.setdefault(path, example)
    return sorted(found.items())


def values_at(fields: Fields, path: str) -> set[str]:
    """Return what stands in a field: one value, each entry of a list, or nothing."""
    found = _at(fields, path)
    entries = found if isinstance(found, list) else [found]
    return {text for entry in entries if (text := _text(entry))}


def _at(fields: object, path: str) -> object:
    if not isinstance(fields, Mapping):
        return None
    if path in fields:
        return fields[path]
    name, _, deeper = path.partition(".")
    return _at(fields.get(name), deeper) if deeper else None


def _text(entry: object) -> str:
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if not isinstance(entry, str | int | float):
        return ""
    return " ".join(str(entry).split())[:LONGEST_VALUE]


def _leaves(fields: object, before: str) -> Iterator[tuple[str, str]]:
    if isinstance(fields, Mapping):
        for name, entry in fields.items():
            yield from _leaves(entry, f"{before}.{name}" if before else name)
    elif before and (example := next(iter(values_at({before: fields}, before)), "")):
        yield before, example


def _values(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return the ids of values, storing the ones that are new."""
    known = _known(wanted)
    new = sorted(wanted - known.keys())
    if new:
        rows = ((facet_pk, value, 0) for facet_pk, value in new)
        insert(FacetValue, ("facet_id", "value", "people"), rows, ignore_conflicts=True)
        known |= _known(set(new))
    return known


def _known(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    found = FacetValue.objects.filter(
        facet__in={facet_pk for facet_pk, _ in wanted}, value__in={value for _, value in wanted}
    )
    return {(facet, value): pk for pk, facet, value in found.values_list("pk", "facet", "value")}


def _rows(held: Any) -> Any:
    return held.values_list("pk", "value", "learner")


def _as_they_are(account: Account) -> list[tuple[str, str]]:
    facets = Facet.objects.filter(account=account).order_by("position", "pk")
    return list(facets.values_list("path", "label"))


def _record(account: Account, chosen: Sequence[tuple[str, str]], by: Actor, now: datetime) -> None:
    event = Event(
        action="settings.changed",
        subject=by.ref,
        account=account.remote_id,
        result="changed",
        detail={"facets": dict(chosen)},
    )
    record(event, by=by, at=now)
