"""What a line of the log looks like: JSON for machines, or text for somebody at a terminal."""

import logging
from datetime import UTC, datetime
from typing import Any, Final, override

from django.conf import settings
from pythonjsonlogger.orjson import OrjsonFormatter

from assignments import trace
from dashboard.redaction import hidden

# A line break in what a browser sent must not begin a line of its own, nor move the cursor.
CONTROLS: Final = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
RENAMED: Final = {"levelname": "level", "name": "logger", "exc_info": "trace"}
# One line for each of these is for machines; at a terminal it would hide the others.
ONE_EACH: Final = ("dashboard.requests", "assignments.calls")


class RequestId(logging.Filter):
    """Adds the request that the work is done for, unless the line names another itself."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        if not hasattr(record, "request_id"):
            record.request_id = trace.request_id()
        return True


class JsonLines(OrjsonFormatter):
    """One JSON object a line, with the time in UTC and what the line was given besides."""

    def __init__(self) -> None:
        """Choose the fields that every line has."""
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=RENAMED)

    @override
    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put the time first, and leave out a request that there is not."""
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["at"] = at.isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)
        if not log_data.get("request_id"):
            log_data.pop("request_id", None)

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line without secrets."""
        return hidden(super().format(record), settings.SECRET_TEXTS)


class TextLines(logging.Formatter):
    """Time, level, logger and message; a request by the start of its id, as on error pages."""

    def __init__(self) -> None:
        """Choose the order."""
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message on one line."""
        line = super().formatMessage(record).translate(CONTROLS)
        request_id = getattr(record, "request_id", "")
        return f"{line} [{request_id[:8].upper()}]" if request_id else line

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the trace if there is one, without secrets."""
        return hidden(super().format(record), settings.SECRET_TEXTS)


def configuration(form: str) -> dict[str, Any]:
    """Return Django's LOGGING for lines of this form, `json` or `text`."""
    formatter = JsonLines if form == "json" else TextLines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": RequestId}},
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
            # Its own handlers would say everything twice, or mail it in clear.
            "django": {"handlers": [], "level": "INFO"},
            # The line of the request says it already.
            "django.request": {"level": "ERROR"},
            # Anybody can send a wrong host, and need not fill the log with traces.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "httpx": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            # A task that fails is told of by django.tasks already.
            "celery.app.trace": {"level": "CRITICAL"},
            "django_tasks_db": {"level": "WARNING"},
            "django.tasks": {"level": "WARNING"},
        }
        | ({} if form == "json" else {name: {"level": "WARNING"} for name in ONE_EACH}),
    }
