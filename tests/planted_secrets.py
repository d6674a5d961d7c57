"""All output of the product, in one process with planted secrets and a planted person.

`python -m tests.planted_secrets FOLDER` prints it and leaves exports in the folder; the test that
starts it searches both for the planted values. Without FOLDER it prints what is said while the
database and the broker are away.
"""

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAME = "Zebulon Quagmire"
EMAIL = "zebulon.quagmire@northwind.example"
CONTROL = "this-may-be-found"


def main(folder: Path | None) -> None:
    """Produce all output, or that without a database."""
    import django  # noqa: PLC0415  the environment comes first

    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    if folder is None:
        _without_services(call_command)
        return
    call_command("prepare")
    sys.stdout.write(f"{CONTROL} in the output\n")
    logging.getLogger("control").error("%s in the log", CONTROL)
    _commands(call_command, folder)
    _forward(call_command)
    _representations()
    _pages()
    _logs()


def _without_services(call_command: Any) -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from dashboard.celery import app  # noqa: PLC0415

    sys.stdout.write(f"{CONTROL} in the output\n{app!r} {app.connection()!r}\n")
    browser = Client(
        raise_request_exception=False,
        SERVER_NAME="127.0.0.1",
        headers={"X-Forwarded-Proto": "https"},
    )
    for address in ("/login/", "/readyz", "/batches/"):
        sys.stdout.write(browser.get(address).content.decode())
    sys.stdout.write(_debug_page())
    logging.getLogger("planted").error(
        "%s in the log: %s %s", CONTROL, settings.DATABASES, settings.CELERY_BROKER_URL
    )
    logging.getLogger("planted").error("A library says %s", app.connection().password)
    for act in (
        lambda: call_command("doctor"),
        lambda: call_command("prepare"),
        lambda: app.connection().ensure_connection(max_retries=1, interval_start=0),
    ):
        try:
            act()
        except Exception:
            traceback.print_exc()
        except SystemExit as left:
            sys.stdout.write(f"left with {left}\n")


def _commands(call_command: Any, folder: Path) -> None:
    export = folder / "log.csv"
    for words in (
        ["doctor"],
        ["doctor", "--json"],
        ["sync"],
        ["audit", "seal"],
        ["audit", "verify"],
        ["audit", "export", "--format", "csv", "-o", export],
        ["audit", "export", "--format", "pack", "-o", folder / "log.zip"],
    ):
        try:
            call_command(*words)
        except Exception:
            # As the interpreter does at exit.
            traceback.print_exc()


def _forward(call_command: Any) -> None:
    from assignments import tasks  # noqa: PLC0415

    tasks.forward_log.call()
    call_command("audit", "forward")


def _representations() -> None:
    from assignments.audit.signing.keys import signing_key  # noqa: PLC0415
    from assignments.services.calls import connections  # noqa: PLC0415

    client = connections.open_client("an-account", before_request=lambda: None)
    sys.stdout.write(f"{client!r} {vars(client)!r} {signing_key()!r}\n")


def _pages() -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from dashboard.access import views  # noqa: PLC0415
    from dashboard.access.models import User  # noqa: PLC0415

    def broken(request: Any, *_: Any) -> None:
        raise RuntimeError(f"{EMAIL} met {settings.STACKONE_API_KEY}")

    User.objects.create(issuer="x", subject="y", name=NAME, email=EMAIL, roles=["auditor"])
    vars(views)["render"] = broken
    browser = Client(
        raise_request_exception=False,
        SERVER_NAME="127.0.0.1",
        headers={"X-Forwarded-Proto": "https"},
    )
    address = f"/login/?q={NAME}"
    for response in (browser.get(address), browser.get("/nope/"), browser.get("/", HTTP_HOST="x")):
        sys.stdout.write(response.content.decode())
    sys.stdout.write(_debug_page())


def _debug_page() -> str:
    """Return Django's error page with DEBUG: traceback and settings."""
    from django.test import RequestFactory  # noqa: PLC0415
    from django.views.debug import ExceptionReporter  # noqa: PLC0415

    problem = ValueError("no number")
    reporter = ExceptionReporter(RequestFactory().get("/"), ValueError, problem, None)
    return f"{reporter.get_traceback_html()}{reporter.get_traceback_text()}"


def _logs() -> None:
    from django.conf import settings  # noqa: PLC0415

    from assignments.siem.https import Https  # noqa: PLC0415

    log = logging.getLogger("planted")
    for name in ("SECRET_KEY", "STACKONE_API_KEY", "OIDC_CLIENT_SECRET", "METRICS_TOKEN"):
        log.error("A library says %s", getattr(settings, name))
    log.error("A library says %s", settings.DATABASES)
    log.error("A library says %s and %s", settings.MAILERS, settings.SENTRY_DSN)
    log.error("A library says %s", urlsplit(settings.SENTRY_DSN).username)
    assert settings.PROXY_SETTINGS
    log.error("A library says %s and %s", settings.PROXY_SETTINGS, settings.PROXY_SETTINGS.secret)
    assert isinstance(settings.SIEM, Https)
    log.error("A library says %s and %s", settings.SIEM.url, settings.SIEM.authorization)
    log.error("A library says %s", EMAIL)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
