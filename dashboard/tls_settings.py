"""Settings of outgoing connections: certificates and the proxy of the environment."""

import os
import ssl
from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured

from assignments import tls
from assignments.proxies import UnsupportedProxy, proxy_to
from dashboard.environment import Environment


def strict_certificates(env: Environment) -> bool:
    """Return whether certificates must conform to RFC 5280, and let all processes know.

    :raises ImproperlyConfigured: if SSL_CERT_FILE names no certificates, which OpenSSL would ignore
    """
    is_strict = bool(env.bool("TLS_STRICT_CERTIFICATES"))
    os.environ[tls.STRICT_VARIABLE] = "1" if is_strict else "0"
    path = os.environ.get("SSL_CERT_FILE")
    if path:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
        except OSError as error:
            reason = (
                "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            )
            raise ImproperlyConfigured(
                f"SSL_CERT_FILE is {path} and cannot be used: {reason}. Set it to a file with the "
                "authority's certificate as PEM, or unset it."
            ) from error
    return is_strict


def refuse_unsupported_proxy(urls: Iterable[str]) -> None:
    """Refuse a proxy that the connection to one of the URLs would need and cannot use.

    :raises ImproperlyConfigured: with the one thing to change
    """
    try:
        for url in urls:
            proxy_to(url)
    except UnsupportedProxy as problem:
        raise ImproperlyConfigured(str(problem)) from problem
