"""Audiences: save a selection or a filter under a name, rename it and delete it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Audience, AudienceMember, Draft, DraftLearner
from assignments.models.audiences import MAX_QUERY
from assignments.models.sql.insert_select import insert_learners
from assignments.models.sql.text_folding import fold
from assignments.services.planning import own_terms


class AudienceRefused(Exception):
    """The audience was not saved or renamed; the message says why and what to do."""


@transaction.atomic
def save_selection(*, draft: Draft, name: str, by: Actor, by_pk: int, now: datetime) -> Audience:
    """Save the people who are selected in a draft as a fixed audience.

    :raises AudienceRefused: if nobody is selected or the name is taken
    """
    selected = DraftLearner.objects.filter(draft=draft)
    if not selected.exists():
        raise AudienceRefused("Select at least one person before you save the selection.")
    audience = _create(draft.account, name, Audience.Kind.FIXED, by_pk, now)
    audience.people = insert_learners(AudienceMember, audience, selected, learner="learner")
    audience.save(update_fields=["people"])
    _record("audience.created", audience, by, now)
    return audience


@transaction.atomic
def save_filter(
    *, account: Account, name: str, query: str, people: int, by: Actor, by_pk: int, now: datetime
) -> Audience:
    """Save a filter as an audience: everybody who matches it when it is used.

    :param query: URL query string of the filtered people table
    :param people: number of people who match now
    :raises AudienceRefused: if the name is taken or the filter is too long
    """
    if len(query) > MAX_QUERY:
        raise AudienceRefused("This filter is too long to keep. Take a condition away.")
    audience = _create(account, name, Audience.Kind.FILTER, by_pk, now, query=query, people=people)
    _record("audience.created", audience, by, now)
    return audience


@transaction.atomic
def rename(*, audience: Audience, name: str, by: Actor, now: datetime) -> None:
    """Rename an audience; its own name again changes nothing.

    :raises AudienceRefused: if the name is taken
    """
    previous_name = audience.name
    if name == previous_name:
        return
    _require_free_name(audience.account, name, exclude_pk=audience.pk)
    audience.name, audience.folded_name = name, _key(name)
    audience.save(update_fields=["name", "folded_name"])
    _record("audience.renamed", audience, by, now, previous_name=previous_name)


@transaction.atomic
def set_defaults(
    *, audience: Audience, terms: Mapping[str, object], by: Actor, now: datetime
) -> None:
    """Set what the audience fills in for drafts; the same again changes nothing."""
    stored = own_terms.commit_to(terms, previous=audience.default_terms)
    if stored == audience.default_terms:
        return
    audience.default_terms = stored
    audience.save(update_fields=["default_terms"])
    _record("audience.defaults_changed", audience, by, now)


def keep_fields(*, audience: Audience, draft: Draft, by: Actor, now: datetime) -> None:
    """Set what a draft has in the fields that few need as what the audience fills in."""
    terms = {name: getattr(draft, name) for name in own_terms.NAMES}
    set_defaults(audience=audience, terms=terms, by=by, now=now)


@transaction.atomic
def delete(*, audience: Audience, by: Actor, now: datetime) -> None:
    """Delete an audience; drafts and batches keep the people it added."""
    _record("audience.deleted", audience, by, now)
    audience.delete()


def _create(
    account: Account,
    name: str,
    kind: Audience.Kind,
    by_pk: int,
    now: datetime,
    *,
    query: str = "",
    people: int = 0,
) -> Audience:
    _require_free_name(account, name)
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
    return fold(name)[:240]


def _require_free_name(account: Account, name: str, exclude_pk: int = 0) -> None:
    # The account's row is locked, so that two people cannot take the same name concurrently.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    same_name = Audience.objects.filter(account=account, folded_name=_key(name))
    if existing := same_name.exclude(pk=exclude_pk).first():
        raise AudienceRefused(f"There is an audience “{existing}” already. Choose another name.")


def _record(action: str, audience: Audience, by: Actor, now: datetime, **more: str) -> None:
    # The filter's words may name a person, so the log holds the kind and not the query; of the
    # defaults it holds a commitment.
    detail: dict[str, object] = {
        "name": audience.name,
        "kind": audience.kind,
        "people": audience.people,
        **more,
    }
    detail |= own_terms.commitment_of(audience.default_terms)
    event = Event(
        action=action,
        subject=f"audience/{audience.pk}",
        account=audience.account.remote_id,
        detail=detail,
    )
    record(event, by=by, at=now)
