"""Choose people, or people and items, by a file: upload it, confirm its columns, fix the rest."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from assignments.forms.lists import SuggestionForm
from assignments.forms.upload_rows import RowsForm
from assignments.forms.uploads import ColumnsForm, UsedFileForm
from assignments.services.picking import drafts
from assignments.services.picking.uploads import corrections, files, used_files
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import ADDED_COLUMNS, MAX_BYTES
from assignments.views.assign import may_assign
from assignments.views.csv_response import csv_response
from assignments.views.draft_page import DraftPage, own_draft
from assignments.views.rate_limits import at_most
from assignments.views.request_context import Request
from assignments.views.xlsx_response import xlsx_response

if TYPE_CHECKING:
    from assignments.models import Draft, DraftUpload

TOO_LARGE: Final = f"Upload at most {MAX_BYTES // 1024**2} MB. Split this file."
OTHER_FILE: Final = (
    "Another file was uploaded to this draft meanwhile, perhaps in another tab, and nothing was "
    "changed now. The page shows that file: go on with it, or upload yours again."
)
GONE: Final = "The file is not stored any more, and nothing was changed now. Upload it again."
UNKNOWN_ROWS: Final = "Choose the rows to leave out again: the file has no such values."


@require_POST
@may_assign
@at_most("60/m", of="uploads")
def assign_upload(request: Request, pk: UUID) -> HttpResponse:
    """Store a file and show which columns were detected."""
    draft, file = own_draft(request, pk), request.FILES.get("file")
    if file is None:
        was_too_large = getattr(request, "upload_was_too_large", False)
        return _refused(request, draft, TOO_LARGE if was_too_large else "Choose a file first.")
    return _store(request, draft, cast("BinaryIO", file), name=file.name or "")


@require_POST
@may_assign
@at_most("60/m", of="uploads")
def assign_upload_sheet(request: Request, pk: UUID) -> HttpResponse:
    """Read another sheet of the workbook that was uploaded last."""
    draft = own_draft(request, pk)
    try:
        upload = _shown_upload(request, draft)
    except UploadRefused as refusal:
        return _refused(request, draft, str(refusal))
    if not upload.workbook:
        return _to_draft(pk)
    workbook = io.BytesIO(upload.workbook)
    return _store(request, draft, workbook, name=upload.name, sheet=request.POST.get("sheet", ""))


@require_POST
@may_assign
@at_most("60/m", of="uploads")
def assign_upload_columns(request: Request, pk: UUID) -> HttpResponse:
    """Read the file with the columns that were confirmed."""
    draft, form = own_draft(request, pk), None
    try:
        upload = _shown_upload(request, draft)
        if upload.result is None:
            form = ColumnsForm(upload, data=request.POST)
            _use_columns(upload, form, RowsForm(upload, data=request.POST))
    except (UploadRefused, drafts.DraftRefused) as refusal:
        return _refused(request, draft, str(refusal), form)
    return _to_draft(pk)


@require_POST
@may_assign
def assign_upload_remove(request: Request, pk: UUID) -> HttpResponse:
    """Take out what one file brought, or else the rows of all files of people with items."""
    draft, form = own_draft(request, pk), UsedFileForm(request.POST)
    if form.is_valid():
        file_pk = form.cleaned_data["used"]
        used_files.remove(draft=draft, file_pk=file_pk, now=timezone.now())
    else:
        files.remove_files(draft=draft, now=timezone.now())
    return _to_draft(pk)


@require_POST
@may_assign
@at_most("60/m", of="uploads")
def assign_upload_suggestion(request: Request, pk: UUID) -> HttpResponse:
    """Accept the suggested person for a refused row."""
    draft, form = own_draft(request, pk), SuggestionForm(request.POST)
    if not form.is_valid():
        return _to_draft(pk)
    number, learner_pk = form.cleaned_data["use"]
    try:
        corrections.use_suggestion(
            upload=_shown_upload(request, draft),
            number=number,
            learner_pk=learner_pk,
            now=timezone.now(),
        )
    except (UploadRefused, drafts.DraftRefused) as refusal:
        return _refused(request, draft, str(refusal))
    return _to_draft(pk)


@require_GET
@may_assign
def assign_upload_refused(request: Request, pk: UUID) -> HttpResponse:
    """Return the refused rows with all their cells, as the type of the file, to be fixed."""
    upload = DraftPage(request, own_draft(request, pk)).upload
    if upload is None or upload.result is None:
        raise Http404
    rows = ((number, reason, *cells) for number, cells, reason in files.invalid_rows(upload))
    table = [(*ADDED_COLUMNS, *upload.heading), *rows]
    if upload.sheet:
        return xlsx_response("to-fix.xlsx", table)
    return csv_response("to-fix.csv", table)


def _store(
    request: Request, draft: Draft, file: BinaryIO, *, name: str, sheet: str = ""
) -> HttpResponse:
    try:
        files.store_file(draft=draft, file=file, name=name, sheet=sheet, now=timezone.now())
    except UploadRefused as refusal:
        return _refused(request, draft, str(refusal))
    return _to_draft(draft.pk)


def _shown_upload(request: Request, draft: Draft) -> DraftUpload:
    """Return the draft's last file if it is the one that the person's page shows.

    :raises UploadRefused: if it is not, as after an upload in another tab, or there is none
    """
    page, shown = DraftPage(request, draft), request.POST.get("upload_seen", "")
    if page.upload is None:
        raise UploadRefused(GONE)
    if shown not in {"", page.upload_seen}:
        raise UploadRefused(OTHER_FILE)
    return page.upload


def _use_columns(upload: DraftUpload, form: ColumnsForm, rows: RowsForm) -> None:
    if not form.is_valid():
        raise UploadRefused(form.problem())
    if not rows.is_valid():
        raise UploadRefused(UNKNOWN_ROWS)
    files.import_rows(
        upload=upload,
        columns=form.columns(),
        choice=rows.choice(),
        replaced_pk=form.cleaned_data["replaces"],
        now=timezone.now(),
    )


def _to_draft(pk: UUID) -> HttpResponse:
    return redirect(f"{reverse('assign', args=[pk])}?by=file")


def _refused(
    request: Request, draft: Draft, message: str, columns: ColumnsForm | None = None
) -> HttpResponse:
    page = DraftPage(request, draft, columns=columns, problems=(("file", message),))
    return page.whole(status=422)
