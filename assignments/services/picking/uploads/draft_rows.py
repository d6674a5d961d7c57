"""Add the valid rows of a file to a draft: its people, or its people with items and due dates."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from assignments.models import Draft, DraftRow, Learner
from assignments.models.sql.bulk import upsert
from assignments.services.picking import drafts
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.row_validation import ValidationResult
from assignments.services.picking.uploads.used_files import ValidRow
from assignments.services.planning.frozen_plan import MAX_ROWS
from assignments.services.planning.own_terms import commit_to

_KEY: Final = ("draft_id", "learner_id", "content_id")


def valid_rows(result: ValidationResult) -> list[ValidRow]:
    """Return the valid rows: person and item, due date and terms of their own."""
    own = {pair: commit_to(terms) for pair, terms in result.terms.items()}
    valid = result.valid.items()
    return [(pair, due_date, own.get(pair, "")) for pair, (due_date, _) in valid]


def add_rows(draft: Draft, rows: Sequence[ValidRow], now: datetime, *, is_of_people: bool) -> None:
    """Add valid rows to the draft; another due date replaces the previous one.

    :raises UploadRefused: if the draft would hold too many rows
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    (_pick_people if is_of_people else _store_rows)(draft, rows, now)


def _pick_people(draft: Draft, rows: Sequence[ValidRow], now: datetime) -> None:
    learner_pks = [pk for (pk, _), _, _ in rows]
    people = Learner.objects.filter(account=draft.account_id, pk__in_list=learner_pks)
    drafts.pick_matching(draft=draft, people=people, now=now)


def _store_rows(draft: Draft, rows: Sequence[ValidRow], now: datetime) -> None:
    draft_key = DraftRow._meta.get_field("draft").get_db_prep_save(draft.pk, connection)
    values = (
        (draft_key, *pair, connection.ops.adapt_datefield_value(due_date), own_terms)
        for pair, due_date, own_terms in rows
    )
    upsert(DraftRow, (*_KEY, "due_date", "own_terms"), _KEY, values)
    if DraftRow.objects.filter(draft=draft).count() > MAX_ROWS:
        raise UploadRefused(f"A draft holds at most {MAX_ROWS:,} rows of files. Remove some first.")
    drafts.touch(draft, now)
