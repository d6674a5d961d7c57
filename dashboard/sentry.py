"""Errors told to Sentry, if there is one: where and why, never who, what was typed or a secret."""

from collections.abc import Mapping
from typing import Any, Final, cast

from django.core.exceptions import ImproperlyConfigured

from assignments import trace
from dashboard.redaction import hidden

# What a report may say; whatever a later version of the SDK adds is left out until it is listed.
SAID: Final = (
    *("event_id", "timestamp", "level", "logger", "platform", "environment", "release"),
    *("exception", "logentry", "message", "transaction", "tags", "contexts", "sdk"),
)
CONTEXTS: Final = ("runtime", "trace")

type Event = dict[str, Any]


def start(dsn: str, *, secrets: tuple[str, ...], **options: Any) -> None:
    """Send errors to Sentry from now on; nothing happens without its address.

    :param options: more for the SDK, such as the transport of a test
    :raises ImproperlyConfigured: if the SDK is missing or the address is none
    """
    if not dsn:
        return
    sdk = _sdk()
    try:
        sdk.init(
            dsn=dsn,
            before_send=lambda event, _hint: scrubbed(event, secrets),
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            # What led to an error may name people; the lines of the log have it, by the request.
            max_breadcrumbs=0,
            server_name="",
            **options,
        )
    except ValueError as error:
        # The SDK's own words repeat the address, which is a secret.
        raise ImproperlyConfigured(
            "SENTRY_DSN is not the address of a Sentry project. Copy it from there."
        ) from error


def scrubbed(event: Mapping[str, Any], secrets: tuple[str, ...]) -> Event:
    """Return what of a report may leave, with the id of the request it belongs to."""
    kept = {name: event[name] for name in SAID if name in event}
    kept["contexts"] = {
        name: value for name, value in kept.get("contexts", {}).items() if name in CONTEXTS
    }
    kept["tags"] = {"request_id": trace.request_id()} if trace.request_id() else {}
    return cast("Event", _covered(kept, secrets))


def _covered(value: object, secrets: tuple[str, ...]) -> object:
    if isinstance(value, str):
        return hidden(value, secrets)
    if isinstance(value, Mapping):
        return {name: _covered(part, secrets) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_covered(part, secrets) for part in value]
    return value


def _sdk() -> Any:
    try:
        import sentry_sdk  # noqa: PLC0415  an extra that few installations have
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set and the package sentry-sdk is not installed. Run: uv pip install "
            "sentry-sdk, or unset SENTRY_DSN."
        ) from error
    return sentry_sdk
