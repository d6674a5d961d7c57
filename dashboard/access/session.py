"""Signing in and out, each in one transaction with its entry in the log."""

from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from assignments.audit.log import Event, record
from assignments.views.person import acting
from dashboard.access.models import User


@transaction.atomic
def sign_in(request: HttpRequest, user: User) -> None:
    """Start a new session for the person."""
    login(request, user, backend="dashboard.access.backend.SessionBackend")
    request.session.save()
    _record(request, "person.signed_in")


@transaction.atomic
def sign_out(request: HttpRequest) -> None:
    """End the session of whoever is signed in."""
    _record(request, "person.signed_out")
    logout(request)


def _record(request: HttpRequest, action: str) -> None:
    by = acting(request)
    event = Event(action=action, subject=by.ref, result=action.removeprefix("person."))
    record(event, by=by, at=timezone.now())
