"""Every setting that the site reads from the environment: its default and its meaning.

`Environment` reads no setting that is not listed here and takes the defaults from here, and
docs/settings.md is generated from this list, so neither can differ from the other.
"""

from dataclasses import dataclass
from typing import Final

STACKONE_URL: Final = "https://api.stackone.com"
SANDBOX_URL: Final = "http://127.0.0.1:9100"
THRESHOLD_WITH_KEY: Final = 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable.

    :ivar meaning: what it does, in Markdown
    :ivar default: the value if it is not set; None if the code that reads it computes the default
    :ivar default_note: the default in words, if it is computed or depends on other settings
    :ivar choices: the permitted values, if there are only a few
    :ivar is_secret: whether it may be in a file that NAME_FILE names, and never appears in logs
    """

    name: str
    meaning: str
    default: str | int | bool | None = ""
    default_note: str = ""
    choices: tuple[str, ...] = ()
    is_secret: bool = False


SECTIONS: Final[dict[str, tuple[Setting, ...]]] = {
    "The site": (
        Setting(
            "SECRET_KEY",
            "Signs sessions; 50 or more random characters.",
            default_note="required with `STACKONE_API_KEY`, `OIDC_ISSUER` or `PROXY_SECRET`",
            is_secret=True,
        ),
        Setting(
            "SECRET_KEY_FALLBACKS",
            "Earlier values of `SECRET_KEY`, separated by commas: sessions of then stay valid, and "
            "addresses of users are still recognised.",
            is_secret=True,
        ),
        Setting(
            "DEBUG",
            "Shows tracebacks in the browser; refused where `SECRET_KEY` is needed.",
            False,
        ),
        Setting("ALLOWED_HOSTS", "Host names, separated by commas.", "127.0.0.1,localhost,[::1]"),
        Setting(
            "TRUSTED_PROXIES",
            "How many reverse proxies in a row add the client’s address to `X-Forwarded-For`. The "
            "address is logged and requests are limited by it; with 0 it is the last proxy’s.",
            0,
        ),
        Setting(
            "TLS_STRICT_CERTIFICATES",
            "With 0, certificates of servers may violate the form that RFC 5280 requires, as those "
            "of many private authorities do. All else is checked as before.",
            True,
        ),
        Setting(
            "DESK_DEMO",
            "Lets anybody sign in as a demo persona; refused together with `STACKONE_API_KEY`. "
            "`make run` sets it if there is no key.",
            False,
        ),
        Setting("TIME_ZONE", "The time zone of the organisation’s due dates.", "Europe/London"),
        Setting("DUE_TIMES", "Lets due dates have a time of day, instead of the day’s end.", False),
        Setting(
            "DATE_ORDER",
            "How the organisation writes dates: 03/04/2027 is 3 April or 4 March. It decides "
            "where a column of dates does not show it.",
            "day-first",
            choices=("day-first", "month-first"),
        ),
        Setting(
            "DATABASE_URL",
            "The database, as in `postgres://USER:PASSWORD@HOST:5432/NAME`.",
            None,
            default_note="SQLite: `var/desk.sqlite3`",
            is_secret=True,
        ),
        Setting(
            "CELERY_BROKER_URL",
            "Message broker for workers on several machines, used by this product alone: "
            "`redis://`, `rediss://`, `amqp://` or `amqps://`. Needs PostgreSQL.",
            default_note="none: one machine",
            is_secret=True,
        ),
    ),
    "Sign-in": (
        Setting("OIDC_ISSUER", "URL of the OpenID Connect provider; refused with `DESK_DEMO`."),
        Setting("OIDC_CLIENT_ID", "Client id; required with `OIDC_ISSUER`."),
        Setting(
            "OIDC_CLIENT_SECRET", "Client secret; required with `OIDC_ISSUER`.", is_secret=True
        ),
        Setting(
            "OIDC_ROLE_CLAIM",
            "ID token claim that holds a person’s groups; `realm_access.roles` is one in another.",
            "groups",
        ),
        Setting(
            "OIDC_OFFLINE_ACCESS",
            "Asks for a refresh token (`offline_access`) if the provider offers it; without one "
            "the browser confirms sessions.",
            True,
        ),
        Setting(
            "OIDC_MANAGER_VALUES",
            "Groups of managers, separated by commas, or a JSON list if one has a comma.",
        ),
        Setting("OIDC_AUDITOR_VALUES", "Groups of auditors, in the same form."),
        Setting("OIDC_ADMIN_VALUES", "Groups of administrators, in the same form."),
        Setting(
            "PROXY_SECRET",
            "Secret of 32 or more characters that a reverse proxy sends with the headers that name "
            "a person, instead of OpenID Connect.",
            is_secret=True,
        ),
        Setting(
            "PROXY_ISSUER",
            "The identity provider behind the proxy, such as the entity id of a SAML provider; "
            "required with `PROXY_SECRET`.",
        ),
        Setting("PROXY_SECRET_HEADER", "Header of the secret: letters and digits.", "DeskSecret"),
        Setting("PROXY_SUBJECT_HEADER", "Header of the person’s permanent id.", "DeskSubject"),
        Setting("PROXY_NAME_HEADER", "Header of the person’s name.", "DeskName"),
        Setting("PROXY_EMAIL_HEADER", "Header of the person’s e-mail address.", "DeskEmail"),
        Setting(
            "PROXY_GROUPS_HEADER", "Header of the groups, separated by semicolons.", "DeskGroups"
        ),
        Setting("PROXY_BESIDE_OIDC", "Allows both ways to sign in at the same time.", False),
        Setting("ACCESS_CONTACT", "Whom people without a role should ask."),
        Setting(
            "ACCOUNT_GROUPS",
            r"Groups whose managers may use an account, as in `one=lms-eu,two=lms-us\|lms-world`; "
            "a JSON list of such texts if a group has a comma.",
            default_note="every manager, every account",
        ),
        Setting("SESSION_IDLE_MINUTES", "A session ends after that many minutes without use.", 60),
        Setting("SESSION_HOURS", "A session ends after that many hours in any case.", 12),
    ),
    "The LMS behind StackOne": (
        Setting(
            "STACKONE_API_KEY",
            "The key of your StackOne project.",
            default_note="none: the built-in sandbox LMS",
            is_secret=True,
        ),
        Setting(
            "STACKONE_ACCOUNT_ID",
            "Ids of the linked LMS accounts, separated by commas.",
            default_note="required with `STACKONE_API_KEY`",
        ),
        Setting(
            "STACKONE_BASE_URL",
            "URL of the API.",
            None,
            default_note=f"`{STACKONE_URL}` with a key, `{SANDBOX_URL}` without",
        ),
        Setting("STACKONE_REQUESTS_PER_MINUTE", "Limit of the key, shared by all workers.", 1000),
        Setting(
            "STACKONE_STATUS_STYLE",
            "Spelling of the status `in_progress` or `in-progress`.",
            "underscore",
            choices=("underscore", "hyphen"),
        ),
        Setting(
            "STACKONE_CONTRACT",
            "Version of the API that requests follow.",
            "2025-12",
            choices=("2025-12", "2025-02"),
        ),
        Setting("STACKONE_ALLOW_PRIVATE", "Allows a base URL with a private IP address.", False),
        Setting("STACKONE_TIMEOUT_SECONDS", "Then the outcome of a call is unknown.", 65),
    ),
    "Sending": (
        Setting("GRACE_SECONDS", "Time to undo a batch before its first row is sent.", 10),
        Setting("SETTLE_SECONDS", "How late the LMS may show a new assignment.", 120),
        Setting("SENDER_CONCURRENCY", "Simultaneous calls of one worker.", 48),
        Setting("SYNC_MINUTES", "Interval of syncs of the directory.", 15),
        Setting(
            "CANARY_ROWS",
            "Rows that are sent first; if the LMS refuses all of them, the batch pauses.",
            5,
        ),
        Setting("PAUSE_AFTER_FAILURES", "A batch pauses after that many failures in a row.", 10),
        Setting(
            "PAUSE_FAILURE_SHARE",
            "A batch pauses if more than this percentage of its last 100 rows failed; 100: never.",
            20,
        ),
    ),
    "Approval and e-mail": (
        Setting(
            "APPROVAL_THRESHOLD",
            "Batches with more rows need approval by another manager; 0: every batch. Mandatory "
            "content and the status completed always do.",
            None,
            default_note=f"`{THRESHOLD_WITH_KEY}` with `STACKONE_API_KEY`, no limit without",
        ),
        Setting("APPROVAL_HOURS", "After that many hours without a decision a batch expires.", 72),
        Setting(
            "MANDATORY_DAYS",
            "For that many days after its mark was removed, content still counts as mandatory.",
            7,
        ),
        Setting(
            "EMAIL_URL",
            "The mail server: `smtp+tls://USER:PASSWORD@HOST:587`, `smtps://` or `smtp://`.",
            default_note="none: e-mails are written to the worker’s output",
            is_secret=True,
        ),
        Setting("EMAIL_FROM", "Sender of e-mails.", "Assignment Desk <desk@localhost>"),
        Setting(
            "SITE_URL",
            "URL of the site, for links in e-mails.",
            None,
            default_note="`http://127.0.0.1:PORT`",
        ),
    ),
    "The audit log": (
        Setting(
            "AUDIT_SIGNING_KEY",
            "Signs seals; `manage.py audit key --name log.example.com/desk` creates one.",
            default_note="one machine creates its own in `var/`; several need the same",
            is_secret=True,
        ),
        Setting("AUDIT_TRUSTED_KEYS", "Public keys of earlier seals, separated by commas."),
        Setting(
            "AUDIT_MAC_KEY",
            "Shows that the product wrote an entry; `manage.py audit mac-key` creates one.",
            default_note="one machine creates its own in `var/`; several need the same",
            is_secret=True,
        ),
        Setting(
            "AUDIT_MAC_KEYS",
            "Earlier values of `AUDIT_MAC_KEY`, separated by commas, to check old entries with.",
            is_secret=True,
        ),
        Setting(
            "AUDIT_SEAL_DIR",
            "Folder for the second copy of seals, owned by others on another machine.",
            default_note="none; the demo’s is beside its database",
        ),
        Setting(
            "EXPORT_DIR",
            "Folder for export files, shared by web and workers.",
            default_note="beside the SQLite file, else `var/exports`",
        ),
        Setting("EXPORT_HOURS", "Export files are deleted after that many hours.", 24),
        Setting("ALERT_EMAILS", "Get an e-mail if the log was altered; separated by commas."),
        Setting(
            "SIEM_URL",
            "Where entries are forwarded to: `file:///FOLDER/audit.jsonl`, `syslog+tls://HOST:6514`,"
            " `syslog+tcp://HOST:601` or `https://HOST/PATH`.",
            is_secret=True,
        ),
        Setting(
            "SIEM_AUTHORIZATION", "Header Authorization for an HTTPS `SIEM_URL`.", is_secret=True
        ),
        Setting(
            "SIEM_MAX_MESSAGE_BYTES",
            "Longest message in bytes that the syslog receiver reads in one piece (rsyslog:"
            " `maxMessageSize`); longer entries are passed over.",
            8096,
        ),
    ),
    "Monitoring": (
        Setting(
            "LOG_FORMAT",
            "Format of log lines.",
            None,
            default_note="`json`; `text` with `DESK_DEMO`",
            choices=("json", "text"),
        ),
        Setting(
            "REQUEST_ID_HEADER",
            "Header in which the reverse proxy sends the id of a request; only if the proxy always "
            "sets it itself.",
            default_note="none: every request gets an id here",
        ),
        Setting(
            "METRICS_TOKEN",
            "Token for `/metrics`, as in `Authorization: Bearer TOKEN`.",
            default_note="none: `/metrics` exists only with the sandbox",
            is_secret=True,
        ),
        Setting(
            "SENTRY_DSN",
            "Sends errors to Sentry, without personal data; needs the package sentry-sdk.",
            is_secret=True,
        ),
    ),
    "`make run`": (
        Setting("PORT", "Port of the site.", 8000),
        Setting("SANDBOX_PORT", "Port of the sandbox LMS.", 9100),
    ),
}
SETTINGS: Final = {setting.name: setting for section in SECTIONS.values() for setting in section}
SECRETS: Final = tuple(name for name, setting in SETTINGS.items() if setting.is_secret)
