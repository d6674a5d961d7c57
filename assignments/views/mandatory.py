"""Mark an item as mandatory, so that batches with it need approval."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.queries import directory
from assignments.services.submitting import mandatory_content
from assignments.views.permitted_objects import seen
from assignments.views.request_context import Request, acting


@require_POST
@permission_required("assignments.sync_directory", raise_exception=True)
def content_mandatory(request: Request, pk: int) -> HttpResponse:
    """Mark the item as mandatory, or remove the mark."""
    content = get_object_or_404(seen(request, directory.all_contents()), pk=pk)
    mandatory_content.set_mandatory(
        content=content,
        is_mandatory=request.POST.get("is_mandatory") == "yes",
        by=acting(request),
        now=timezone.now(),
    )
    return redirect("content-item", pk)
