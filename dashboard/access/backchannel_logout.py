"""What a logout at the identity provider ends here: one session, or all access of a person."""

import logging
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction

from assignments.audit.entries.actors import SYSTEM
from dashboard.access.access_tokens import revoke_token
from dashboard.access.logout_tokens import EndedSessions
from dashboard.access.models import SignIn, User
from dashboard.access.provider_sessions import has_ended_here
from dashboard.access.sessions import end_sessions

logger = logging.getLogger("dashboard.sign_in")
REASON: Final = "signed out at the identity provider"


@transaction.atomic
def end_access(ended: EndedSessions, *, now: datetime) -> None:
    """End the session that the provider names.

    If it names none, or one that is unknown here, all sessions and access tokens of the person end.
    """
    sign_ins = SignIn.objects.filter(user__issuer=settings.OIDC_ISSUER)
    named = list(sign_ins.filter(provider_session=ended.session)) if ended.session else []
    if named or (ended.session and has_ended_here(ended.session)):
        end_sessions(named, by=SYSTEM, reason=REASON, now=now)
        return
    user = User.objects.filter(issuer=settings.OIDC_ISSUER, subject=ended.subject).first()
    if user is None:
        logger.info("A logout at the identity provider names nobody who has signed in here.")
        return
    _end_all_access(user, now)


def _end_all_access(user: User, now: datetime) -> None:
    sessions = end_sessions(list(user.sign_ins.all()), by=SYSTEM, reason=REASON, now=now)
    tokens = list(user.access_tokens.select_related("user"))
    for token in tokens:
        revoke_token(token, by=SYSTEM, reason=REASON, now=now)
    logger.warning(
        "A logout at the identity provider ended %s sessions and %s access tokens of user/%s.",
        sessions,
        len(tokens),
        user.pk,
    )
