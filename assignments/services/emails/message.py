"""What a letter is made of."""

from django.core.mail import EmailMessage


def letter(subject: str, lines: list[str], to: str) -> EmailMessage:
    """Return a letter to one address."""
    # A title of the LMS may have line breaks, which a header must not.
    return EmailMessage(" ".join(subject.split()), "\n".join([*lines, ""]), to=[to])
