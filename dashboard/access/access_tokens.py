"""Access tokens: how a program reads the log in the name of the user who created the token.

A token gives the roles that its owner has now. The identity provider reports lost roles only at
sign-in, so the tokens of a user who has not signed in for 30 days stop working: the user may have
left.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.views.problem_details import is_api_request, problem
from dashboard.access.models import AccessToken, User

# Lets people and secret scanners recognise a token in a file or repository.
PREFIX: Final = "desk_"
# Digests name their version: docs/decisions/0018-stored-hashes.md.
DIGEST_OF: Final = "assignment-desk/access-token/1:"
SECRET_BYTES: Final = 32
MAX_TOKENS: Final = 10
OWNER_SIGNED_IN_WITHIN: Final = timedelta(days=30)
LAST_USED_INTERVAL: Final = timedelta(minutes=1)
SCHEME: Final = "Bearer "
Handler = Callable[[HttpRequest], HttpResponseBase]


class TokenRefused(ValueError):
    """Why no token was created, in a sentence for its owner."""


def create_token(*, user: User, name: str, days: int, by: Actor, now: datetime) -> str:
    """Create a token and return its text, which is stored nowhere.

    :raises TokenRefused: if the user has a token of that name, or too many
    """
    text = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    expires_at = now + timedelta(days=days)
    try:
        with transaction.atomic():
            if user.access_tokens.count() >= MAX_TOKENS:
                raise TokenRefused(
                    f"You have {MAX_TOKENS} tokens already. Revoke one that nothing uses."
                )
            token = AccessToken.objects.create(
                user=user, name=name, digest=_digest(text), created_at=now, expires_at=expires_at
            )
            detail = {"name": name, "expires_on": expires_at.date().isoformat()}
            event = Event(action="access_token.created", subject=f"token/{token.pk}", detail=detail)
            record(event, by=by, at=now)
    except IntegrityError as error:
        raise TokenRefused(
            "You have a token of this name already. Give it another name."
        ) from error
    return text


@transaction.atomic
def revoke_token(token: AccessToken, *, by: Actor, reason: str, now: datetime) -> None:
    """Delete a token, so that it stops working immediately."""
    event = Event(
        action="access_token.revoked",
        subject=f"token/{token.pk}",
        people=(Person(ref=f"user/{token.user_id}", name=token.user.name),),
        detail={"name": token.name, "reason": reason},
    )
    record(event, by=by, at=now)
    token.delete()


def token_authentication(get_response: Handler) -> Handler:
    """Authenticate API requests that send a token as the token's owner."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        header = request.headers.get("Authorization", "")
        if is_api_request(request) and header:
            request.user = _owner(header.removeprefix(SCHEME), timezone.now()) or AnonymousUser()
        return get_response(request)

    return middleware


def token_required_response() -> HttpResponse:
    """Return the 401 response to a program that sent no valid token."""
    detail = (
        "Send a valid access token, as in “Authorization: Bearer desk_…”. Create one under "
        "Settings, Access tokens. A token stops working on its expiry date, when it is revoked, "
        "when its owner loses access, and when its owner has not signed in for "
        f"{OWNER_SIGNED_IN_WITHIN.days} days."
    )
    response = problem(401, "No valid access token was sent", detail)
    response["WWW-Authenticate"] = SCHEME.strip()
    return response


def _owner(text: str, now: datetime) -> User | None:
    tokens = AccessToken.objects.filter(digest=_digest(text), expires_at__gt=now)
    token = (
        tokens.filter(user__is_active=True, user__last_login__gt=now - OWNER_SIGNED_IN_WITHIN)
        .select_related("user")
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_INTERVAL:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token.user


def _digest(text: str) -> str:
    # No salt or slow hash is needed: 32 random bytes cannot be guessed.
    return hashlib.sha256(f"{DIGEST_OF}{text}".encode()).hexdigest()
