"""Who is signed in, for administrators, and the button that ends all sessions of a person."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assignments.views.request_context import acting
from dashboard.access import tokens
from dashboard.access.models import SignIn, User
from dashboard.access.sessions import end_sign_ins, open_sign_ins


@require_GET
@never_cache
@permission_required("access.end_sessions", raise_exception=True)
def sessions(request: HttpRequest) -> HttpResponse:
    """Show every open session."""
    signins = open_sign_ins(timezone.now())
    context = {"signins": signins, "mine": request.session.session_key}
    return render(request, "access/sessions.html", context)


@require_POST
@permission_required("access.end_sessions", raise_exception=True)
def sessions_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign a person out everywhere; their programs lose their access as well."""
    user, by, now = get_object_or_404(User, pk=pk), acting(request), timezone.now()
    because = "ended by an administrator"
    signins = SignIn.objects.filter(user=user).select_related("user")
    end_sign_ins(list(signins), by=by, because=because, now=now)
    for token in user.access_tokens.select_related("user"):
        tokens.revoke(token, by=by, because=because, now=now)
    return redirect("sessions")
