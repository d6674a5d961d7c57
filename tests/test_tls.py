"""TLS: every outgoing connection checks certificates equally strictly, on every Python version."""

import ssl

import pytest

from assignments.tls import shared_tls_context, tls_context
from dashboard.mail_backend import EmailBackend


@pytest.fixture
def python_3_12(monkeypatch):
    """Make Python set no flags by itself, as before 3.13."""
    create = ssl.create_default_context

    def without_flags(*args, **kwargs):
        context = create(*args, **kwargs)
        context.verify_flags = ssl.VERIFY_DEFAULT
        return context

    monkeypatch.setattr(ssl, "create_default_context", without_flags)
    shared_tls_context.cache_clear()
    yield
    shared_tls_context.cache_clear()


@pytest.mark.usefixtures("python_3_12")
@pytest.mark.parametrize(
    "new_context",
    [
        pytest.param(tls_context, id="syslog"),
        pytest.param(shared_tls_context, id="StackOne, sign-in and SIEM"),
        pytest.param(
            lambda: EmailBackend(alias="default", host="mail.example").ssl_context, id="mail server"
        ),
    ],
)
def test_certificates_that_violate_rfc_5280_are_refused(new_context):
    context = new_context()

    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
