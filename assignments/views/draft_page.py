"""The New assignment page, whole or in parts: the response of every view that changes a draft."""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final, override
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string

from assignments.forms.assign import TermsForm
from assignments.forms.upload_rows import RowsForm
from assignments.forms.uploads import ColumnsForm
from assignments.queries import directory, drafts, keyset
from assignments.queries.account_scope import distinct_names
from assignments.queries.draft_summary import Summary, summary
from assignments.services.picking.pasted_lists.suggestions import Suggestion
from assignments.services.picking.uploads import corrections, files, used_files
from assignments.views.concurrent_edits import OtherTabs, note_version
from assignments.views.draft_contents import ContentParts
from assignments.views.draft_selection import SelectionParts
from assignments.views.draft_terms import TermParts
from assignments.views.people_table import PeopleTable, PersonRow
from assignments.views.permitted_objects import own_accounts, own_drafts
from assignments.views.request_context import Request

if TYPE_CHECKING:
    from assignments.models import Content, Draft, DraftFile, DraftUpload

TEMPLATE: Final = "assignments/assign.html"
LIST_SEPARATORS: Final = re.compile(r"[,;\t\n]+")
FEWEST_OF_A_LIST: Final = 3
MOST_INVALID: Final = 100
OF_SEARCH: Final = ("people", "selection_bar")

type Problems = tuple[tuple[str, str], ...]


def own_draft(request: Request, pk: UUID) -> Draft:
    """Return the person's own draft that is not submitted.

    :raises Http404: if there is none with this id, or it is somebody else's
    """
    draft = get_object_or_404(own_drafts(request).filter(is_submitted=False), pk=pk)
    note_version(request, draft)
    return draft


class DraftPage(TermParts, SelectionParts, ContentParts, OtherTabs):
    """Everything that the page shows of one draft, computed when the template asks for it.

    :ivar problems: pairs of the part of the page and the message to show there
    """

    def __init__(
        self,
        request: Request,
        draft: Draft,
        *,
        terms: TermsForm | None = None,
        columns: ColumnsForm | None = None,
        problems: Problems = (),
    ) -> None:
        self.request = request
        self.draft = draft
        self.terms = terms
        self.refused_columns = columns
        self.problems = problems
        self.problem_of = dict(reversed(problems))

    @cached_property
    def accounts(self) -> dict[int, str]:
        """The names of the accounts in which the person may assign; none if there is only one."""
        if len(settings.STACKONE_ACCOUNT_IDS) == 1:
            return {}
        accounts = own_accounts(self.request)
        return distinct_names(accounts) if len(accounts) > 1 else {}

    @property
    def by(self) -> str:
        """How people are being chosen: search, paste or file."""
        return self.table.params["by"] or "search"

    @property
    def pasted_count(self) -> int:
        """How many people the search text names if it looks like a pasted list, otherwise 0."""
        text = self.table.params["q"] or ""
        parts = [part for part in LIST_SEPARATORS.split(text) if part.strip()]
        return len(parts) if len(parts) > FEWEST_OF_A_LIST else 0

    @cached_property
    def upload(self) -> DraftUpload | None:
        """The draft's last uploaded file, or None."""
        return drafts.last_upload(self.draft)

    @property
    def upload_seen(self) -> str:
        """The version of the uploaded file that this response shows, so that no other is used."""
        return self.upload.uploaded_at.isoformat() if self.upload else ""

    @cached_property
    def file_rows(self) -> tuple[int, int]:
        """How many rows came from files, and for how many items."""
        return drafts.file_rows(self.draft)

    @cached_property
    def used_files(self) -> list[DraftFile]:
        """The files whose rows are in the draft."""
        return used_files.files_of(self.draft)

    @cached_property
    def columns(self) -> ColumnsForm | None:
        """The form of the file's columns: as it was sent, if it was refused, else as detected."""
        if self.refused_columns or self.upload is None:
            return self.refused_columns
        return ColumnsForm(self.upload)

    @property
    def rows(self) -> RowsForm | None:
        """The form of the file's rows, with what was chosen if the columns were refused."""
        data = self.request.POST if self.refused_columns else None
        return RowsForm(self.upload, data=data) if self.upload else None

    @property
    def ignored_columns(self) -> list[str]:
        """The names of the file's columns that were not used."""
        if self.upload is None or self.upload.columns is None:
            return []
        used = set(self.upload.columns.values())
        return [name for n, name in enumerate(self.upload.heading) if n not in used]

    @property
    def invalid_rows(self) -> list[tuple[int, str, str, Suggestion | None]]:
        """The first refused rows of the file: number, who, reason, and who may be meant."""
        if self.upload is None or self.upload.columns is None:
            return []
        rows = files.first_invalid_rows(self.upload, MOST_INVALID)
        person = self.upload.columns["person"]
        suggestions = corrections.suggestions(self.draft.account_id, person, rows)
        return [
            (number, cells[person], reason, suggestions.get(cells[person]))
            for number, cells, reason in rows
        ]

    @cached_property
    def contents(self) -> list[tuple[Content, int]]:
        """The picked items, each with how many people have it."""
        contents = list(self.picked)
        counts = directory.holder_counts([content.pk for content in contents])
        return [(content, counts.get(content.pk, 0)) for content in contents]

    @cached_property
    def summary(self) -> Summary:
        """The draft's numbers."""
        picked = [content for content, _ in self.contents]
        return summary(self.draft, picked, named=self.file_rows[0])

    @property
    def has_what(self) -> bool:
        """Whether items are picked, or named by a file."""
        return bool(self.contents or self.file_rows[0])

    @property
    def has_who(self) -> bool:
        """Whether people are picked, or named by a file."""
        return bool(self.summary.people or self.file_rows[0])

    @cached_property
    def table(self) -> PeopleTable:
        """The people to pick from, filtered as the request's query says."""
        return self.table_of(
            self.request.GET if self.request.method == "GET" else self.request.POST
        )

    @override
    def table_of(self, query: QueryDict) -> PeopleTable:
        """Return the people to pick from, filtered as the query says."""
        return PeopleTable(
            query,
            account_pk=self.draft.account_id,
            picked_in=self.draft.pk,
            content_pks=tuple(content.pk for content, _ in self.contents),
        )

    @cached_property
    def people(self) -> keyset.KeysetPage[PersonRow]:
        """The people on the current page of the table, each with its pick and status."""
        sheet = self.table.sheet
        pks = [row.learner.pk for row in sheet.rows]
        picked = drafts.selected_of(self.draft, pks)
        held = directory.held_statuses(pks, [content.pk for content, _ in self.contents])
        for row in sheet.rows:
            row.is_picked = row.learner.pk in picked
            row.status, row.due_at = held.get(row.learner.pk, (None, None))
        return sheet

    @property
    def is_waiting_for_people(self) -> bool:
        """Whether the table is empty because the first sync has not read the people yet."""
        is_filtered = self.table.is_filtered or self.table.params["inactive"]
        return not is_filtered and not self.people.total

    @property
    def picked_in_filter(self) -> int | None:
        """How many of the selected match the filter; None without a filter or a selection."""
        if not self.summary.people or self.table.params["show"] or not self.table.is_filtered:
            return None
        return self.table.picked_matching

    @cached_property
    def picked(self) -> dict[Content, date | None]:
        """The picked items, each with its own due date, if it has one."""
        return drafts.selected_items(self.draft)

    def whole(self, *, status: int = 200) -> HttpResponse:
        """Return the whole page."""
        return render(self.request, TEMPLATE, {"page": self}, status=status)

    def parts(self, first: str, *others: str) -> HttpResponse:
        """Return the requested part of the page, and others that changed with it, out of band."""
        if self.by != "search":
            others = tuple(name for name in others if name not in OF_SEARCH)
        # A search changes nothing, so it must not mark the changes of other tabs as seen.
        seen = ("tab_notice",) if self.request.method == "POST" else ()
        html = [
            render_to_string(
                f"assignments/draft/{name}.html", {"page": self, "oob": name != first}, self.request
            )
            for name in (first, *others, *seen)
        ]
        return HttpResponse("".join(html))
