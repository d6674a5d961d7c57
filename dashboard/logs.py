"""Logging configuration: lines as JSON for log collectors, or as text for a terminal."""

import logging
from datetime import UTC, datetime
from typing import Any, Final, override

from django.conf import settings
from pythonjsonlogger.orjson import OrjsonFormatter

from assignments import trace
from dashboard.redaction import redact

# Escapes: text that a browser sent must not start a new line or move the cursor.
CONTROL_CHARACTERS: Final = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
RENAMED_FIELDS: Final = {"levelname": "level", "name": "logger", "exc_info": "trace"}
# One line for each request or call: useful to machines; at a terminal it hides the other lines.
FREQUENT_LOGGERS: Final = ("dashboard.requests", "assignments.calls")


class RequestIdFilter(logging.Filter):
    """Adds the id of the request that the work is done for, unless the record has one."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record."""
        if not hasattr(record, "request_id"):
            record.request_id = trace.request_id()
        return True


class JsonFormatter(OrjsonFormatter):
    """One JSON object a line: time in UTC, level, logger, message and the record's extra fields."""

    def __init__(self) -> None:
        """Set the fields of every line."""
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=RENAMED_FIELDS)

    @override
    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:  # types of python-json-logger
        """Put the time first; leave out an empty request id."""
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["at"] = at.isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)
        if not log_data.get("request_id"):
            log_data.pop("request_id", None)

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, redacted."""
        return redact(super().format(record), settings.SECRET_TEXTS)


class TextFormatter(logging.Formatter):
    """Time, level, logger, message and the first 8 characters of the request id."""

    def __init__(self) -> None:
        """Set the format."""
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message on one line."""
        line = super().formatMessage(record).translate(CONTROL_CHARACTERS)
        request_id = getattr(record, "request_id", "")
        return f"{line} [{request_id[:8].upper()}]" if request_id else line

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line and the traceback, if any, redacted."""
        return redact(super().format(record), settings.SECRET_TEXTS)


def logging_configuration(log_format: str) -> dict[str, Any]:  # the schema of `dictConfig`
    """Return Django's LOGGING for the format `json` or `text`."""
    formatter = JsonFormatter if log_format == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": RequestIdFilter}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["request"],
            }
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # Without Django's handlers, which would repeat lines or mail them unredacted.
            "django": {"handlers": [], "level": "INFO"},
            # `dashboard.requests` logs every request already.
            "django.request": {"level": "ERROR"},
            # Anybody can send a wrong host name; that must not fill the log with tracebacks.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "httpx": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            # django.tasks logs failed tasks already.
            "celery.app.trace": {"level": "CRITICAL"},
            "django_tasks_db": {"level": "WARNING"},
            "django.tasks": {"level": "WARNING"},
        }
        | (
            {}
            if log_format == "json"
            else {name: {"level": "WARNING"} for name in FREQUENT_LOGGERS}
        ),
    }
