"""TLS contexts for outgoing connections, equally strict on every version of Python."""

import ssl
from typing import Final

# Python sets both by itself from 3.13 on: refuse certificates that violate RFC 5280, and accept an
# intermediate authority as the end of a chain if it is trusted.
X509_FLAGS: Final = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN


def tls_context() -> ssl.SSLContext:
    """Return a context that trusts the authorities of the system, such as a company's own."""
    context = ssl.create_default_context()  # noqa: TID251  the one place
    context.verify_flags |= X509_FLAGS
    return context
