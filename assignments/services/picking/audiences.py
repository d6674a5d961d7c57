"""Audiences: saving a selection or a filter under a name, renaming and deleting it."""

from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Audience, AudienceMember, Draft, DraftLearner
from assignments.models.sql.insert_select import insert_found
from assignments.models.sql.text_folding import folded


class AudienceRefused(Exception):
    """The audience is as it was; the message says why and what to do."""


@transaction.atomic
def save_selection(*, draft: Draft, name: str, by: Actor, by_pk: int, now: datetime) -> Audience:
    """Keep the people who are selected in a draft, these and no others.

    :raises AudienceRefused: if nobody is selected or the name is taken
    """
    selected = DraftLearner.objects.filter(draft=draft)
    if not selected.exists():
        raise AudienceRefused("Select at least one person before you save the selection.")
    audience = _make(draft.account, name, Audience.Kind.FIXED, by_pk, now)
    audience.people = insert_found(AudienceMember, audience, selected, learner="learner")
    audience.save(update_fields=["people"])
    _record("audience.created", audience, by, now)
    return audience


@transaction.atomic
def save_filter(
    *, account: Account, name: str, query: str, people: int, by: Actor, by_pk: int, now: datetime
) -> Audience:
    """Keep a filter: whoever matches it when it is used.

    :param query: the address of the people table that says what is filtered
    :param people: how many match now
    :raises AudienceRefused: if the name is taken
    """
    audience = _make(account, name, Audience.Kind.FILTER, by_pk, now, query=query, people=people)
    _record("audience.created", audience, by, now)
    return audience


@transaction.atomic
def rename(*, audience: Audience, name: str, by: Actor, now: datetime) -> None:
    """Give an audience another name; its own name again changes nothing.

    :raises AudienceRefused: if the name is taken
    """
    before = audience.name
    if name == before:
        return
    _refuse_taken(audience.account, name, besides=audience.pk)
    audience.name, audience.folded_name = name, _key(name)
    audience.save(update_fields=["name", "folded_name"])
    _record("audience.changed", audience, by, now, was=before)


@transaction.atomic
def delete(*, audience: Audience, by: Actor, now: datetime) -> None:
    """Forget an audience; drafts and batches keep the people whom it brought."""
    _record("audience.deleted", audience, by, now)
    audience.delete()


def _make(
    account: Account,
    name: str,
    kind: Audience.Kind,
    by_pk: int,
    now: datetime,
    *,
    query: str = "",
    people: int = 0,
) -> Audience:
    _refuse_taken(account, name)
    return Audience.objects.create(
        account=account,
        name=name,
        folded_name=_key(name),
        kind=kind,
        query=query,
        people=people,
        created_by_id=by_pk,
        created_at=now,
    )


def _key(name: str) -> str:
    return folded(name)[:240]


def _refuse_taken(account: Account, name: str, besides: int = 0) -> None:
    # One change of names at a time for an account, so that two cannot take the same one.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    taken = Audience.objects.filter(account=account, folded_name=_key(name)).exclude(pk=besides)
    if there_is := taken.first():
        raise AudienceRefused(f"There is an audience “{there_is}” already. Choose another name.")


def _record(action: str, audience: Audience, by: Actor, now: datetime, **more: str) -> None:
    # The filter's words may name a person; that it filters is told, not by what.
    detail = {"name": audience.name, "kind": audience.kind, "people": audience.people, **more}
    event = Event(
        action=action,
        subject=f"audience/{audience.pk}",
        account=audience.account.remote_id,
        detail=detail,
    )
    record(event, by=by, at=now)
