"""TLS contexts for outgoing connections, equally strict on every version of Python."""

import os
import ssl
from functools import cache
from pathlib import Path
from typing import Final

import certifi

# An environment variable, which processes that know nothing of Django's settings inherit.
STRICT_VARIABLE: Final = "TLS_STRICT_CERTIFICATES"
# How OpenSSL begins the reason for which it refused a certificate.
REFUSED: Final = "certificate verify failed: "
# Reasons that VERIFY_X509_STRICT alone has, in lower case (OpenSSL's crypto/x509/x509_txt.c).
STRICT_REASONS: Final = (
    "ca cert does not include key usage extension",
    "missing authority key identifier",
    "missing subject key identifier",
    "basic constraints of ca cert not marked critical",
    "path length invalid for non-ca cert",
    "path length given without key usage keycertsign",
    "key usage keycertsign invalid for non-ca cert",
    "issuer name empty",
    "subject name empty",
    "empty subject alternative name extension",
    "authority key identifier marked critical",
    "subject key identifier marked critical",
    "certificate extensions require version 3",
)
# What to do about other reasons, and about a server that responds without TLS.
OTHER_ADVICE: Final = {
    "hostname mismatch": "Correct the address, or let the server have a certificate for that name.",
    "ip address mismatch": "Use the server's name instead of its IP address.",
    "certificate has expired": "Let the server have a new certificate, or set the clock here.",
    "certificate is not yet valid": "Set the clock of this machine, or of the server.",
    "wrong_version_number": "It does not use TLS there: correct the scheme or the port.",
}
UNKNOWN_AUTHORITY_REASONS: Final = ("local issuer certificate", "self-signed certificate")


def tls_context() -> ssl.SSLContext:
    """Return a context that trusts public authorities, and those of the system and SSL_CERT_FILE.

    It is as strict as Python is by itself from 3.13 on: it refuses certificates that violate RFC
    5280, unless TLS_STRICT_CERTIFICATES is 0, and accepts an intermediate authority as the end of
    a chain if it is trusted.
    """
    context = ssl.create_default_context(cafile=certifi.where())  # noqa: TID251  the one place
    # OpenSSL reads SSL_CERT_FILE instead of the system's file; both count here.
    context.load_default_certs()
    system_file = ssl.get_default_verify_paths().openssl_cafile
    if Path(system_file).exists():
        context.load_verify_locations(cafile=system_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if os.environ.get(STRICT_VARIABLE) == "0":
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@cache
def shared_tls_context() -> ssl.SSLContext:
    """Return the context that all HTTP clients of a process share: creating one takes 20 ms."""
    return tls_context()


def refusal_of(error: Exception) -> str:
    """Return why a certificate was refused, such as "certificate verify failed: …", or nothing."""
    _, mark, reason = str(error).partition(REFUSED)
    return f"{mark}{reason.partition(' (_ssl')[0]}"


def advice(problem: str) -> str:
    """Return what to do about a certificate that was refused; empty for another problem."""
    _, mark, reason = problem.lower().partition(REFUSED)
    if mark and any(text in reason for text in STRICT_REASONS):
        return (
            "The authority's certificate violates RFC 5280. Set TLS_STRICT_CERTIFICATES=0 to "
            "accept its form; who issued it, names and dates are checked as before."
        )
    if mark and any(text in reason for text in UNKNOWN_AUTHORITY_REASONS):
        return "If the authority is your company's, set SSL_CERT_FILE to a file with it."
    texts = (text for name, text in OTHER_ADVICE.items() if name in problem.lower())
    return next(texts, "")
