"""A person's own access tokens: what there is, a new one, and the end of one."""

from typing import Final

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from assignments.views.rate_limits import at_most
from assignments.views.request_context import acting
from dashboard.access import tokens
from dashboard.access.models import AccessToken, User

DAYS: Final = ((7, "7 days"), (30, "30 days"), (90, "90 days"))
USUAL_DAYS: Final = 30


class TokenForm(forms.Form):
    """What a token is for, and how long it is good."""

    name = forms.CharField(max_length=60, error_messages={"required": "Say what the token is for."})
    days = forms.TypedChoiceField(
        choices=DAYS,
        coerce=int,
        error_messages={
            "required": "Choose how long it is good.",
            "invalid_choice": "Choose how long it is good.",
        },
    )


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="tokens")
def access_tokens(request: HttpRequest) -> HttpResponse:
    """Show the person's tokens; a POST makes one, which this answer alone shows."""
    form = TokenForm(request.POST or None)
    user, now = request.user, timezone.now()
    if not isinstance(user, User) or not form.is_valid():
        return _page(request, form, status=422 if form.errors else 200)
    try:
        token = tokens.make(user=user, **form.cleaned_data, by=acting(request), now=now)
    except tokens.NotMade as refusal:
        form.add_error("name", str(refusal))
        return _page(request, form, status=409)
    return _page(request, TokenForm(), new=token, status=201)


@require_POST
@permission_required("assignments.export_log", raise_exception=True)
def access_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of the person's own tokens."""
    mine = AccessToken.objects.filter(user=request.user.pk or 0).select_related("user")
    token = get_object_or_404(mine, pk=pk)
    tokens.revoke(token, by=acting(request), because="revoked by its owner", now=timezone.now())
    return redirect("access-tokens")


def _page(request: HttpRequest, form: TokenForm, *, new: str = "", status: int) -> HttpResponse:
    context = {
        "tokens": AccessToken.objects.filter(user=request.user.pk or 0).order_by("-created_at"),
        "now": timezone.now(),
        "form": form,
        "days": form.cleaned_data.get("days") if form.is_bound else USUAL_DAYS,
        "new": new,
        "example": request.build_absolute_uri(reverse("log-api")),
        "away_days": tokens.OWNER_SEEN_WITHIN.days,
    }
    return render(request, "access/tokens.html", context, status=status)
