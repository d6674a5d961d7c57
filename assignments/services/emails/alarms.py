"""Alarm by e-mail when a verification finds the audit log altered."""

from django.conf import settings
from django.core.mail import EmailMessage

from assignments.models import Verification
from assignments.queries import formatting
from assignments.queries.absolute_urls import page_url
from assignments.services.emails.message import compose


def alarm_emails(verification: Verification) -> list[EmailMessage]:
    """Return an e-mail to each of ALERT_EMAILS; it contains no personal data."""
    lines = [
        f"A verification of the audit log at {settings.SITE_URL} found it altered.",
        "",
        verification.detail,
        f"Found: {formatting.moment(verification.at)}",
        "",
        "From here on the log does not prove what happened. Keep the database and its backups as "
        "they are, together with the folder of the seals, and find out who had access to them.",
        f"Details: {page_url('verification', verification.pk)}",
        "To verify again on the command line: manage.py audit verify",
    ]
    return [compose("The audit log was altered", lines, to) for to in settings.ALERT_EMAILS]
