"""The New assignment page as a whole and in parts; every view of a draft answers with it."""

from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone

from assignments.forms.assign import PeopleForm, TermsForm
from assignments.queries import directory, drafts, words
from assignments.views.asked import asked_words

PER_PAGE: Final = 25
TEMPLATE: Final = "assignments/assign.html"
STATUSES: Final = (
    ("pending", "Pending"),
    ("in_progress", "In progress"),
    ("completed", "Completed"),
)

type Problems = tuple[tuple[str, str], ...]


def own_draft(request: HttpRequest, pk: object) -> Any:
    """Return the person's own draft that is not submitted; anybody else's does not exist."""
    mine = drafts.drafts_of(owner_pk=request.user.pk or 0).filter(is_submitted=False)
    return get_object_or_404(mine, pk=pk)


class DraftPage:
    """Everything the page says of one draft, worked out only when the template asks."""

    def __init__(
        self,
        request: HttpRequest,
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

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What the people table is asked for: words, inactive, show, page."""
        data: QueryDict = self.request.GET if self.request.method == "GET" else self.request.POST
        return PeopleForm(data).terms()

    @cached_property
    def contents(self) -> list[Any]:
        """The picked items, each with how many people have it."""
        found = drafts.picked_contents(self.draft)
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
    def summary(self) -> drafts.Summary:
        """The draft's numbers."""
        return drafts.summary(self.draft, [content for content, _ in self.contents])

    @cached_property
    def people(self) -> Page[Any]:
        """The page of people that is shown, each with `is_picked` and `held`."""
        page = Paginator(self.matching, PER_PAGE).get_page(self.asked["page"] or 1)
        shown = list(page.object_list)
        pks = [learner.pk for learner in shown]
        picked = drafts.picked_of(self.draft, pks)
        held = directory.due_of_holders(pks, [content.pk for content, _ in self.contents])
        for learner in shown:
            learner.is_picked = learner.pk in picked
            learner.has_it = learner.pk in held
            learner.due_at = held.get(learner.pk)
        page.object_list = shown
        return page

    @property
    def is_waiting_for_people(self) -> bool:
        """Whether nobody is there because the first sync has not come that far."""
        asked = self.asked["q"] or self.asked["show"] or self.asked["inactive"]
        return not asked and not self.people.paginator.count

    @property
    def pages(self) -> list[int | str]:
        """The page numbers to offer, with gaps."""
        return list(self.people.paginator.get_elided_page_range(self.people.number, on_each_side=1))

    @property
    def matching(self) -> Any:
        """The people whom the search finds."""
        return directory.people(
            account_pk=self.draft.account_id,
            words=self.asked["q"] or "",
            with_inactive=bool(self.asked["inactive"]),
            picked_in=self.draft.pk if self.asked["show"] else None,
        )

    @property
    def due_words(self) -> str:
        """The due date in words."""
        return words.due(self.draft.due_date)

    @property
    def short_due(self) -> str:
        """The due date for the sentence."""
        return words.short_day(self.draft.due_date) if self.draft.due_date else ""

    @property
    def today(self) -> str:
        """The first day that may be due."""
        return timezone.localdate().isoformat()

    def asked_with(self, **changes: object) -> str:
        """Return the query of the people table with some of it changed."""
        query = QueryDict(mutable=True)
        for name, value in {**self.asked, "page": None, **changes}.items():
            if value:
                query[name] = "1" if value is True else str(value)
        return f"?{query.urlencode()}" if query else "?"

    @property
    def query_inactive(self) -> str:
        """The query with inactive people shown or not, the other way round."""
        return self.asked_with(inactive=not self.asked["inactive"])

    @property
    def query_show(self) -> str:
        """The query with only the selected shown or not, the other way round."""
        return self.asked_with(show="" if self.asked["show"] else "selected")

    @property
    def query_page(self) -> str:
        """The query up to the number of a page."""
        return self.asked_with() + ("&" if self.asked_with() != "?" else "") + "page="

    @property
    def query_cleared(self) -> str:
        """The query without words."""
        return self.asked_with(q="")

    def whole(self, *, status: int = 200) -> HttpResponse:
        """Return the whole page."""
        return render(self.request, TEMPLATE, {"page": self}, status=status)

    def parts(self, first: str, *others: str) -> HttpResponse:
        """Return parts: the one that was asked for, and others that changed with it."""
        html = [
            render_to_string(
                f"assignments/draft/{name}.html", {"page": self, "oob": name != first}, self.request
            )
            for name in (first, *others)
        ]
        return HttpResponse("".join(html))


def days_from_now(days: int) -> str:
    """Return a day so many days from today, in the organisation's zone."""
    return (timezone.localdate() + timedelta(days=days)).isoformat()
