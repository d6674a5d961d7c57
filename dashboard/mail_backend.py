"""Send e-mails by SMTP, with the TLS settings of every other connection."""

import ssl

from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from assignments.tls import tls_context


class EmailBackend(smtp.EmailBackend):
    """Django's SMTP backend; it never uses client certificates."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """Return the context for connections to the mail server."""
        return tls_context()
