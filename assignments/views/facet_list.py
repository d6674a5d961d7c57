"""The part of a page with people that lists a facet's values, loaded when its control is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render

if TYPE_CHECKING:
    from assignments.views.people_table import PeopleTable
    from assignments.views.request_context import Request


def facet_list(request: Request, table: PeopleTable) -> HttpResponse:
    """Return the values of the facet that the query opens; an empty part if there is none."""
    context = {"table": table, "form": "search", "url": request.path}
    return render(request, "assignments/_facet_list.html", context)
