"""The doctor: checks of the installation, each with a result and what to fix."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError
from django.utils.module_loading import import_string

from assignments.audit.entries.sentences import counted
from assignments.audit.integrity.pinned_mac_key import require_pinned_key
from assignments.audit.seals import second_copy
from assignments.audit.signing.keys import KeyUnavailable, is_generated, signing_key
from assignments.audit.verification import log_status
from assignments.models import Account, Worker
from assignments.models.sql.trigram_index import ENTRIES, EXTENSION, LEARNERS
from assignments.proxies import proxy_to
from assignments.services.calls.connections import configured_accounts, open_client
from assignments.services.operations import broker
from assignments.siem import forwarding
from assignments.stackone.errors import StackOneError
from assignments.stackone.responses import parse_http_date
from assignments.tls import advice

WORKER_MISSING_AFTER: Final = timedelta(seconds=60)
CLOCK_TOLERANCE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; the sentence says what to fix unless it is OK."""

    name: str
    is_ok: bool
    sentence: str


def findings(*, now: datetime) -> Iterator[Finding]:
    """Run the checks and yield a finding each; without a usable database the others are skipped."""
    yield Finding("configuration", True, _configuration())
    database_finding = _database()
    yield database_finding
    if not database_finding.is_ok:
        return
    yield _search()
    if settings.CELERY_BROKER_URL:
        yield _broker()
    for account in configured_accounts():
        yield from _account(account, now)
    yield from _network()
    yield _worker(now)
    yield _signing_key()
    yield _mac_key()
    yield _seal_folder()
    yield _log_check(now)
    yield Finding("sign-in", *import_string(settings.SIGN_IN_CHECK)())
    yield _emails()
    yield _alarms()
    if settings.SIEM:
        yield _siem()


def _configuration() -> str:
    host = urlsplit(settings.STACKONE_BASE_URL).netloc
    key = "the sandbox's key" if settings.IS_SANDBOX else "a key from the environment"
    return f"{host} with {key}, {settings.STACKONE_REQUESTS_PER_MINUTE:,} requests a minute"


def _database() -> Finding:
    try:
        executor = MigrationExecutor(database)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        return Finding("database", False, f"It cannot be reached: {error}. Check DATABASE_URL.")
    if missing:
        return Finding("database", False, "It is not up to date. Run: manage.py prepare")
    return Finding("database", True, f"{database.vendor}, up to date")


def _search() -> Finding:
    missing = [index for index in (LEARNERS, ENTRIES) if not index.exists(database)]
    if not missing:
        return Finding("search", True, "people and entries are found by an index")
    remedy = f"{EXTENSION}; {' '.join(f'{index.create_gin_sql};' for index in missing)}"
    problem = "Every search reads all people or entries, because an index is missing."
    return Finding("search", False, f"{problem} Let a database administrator run: {remedy}")


def _broker() -> Finding:
    try:
        url = broker.require_reachable()
    except broker.BrokerUnavailable as problem:
        return Finding("broker", False, f"{problem} Check CELERY_BROKER_URL.")
    return Finding("broker", True, f"{url} responds")


def _account(account: Account, now: datetime) -> Iterator[Finding]:
    name = f"account {account.remote_id}"
    if account.paused_at is not None:
        yield Finding(name, False, account.pause_reason)
    try:
        with open_client(account.remote_id, before_request=lambda: None) as client:
            next(client.user_pages(), None)
            yield _clock(client.last_date, now)
    except StackOneError as error:
        yield Finding(name, False, f"{error.message} {advice(error.message) or _account_help()}")
    else:
        yield Finding(name, True, "responds and lists people")


def _account_help() -> str:
    names = ["STACKONE_API_KEY", "STACKONE_ACCOUNT_ID", "STACKONE_BASE_URL", "the network"]
    if proxy_to(settings.STACKONE_BASE_URL):
        names.append("the proxy that HTTPS_PROXY names")
    if settings.IS_SANDBOX:
        names.append("whether the sandbox LMS runs (manage.py sandbox)")
    return f"Check {', '.join(names[:-1])} and {names[-1]}."


def _clock(date_header: str, now: datetime) -> Finding:
    lms_time = parse_http_date(date_header)
    if lms_time is None:
        return Finding("clock", True, "not compared: responses of the LMS do not say the time")
    if abs(lms_time - now) > CLOCK_TOLERANCE:
        return Finding("clock", False, f"It differs from the LMS's by {lms_time - now}. Set it.")
    return Finding("clock", True, "agrees with the LMS's")


def _network() -> Iterator[Finding]:
    yield Finding("certificates", True, _certificates())
    yield Finding("proxy", True, _proxy())
    yield Finding("site address", *import_string(settings.SITE_URL_CHECK)())
    yield Finding("client addresses", *import_string(settings.CLIENT_ADDRESS_CHECK)())


def _certificates() -> str:
    own_file = os.environ.get("SSL_CERT_FILE")
    added = f" and those of {own_file}" if own_file else ""
    is_strict = settings.TLS_STRICT_CERTIFICATES
    form = "must have the form of RFC 5280" if is_strict else "may violate the form of RFC 5280"
    return f"from public authorities, the system's{added}; certificates {form}"


def _proxy() -> str:
    proxy = proxy_to(settings.STACKONE_BASE_URL)
    if proxy is None:
        return "none is used for StackOne"
    # Without the user and password that the address may have.
    return f"StackOne is reached through {urlsplit(proxy).netloc.rpartition('@')[2]}"


def _worker(now: datetime) -> Finding:
    if Worker.objects.filter(seen_at__gt=now - WORKER_MISSING_AFTER).exists():
        return Finding("worker", True, "seen in the last minute")
    return Finding("worker", False, "None was seen in the last minute. Run: manage.py worker")


def _signing_key() -> Finding:
    try:
        key = signing_key().public
    except KeyUnavailable as problem:
        return Finding("signing key", False, str(problem))
    if not is_generated():
        return Finding("signing key", True, f"{key.name}+{key.id.hex()} seals the log")
    path = settings.AUDIT_OWN_KEY_FILE
    sentence = f"generated by Assignment Desk in {path}, readable only by its own user"
    if settings.IS_SANDBOX:
        return Finding("signing key", True, sentence)
    help_text = "Keep it away from the database: manage.py audit key, then set AUDIT_SIGNING_KEY."
    return Finding("signing key", False, f"It was {sentence}. {help_text}")


def _mac_key() -> Finding:
    try:
        key = require_pinned_key()
    except KeyUnavailable as problem:
        return Finding("MAC key", False, str(problem))
    if settings.AUDIT_MAC_KEY:
        return Finding("MAC key", True, f"{key.id} shows who wrote an entry")
    sentence = f"generated by Assignment Desk in {settings.AUDIT_OWN_MAC_KEY_FILE}"
    if settings.IS_SANDBOX:
        return Finding("MAC key", True, sentence)
    help_text = "Keep it away from the database: manage.py audit mac-key, then set AUDIT_MAC_KEY."
    return Finding("MAC key", False, f"It was {sentence}. {help_text}")


def _seal_folder() -> Finding:
    folder = settings.AUDIT_SEAL_DIR
    if folder is None:
        sentence = (
            "Seals are only in the database, so an older copy of it that somebody restores "
            "would be found intact. Set AUDIT_SEAL_DIR to a folder elsewhere."
        )
        return Finding("seals", settings.IS_SANDBOX, sentence)
    if problem := second_copy.probe():
        sentence = f"{folder} cannot be written to and read. Fix AUDIT_SEAL_DIR: {problem}"
        return Finding("seals", False, sentence)
    return Finding("seals", True, f"copied to {folder}")


def _log_check(now: datetime) -> Finding:
    latest = log_status.last_verification(now=now)
    if latest and latest.is_broken:
        return Finding("log check", False, f"The audit log is broken. {latest.detail}")
    if log_status.is_check_overdue(latest, now=now):
        sentence = "The audit log was not verified last night. A worker does it: see its log."
        return Finding("log check", False, sentence)
    if latest is None:
        return Finding("log check", True, "the audit log is verified every night, not yet so far")
    return Finding("log check", True, f"the audit log was verified: {latest.verdict}")


def _emails() -> Finding:
    host = settings.MAILERS["default"].get("OPTIONS", {}).get("host")
    if host:
        return Finding("e-mails", True, f"sent through {host}")
    sentence = "They are only printed by the worker. Set EMAIL_URL to your mail server."
    return Finding("e-mails", settings.IS_SANDBOX, sentence)


def _alarms() -> Finding:
    if settings.ALERT_EMAILS:
        recipients = ", ".join(settings.ALERT_EMAILS)
        return Finding("alarms", True, f"sent to {recipients} if the audit log is found altered")
    sentence = "Nobody gets an e-mail if the audit log is found altered. Set ALERT_EMAILS."
    return Finding("alarms", settings.IS_SANDBOX, sentence)


def _siem() -> Finding:
    status = forwarding.status()
    waiting = f"{counted(status.behind, 'entry', 'entries')} of the audit log"
    if status.problem:
        help_text = advice(status.problem) or "Fix the receiver, SIEM_URL or SIEM_AUTHORIZATION."
        sentence = f"{status.problem} {waiting} wait for it; nothing is lost. {help_text}"
        return Finding("SIEM", False, sentence)
    if status.sent_at is None:
        return Finding("SIEM", True, f"nothing was sent to {settings.SIEM} yet; {waiting} wait")
    return Finding(
        "SIEM", True, f"{settings.SIEM} receives the audit log, {status.behind:,} to be sent"
    )
