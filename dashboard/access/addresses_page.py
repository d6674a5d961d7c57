"""Page for administrators: users who share an e-mail address and so count as one person."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assignments.views.request_context import acting
from dashboard.access.addresses import ReleaseRefused, release_addresses, shared_addresses
from dashboard.access.models import User


@require_GET
@never_cache
@permission_required("access.end_sessions", raise_exception=True)
def addresses(request: HttpRequest) -> HttpResponse:
    """Show which users share an address."""
    return _page(request)


@require_POST
@permission_required("access.end_sessions", raise_exception=True)
def addresses_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm that a user's shared addresses have passed to another person."""
    user = get_object_or_404(User, pk=pk)
    try:
        release_addresses(user, by=acting(request), now=timezone.now())
    except ReleaseRefused as refusal:
        return _page(request, problem=str(refusal), status=409)
    return redirect("addresses")


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    context = {"shared": shared_addresses(), "problem": problem}
    return render(request, "access/addresses.html", context, status=status)
