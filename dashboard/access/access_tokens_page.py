"""Page of the user's own access tokens: list, create and revoke."""

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
from dashboard.access.access_tokens import (
    OWNER_SIGNED_IN_WITHIN,
    TokenRefused,
    create_token,
    revoke_token,
)
from dashboard.access.models import AccessToken, User

DAYS: Final = ((7, "7 days"), (30, "30 days"), (90, "90 days"))
DEFAULT_DAYS: Final = 30


class TokenForm(forms.Form):
    """Name and lifetime of a new token."""

    name = forms.CharField(
        max_length=60, error_messages={"required": "Enter what the token is for."}
    )
    days = forms.TypedChoiceField(
        choices=DAYS,
        coerce=int,
        error_messages={
            "required": "Choose how long it is valid.",
            "invalid_choice": "Choose how long it is valid.",
        },
    )


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="tokens")
def access_tokens(request: HttpRequest) -> HttpResponse:
    """Show the user's tokens; a POST creates one, whose text only this response shows."""
    form = TokenForm(request.POST or None)
    user, now = request.user, timezone.now()
    if not isinstance(user, User) or not form.is_valid():
        return _page(request, form, status=422 if form.errors else 200)
    try:
        token = create_token(user=user, **form.cleaned_data, by=acting(request), now=now)
    except TokenRefused as refusal:
        form.add_error("name", str(refusal))
        return _page(request, form, status=409)
    return _page(request, TokenForm(), new_token=token, status=201)


@require_POST
@permission_required("assignments.export_log", raise_exception=True)
def access_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token of the user."""
    own_tokens = AccessToken.objects.filter(user=request.user.pk or 0).select_related("user")
    token = get_object_or_404(own_tokens, pk=pk)
    revoke_token(token, by=acting(request), reason="revoked by its owner", now=timezone.now())
    return redirect("access-tokens")


def _page(
    request: HttpRequest, form: TokenForm, *, new_token: str = "", status: int
) -> HttpResponse:
    context = {
        "tokens": AccessToken.objects.filter(user=request.user.pk or 0).order_by("-created_at"),
        "now": timezone.now(),
        "form": form,
        "days": form.cleaned_data.get("days") if form.is_bound else DEFAULT_DAYS,
        "new_token": new_token,
        "example": request.build_absolute_uri(reverse("log-api")),
        "max_days_since_sign_in": OWNER_SIGNED_IN_WITHIN.days,
    }
    return render(request, "access/tokens.html", context, status=status)
