"""Suggest people for the refused rows of a file, and add a row for whom one was accepted."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from assignments.models import (
    Draft,
    DraftFile,
    DraftFileRow,
    DraftLearner,
    DraftRow,
    DraftUpload,
    Learner,
)
from assignments.services.picking.pasted_lists.people_lookup import NO_MATCH, unique_identifier
from assignments.services.picking.pasted_lists.suggestions import Suggestion, suggest
from assignments.services.picking.uploads import compression, draft_rows, used_files
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.reader import Row
from assignments.services.picking.uploads.row_validation import RowValidator, ValidationResult
from assignments.services.planning import due_dates
from assignments.services.planning.due_dates import DateOrder


def suggestions(
    account_pk: int, person: int, rows: Sequence[tuple[int, Sequence[str], str]]
) -> Mapping[str, Suggestion]:
    """Return whom the identifiers of refused rows may mean, by identifier.

    :param person: the index of the column with the people
    :param rows: number, cells and reason of each
    """
    unknown = [cells[person] for _, cells, reason in rows if reason == NO_MATCH]
    return suggest(account_pk=account_pk, words=unknown)


@transaction.atomic
def use_suggestion(*, upload: DraftUpload, number: int, learner_pk: int, now: datetime) -> None:
    """Write an identifier of a person into a refused row, and add it to the draft if it is valid.

    Nothing changes if there is no such row, or if it was not suggested for this row.

    :raises UploadRefused: if the draft would hold too many rows
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    learner = Learner.objects.filter(account=upload.draft.account_id, pk=learner_pk).first()
    rows = list(compression.decompress_rows(bytes(upload.compressed_rows)))
    if learner is None or upload.result is None or upload.columns is None:
        return
    columns = Columns(**upload.columns)
    index = _suggested_row(upload, columns.person, rows, number, learner_pk)
    if index is None:
        return
    *cells, _ = rows[index][1]
    cells[columns.person] = unique_identifier(learner)
    result = _validated(upload, columns, (number, cells), now)
    corrected = [(number, [*row[1], reason]) for row, reason in result.invalid]
    rows[index : index + 1] = corrected
    upload.result |= _add(upload.draft, upload.result, result, now, columns)
    upload.compressed_rows = compression.compress_rows(rows)
    upload.save(update_fields=["compressed_rows", "result"])


def _suggested_row(
    upload: DraftUpload, person: int, rows: Sequence[Row], number: int, learner_pk: int
) -> int | None:
    """Return the index of the refused row for which the person is suggested.

    A repaired file may have several rows of one number, as when somebody copied a row in it.
    """
    same = {n: cells for n, (row_number, cells) in enumerate(rows) if row_number == number}
    refused = [(number, cells[:-1], cells[-1]) for cells in same.values()]
    suggested = suggestions(upload.draft.account_id, person, refused)
    return next(
        (
            n
            for n, cells in same.items()
            if (suggestion := suggested.get(cells[person]))
            and cells[-1] == NO_MATCH
            and suggestion.person.pk == learner_pk
        ),
        None,
    )


def _validated(
    upload: DraftUpload, columns: Columns, row: tuple[int, list[str]], now: datetime
) -> ValidationResult:
    validator = RowValidator(
        upload.draft.account_id,
        upload.heading,
        columns,
        [row],
        order=DateOrder(columns.dates),
        today=due_dates.today(now),
    )
    return validator.validate([row])


def _add(
    draft: Draft,
    counts: Mapping[str, int],
    result: ValidationResult,
    now: datetime,
    columns: Columns,
) -> dict[str, int]:
    """Add a valid row to the draft and to what its file brought; return the changed counts."""
    file = DraftFile.objects.get(pk=counts["file"])
    for row in draft_rows.valid_rows(result):
        learner, content = row[0]
        invalid = {"invalid": counts["invalid"] - 1}
        if DraftFileRow.objects.filter(file=file, learner=learner, content=content).exists():
            return invalid | {"duplicate": counts["duplicate"] + 1}
        there = DraftLearner if columns.content is None else DraftRow
        in_draft = there._default_manager.filter(draft=draft)
        before = in_draft.count()
        used_files.add_rows(file, [row])
        draft_rows.add_rows(draft, [row], now, is_of_people=columns.content is None)
        after = in_draft.count()
        both = counts["both"] + 1 - (after - before)
        return invalid | {"valid": counts["valid"] + 1, "after": after, "both": both}
    return {}
