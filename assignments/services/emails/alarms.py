"""The letter to those who are responsible for the audit log when it was found altered."""

from django.conf import settings
from django.core.mail import EmailMessage

from assignments.models import Verification
from assignments.queries import formatting
from assignments.queries.absolute_urls import page_url
from assignments.services.emails.message import letter


def about(found: Verification) -> list[EmailMessage]:
    """Return a letter for each of ALERT_EMAILS; it names no person."""
    lines = [
        f"A check of the audit log at {settings.SITE_URL} found it altered.",
        "",
        found.detail,
        f"Found: {formatting.moment(found.at)}",
        "",
        "From here on the log does not prove what happened. Keep the database and its backups as "
        "they are, together with the folder of the seals, and find out who had access to them.",
        f"What was found: {page_url('verification', found.pk)}",
        "To check again from a shell: manage.py audit verify",
    ]
    return [letter("The audit log was altered", lines, to) for to in settings.ALERT_EMAILS]
