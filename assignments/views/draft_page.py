"""The New assignment page as a whole and in parts; every view of a draft answers with it."""

import re
from functools import cached_property
from typing import Any, Final

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone

from assignments.forms.assign import TermsForm
from assignments.forms.uploads import ColumnsForm
from assignments.queries import directory, drafts, formatting, keyset
from assignments.queries.draft_summary import Summary, summary
from assignments.services.picking.uploads import files
from assignments.services.planning import due_dates
from assignments.views.concurrent_edits import OtherTabs, note_seen
from assignments.views.draft_contents import ContentParts
from assignments.views.draft_selection import SelectionParts
from assignments.views.people_table import PeopleTable
from assignments.views.permitted_objects import own_drafts
from assignments.views.query_params import asked_words
from assignments.views.request_context import Request

TEMPLATE: Final = "assignments/assign.html"
LIST_SEPARATORS: Final = re.compile(r"[,;\t\n]+")
FEWEST_OF_A_LIST: Final = 3
MOST_REFUSED: Final = 100
OF_SEARCH: Final = ("people", "selection_bar")
STATUSES: Final = (
    ("pending", "Pending"),
    ("in_progress", "In progress"),
    ("completed", "Completed"),
)


type Problems = tuple[tuple[str, str], ...]


def own_draft(request: Request, pk: object) -> Any:
    """Return the person's own draft that is not submitted; anybody else's does not exist."""
    mine = own_drafts(request).filter(is_submitted=False)
    return note_seen(get_object_or_404(mine, pk=pk))


class DraftPage(SelectionParts, ContentParts, OtherTabs):
    """Everything the page says of one draft, worked out only when the template asks."""

    def __init__(
        self,
        request: Request,
        draft: Any,
        *,
        terms: TermsForm | None = None,
        problems: Problems = (),
    ) -> None:
        self.request = request
        self.draft = draft
        self.terms = terms
        self.problems = problems
        self.problem_of = dict(reversed(problems))
        self.statuses = STATUSES

    @property
    def by(self) -> str:
        """How people are being chosen: search, paste or file."""
        return self.table.asked["by"] or "search"

    @property
    def looks_like(self) -> int:
        """How many people are named, if the words of the search look like a list."""
        parts = [
            part for part in LIST_SEPARATORS.split(self.table.asked["q"] or "") if part.strip()
        ]
        return len(parts) if len(parts) > FEWEST_OF_A_LIST else 0

    @cached_property
    def upload(self) -> Any:
        """What is kept of the draft's last file, or None."""
        return drafts.upload_of(self.draft)

    @cached_property
    def file_rows(self) -> tuple[int, int]:
        """How many rows files brought, and of how many items."""
        return drafts.file_rows(self.draft)

    @property
    def columns(self) -> ColumnsForm:
        """The form that asks what the columns of the file are, with the guess chosen."""
        upload = self.upload
        guess = {name: "" if value is None else value for name, value in upload.columns.items()}
        guess["day_first"] = "1" if upload.columns["day_first"] else "0"
        return ColumnsForm(upload.heading, upload.rate["people"], initial=guess)

    @property
    def ignored_columns(self) -> list[str]:
        """The names of the columns that nothing was read from."""
        used = {value for name, value in self.upload.columns.items() if name != "day_first"}
        return [name for n, name in enumerate(self.upload.heading) if n not in used]

    @property
    def refused_rows(self) -> Any:
        """The first rows of the file that were refused."""
        return files.first_refused(self.upload, MOST_REFUSED)

    @cached_property
    def contents(self) -> list[Any]:
        """The picked items, each with how many people have it."""
        found = list(self.picked)
        counts = directory.holders([content.pk for content in found])
        return [(content, counts.get(content.pk, 0)) for content in found]

    @cached_property
    def found_contents(self) -> list[Any] | None:
        """The items that the content search finds, or None if nothing is searched."""
        sought = asked_words(self.request, "find")
        if not sought:
            return None
        picked = [content.pk for content, _ in self.contents]
        account = self.draft.account_id
        return directory.options(account_pk=account, words=sought, besides=picked)

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
        """The people to pick from, as the address asks for them."""
        return self.table_of(
            self.request.GET if self.request.method == "GET" else self.request.POST
        )

    def table_of(self, query: QueryDict) -> PeopleTable:
        """Return the people to pick from, as a query asks for them."""
        return PeopleTable(
            query,
            account_pk=self.draft.account_id,
            picked_in=self.draft.pk,
            content_pks=tuple(content.pk for content, _ in self.contents),
        )

    @cached_property
    def people(self) -> keyset.Sheet[Any]:
        """The people that are shown, each with `is_picked` and how they stand to the items."""
        sheet = self.table.sheet
        pks = [learner.pk for learner in sheet.rows]
        picked = drafts.picked_of(self.draft, pks)
        held = directory.held_by(pks, [content.pk for content, _ in self.contents])
        for learner in sheet.rows:
            learner.is_picked = learner.pk in picked
            learner.holds, learner.due_at = held.get(learner.pk, (None, None))
        return sheet

    @property
    def is_waiting_for_people(self) -> bool:
        """Whether nobody is there because the first sync has not come that far."""
        asked = self.table.is_filtered or self.table.asked["inactive"]
        return not asked and not self.people.total

    @property
    def picked_here(self) -> int | None:
        """How many of the selected match the filter; None if nothing filters or nobody is."""
        if not self.summary.people or self.table.asked["show"] or not self.table.is_filtered:
            return None
        return self.table.picked_matching

    @property
    def due_words(self) -> str:
        """The due date in words."""
        return formatting.due(self.draft.due_date)

    @property
    def due_cautions(self) -> list[str]:
        """What is probably a mistake about the due date."""
        today = due_dates.today(timezone.now())
        return due_dates.cautions(self.draft.due_date, today=today) if self.draft.due_date else []

    @cached_property
    def picked(self) -> dict[Any, Any]:
        """The picked items, each with the due date of its own."""
        return drafts.picked_items(self.draft)

    @property
    def short_due(self) -> str:
        """The due date for the sentence."""
        return formatting.short_day(self.draft.due_date) if self.draft.due_date else ""

    @property
    def today(self) -> str:
        """The first day that may be due."""
        return due_dates.today(timezone.now()).isoformat()

    def whole(self, *, status: int = 200) -> HttpResponse:
        """Return the whole page."""
        return render(self.request, TEMPLATE, {"page": self}, status=status)

    def parts(self, first: str, *others: str) -> HttpResponse:
        """Return parts: the one that was asked for, and others that changed with it."""
        if self.by != "search":
            others = tuple(name for name in others if name not in OF_SEARCH)
        # A search changes nothing, and so must not pass for having seen what others changed.
        seen = ("tab_notice",) if self.request.method == "POST" else ()
        html = [
            render_to_string(
                f"assignments/draft/{name}.html", {"page": self, "oob": name != first}, self.request
            )
            for name in (first, *others, *seen)
        ]
        return HttpResponse("".join(html))
