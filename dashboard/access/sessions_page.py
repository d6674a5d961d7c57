"""Page for administrators: open sessions, with a button that ends all of a person's."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assignments.views.request_context import acting
from dashboard.access import access_tokens
from dashboard.access.models import SignIn, User
from dashboard.access.sessions import end_sessions, open_sessions


@require_GET
@never_cache
@permission_required("access.end_sessions", raise_exception=True)
def sessions(request: HttpRequest) -> HttpResponse:
    """Show every open session."""
    context = {
        "sign_ins": open_sessions(timezone.now()),
        "own_session_key": request.session.session_key,
    }
    return render(request, "access/sessions.html", context)


@require_POST
@permission_required("access.end_sessions", raise_exception=True)
def sessions_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End all sessions of a user and revoke the user's access tokens."""
    user, by, now = get_object_or_404(User, pk=pk), acting(request), timezone.now()
    reason = "ended by an administrator"
    sign_ins = SignIn.objects.filter(user=user).select_related("user")
    end_sessions(list(sign_ins), by=by, reason=reason, now=now)
    for token in user.access_tokens.select_related("user"):
        access_tokens.revoke_token(token, by=by, reason=reason, now=now)
    return redirect("sessions")
