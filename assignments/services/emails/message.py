"""Compose an e-mail message."""

from django.core.mail import EmailMessage


def compose(subject: str, lines: list[str], to: str) -> EmailMessage:
    """Return a plain-text e-mail to one address."""
    # A title from the LMS may contain line breaks, which are not allowed in a header.
    return EmailMessage(" ".join(subject.split()), "\n".join([*lines, ""]), to=[to])
