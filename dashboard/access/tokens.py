"""Access tokens: how a program reads the log in the name of the person who made the token.

A token is as good as its owner: it gives the roles that the owner has now and ends with them. The
provider says who lost a role only when they come back, so a token of somebody who has not signed
in for a month is taken for one of somebody who left.
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
from assignments.views.problem_details import is_for_programs, problem
from dashboard.access.models import AccessToken, User

# So that whoever finds one in a file or a repository knows what it is.
PREFIX: Final = "desk_"
SECRET_BYTES: Final = 32
MOST: Final = 10
OWNER_SEEN_WITHIN: Final = timedelta(days=30)
SEEN_EVERY: Final = timedelta(minutes=1)
SCHEME: Final = "Bearer "
Handler = Callable[[HttpRequest], HttpResponseBase]


class NotMade(ValueError):
    """Why there is no new token, in a sentence for its owner."""


def make(*, user: User, name: str, days: int, by: Actor, now: datetime) -> str:
    """Create a token and return it: it is shown this once and kept nowhere.

    :raises NotMade: if the person has one of that name, or too many
    """
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    until = now + timedelta(days=days)
    try:
        with transaction.atomic():
            if user.access_tokens.count() >= MOST:
                raise NotMade(f"You have {MOST} tokens already. Revoke one that nothing uses.")
            made = AccessToken.objects.create(
                user=user, name=name, digest=_digest(token), created_at=now, until=until
            )
            detail = {"name": name, "expires_on": until.date().isoformat()}
            event = Event(action="access_token.created", subject=f"token/{made.pk}", detail=detail)
            record(event, by=by, at=now)
    except IntegrityError as twice:
        raise NotMade("You have a token of this name already. Give it another name.") from twice
    return token


@transaction.atomic
def revoke(token: AccessToken, *, by: Actor, because: str, now: datetime) -> None:
    """Revoke a token."""
    event = Event(
        action="access_token.revoked",
        subject=f"token/{token.pk}",
        people=(Person(ref=f"user/{token.user_id}", name=token.user.name),),
        detail={"name": token.name, "reason": because},
    )
    record(event, by=by, at=now)
    token.delete()


def by_token(get_response: Handler) -> Handler:
    """At addresses for programs, let whoever shows a token be its owner, and nobody else."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("Authorization", "")
        if is_for_programs(request) and given:
            request.user = _owner(given.removeprefix(SCHEME), timezone.now()) or AnonymousUser()
        return get_response(request)

    return middleware


def wanted() -> HttpResponse:
    """Return the answer to a program that shows no good token."""
    detail = (
        "Send an access token that is still good, as in “Authorization: Bearer desk_…”. Make one "
        "under Settings, Access tokens. A token ends on its day, when it is revoked, when its "
        "owner may not come in any more, and when its owner has not signed in for "
        f"{OWNER_SEEN_WITHIN.days} days."
    )
    answer = problem(401, "No good access token was sent", detail)
    answer["WWW-Authenticate"] = SCHEME.strip()
    return answer


def _owner(token: str, now: datetime) -> User | None:
    found = AccessToken.objects.filter(digest=_digest(token), until__gt=now).select_related("user")
    mine = found.filter(user__is_active=True, user__last_login__gt=now - OWNER_SEEN_WITHIN).first()
    if mine is None:
        return None
    if mine.seen_at is None or now - mine.seen_at >= SEEN_EVERY:
        AccessToken.objects.filter(pk=mine.pk).update(seen_at=now)
    return mine.user


def _digest(token: str) -> str:
    # Of 32 random bytes a plain hash can be tried by nobody.
    return hashlib.sha256(token.encode()).hexdigest()
