"""Error reports to Sentry, without personal data, input or secrets."""

from collections.abc import Mapping
from typing import Any, Final, cast

from django.core.exceptions import ImproperlyConfigured

from assignments import trace
from dashboard.redaction import redact

# An allow list, so that fields which a later version of the SDK adds are left out.
REPORTED_FIELDS: Final = (
    *("event_id", "timestamp", "level", "logger", "platform", "environment", "release"),
    *("exception", "logentry", "message", "transaction", "tags", "contexts", "sdk"),
)
REPORTED_CONTEXTS: Final = ("runtime", "trace")

# A report of the Sentry SDK: JSON.
type Event = dict[str, Any]


def start_reporting(dsn: str, *, secrets: tuple[str, ...], **options: object) -> None:
    """Initialise the Sentry SDK; does nothing without a DSN.

    :param options: further options of the SDK, such as the transport of a test
    :raises ImproperlyConfigured: if the SDK is not installed or the DSN is invalid
    """
    if not dsn:
        return
    sdk = _sdk()
    try:
        sdk.init(
            dsn=dsn,
            before_send=lambda event, _hint: reportable(event, secrets),
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            # Breadcrumbs may name people; the log has the same by request id.
            max_breadcrumbs=0,
            server_name="",
            **options,
        )
    except ValueError as error:
        # The SDK's message quotes the DSN, which is a secret.
        raise ImproperlyConfigured(
            "SENTRY_DSN is not the address of a Sentry project. Copy it from there."
        ) from error


def reportable(event: Event, secrets: tuple[str, ...]) -> Event:
    """Return the fields of a report that may be sent, redacted, with the id of its request."""
    kept = {name: event[name] for name in REPORTED_FIELDS if name in event}
    kept["contexts"] = {
        name: value for name, value in kept.get("contexts", {}).items() if name in REPORTED_CONTEXTS
    }
    kept["tags"] = {"request_id": trace.request_id()} if trace.request_id() else {}
    return cast("Event", _redacted(kept, secrets))


def _redacted(value: object, secrets: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Mapping):
        return {name: _redacted(part, secrets) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(part, secrets) for part in value]
    return value


def _sdk() -> Any:  # a module that may not be installed
    try:
        import sentry_sdk  # noqa: PLC0415  optional dependency
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set and the package sentry-sdk is not installed. Run: uv pip install "
            "sentry-sdk, or unset SENTRY_DSN."
        ) from error
    return sentry_sdk
