"""Who may ask for which address by which method; an address without a rule is closed.

Views check the same permissions once more, so that a mistake here alone opens nothing.
"""

from dataclasses import dataclass
from typing import Final

from dashboard.access.roles import ADMIN, AUDITOR, MANAGER, PERMISSIONS

OPEN: Final = "open"
SIGNED_IN: Final = "signed in"
ROLES: Final = (MANAGER, AUDITOR, ADMIN)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an address does, by which methods, and the permission it takes."""

    does: str
    methods: tuple[str, ...]
    needs: str

    def allows(self, role: str) -> bool:
        """Return whether the role alone is enough."""
        return self.needs in {OPEN, SIGNED_IN} or self.needs in PERMISSIONS[role]


def _get(does: str, needs: str) -> Rule:
    return Rule(does, ("GET",), needs)


def _post(does: str, needs: str) -> Rule:
    return Rule(does, ("POST",), needs)


def _both(does: str, needs: str) -> Rule:
    return Rule(does, ("GET", "POST"), needs)


_ASSIGN: Final = "assignments.assign"
_BATCH: Final = "assignments.view_batch"
_DIRECTORY: Final = "assignments.view_directory"
_LOG: Final = "assignments.view_log"
_EXPORT: Final = "assignments.export_log"
_SYNC: Final = "assignments.sync_directory"
_ERASE: Final = "assignments.erase_people"
_SESSIONS: Final = "access.end_sessions"

RULES: Final = {
    "assign-new": _post("Start an assignment", _ASSIGN),
    "assign": _both("Pick content and people; freeze the plan", _ASSIGN),
    "assign-terms": _post("Set due date and status", _ASSIGN),
    "assign-discard": _post("Discard a draft", _ASSIGN),
    "assign-recover": _post("Put a discarded draft back", _ASSIGN),
    "assign-item-dues": _post("Give items due dates of their own", _ASSIGN),
    "assign-audience": _post("Add an audience's people", _ASSIGN),
    "assign-leave-out": _post("Leave people out of the selection", _ASSIGN),
    "assign-put-back": _post("Put back who was left out", _ASSIGN),
    "assign-save-audience": _post("Save the selection or filter as an audience", _ASSIGN),
    "assign-paste": _both("Pick people by a pasted list", _ASSIGN),
    "assign-upload": _post("Read a file of people or rows", _ASSIGN),
    "assign-columns": _post("Say what a file's columns are", _ASSIGN),
    "assign-upload-refused": _get("Download the rows of a file that were refused", _ASSIGN),
    "assign-upload-remove": _post("Take back what a file brought", _ASSIGN),
    "assign-content": _post("Pick or drop an item", _ASSIGN),
    "assign-pick": _post("Pick or drop people", _ASSIGN),
    "assign-pick-all": _post("Pick everybody found", _ASSIGN),
    "assign-clear": _post("Drop everybody", _ASSIGN),
    "review": _both("Review the frozen plan", _ASSIGN),
    "review-start": _get("Choose when a batch starts", _ASSIGN),
    "review-refresh": _both("Ask the LMS again who of a plan has the items", _ASSIGN),
    "review-file": _get("Download a plan", _ASSIGN),
    "submit": _post("Submit a batch", _ASSIGN),
    "batch-approval": _both("See a plan that waits for approval; approve or reject it", _ASSIGN),
    "batch-action": _post(
        "Start, hold, undo, withdraw, pause, resume, stop, retry a batch", _ASSIGN
    ),
    "row-action": _post("Decide about one failed row", _ASSIGN),
    "batch-copy": _post("Copy a batch to a new draft", _ASSIGN),
    "batches": _get("See batches", _BATCH),
    "batch": _get("See a batch", _BATCH),
    "batch-progress": _get("Watch a batch", _BATCH),
    "audiences": _get("See audiences", _DIRECTORY),
    "audience-use": _post("Start an assignment for an audience", _ASSIGN),
    "audience-rename": _post("Rename an audience", _ASSIGN),
    "audience-delete": _post("Delete an audience", _ASSIGN),
    "people": _get("See people", _DIRECTORY),
    "person": _get("See a person", _DIRECTORY),
    "story": _get("See why a person has an item", _LOG),
    "content-list": _get("See content", _DIRECTORY),
    "content-item": _get("See an item", _DIRECTORY),
    "content-mandatory": _post("Mark content as mandatory", _SYNC),
    "search": _get("Search people, content and batches", _BATCH),
    "audit": _get("Read and search the audit log", _LOG),
    "audit-completions": _get("Be offered ways to go on with a search of the log", _LOG),
    "entry": _get("Read an entry", _LOG),
    "verify": _both("Verify the log", "assignments.verify_log"),
    "verification": _get("See what a check of the log found", "assignments.verify_log"),
    "verify-these": _get("Check the entries that a search finds", "assignments.verify_log"),
    "verify-file": _post("Check an export or evidence pack", "assignments.verify_log"),
    "seal": _post("Seal the log", "assignments.verify_log"),
    "export": _post("Export the log", _EXPORT),
    "sample": _both("Draw a sample of the log", _EXPORT),
    "audit-print": _get("Print entries of the log", _EXPORT),
    "log-api": _get("Read and search the audit log by a program", _EXPORT),
    "access-tokens": _both("See one's own access tokens for programs; make one", _EXPORT),
    "access-token-revoke": _post("Revoke one's own access token", _EXPORT),
    "exports": _get("See one's own exports", _EXPORT),
    "export-file": _get("Download one's own export", _EXPORT),
    "sync": _post("Start a sync", _SYNC),
    "resume": _post("Resume a paused account", _SYNC),
    "facets": _both("Choose the fields that lists are filtered by", _SYNC),
    "privacy": _get("Find whose personal data is to be erased or held", _ERASE),
    "privacy-retention": _post("Say how long entries of the log are kept", _ERASE),
    "privacy-person": _both("See what is held about a person; erase it", _ERASE),
    "privacy-hold": _post("Lay or lift a legal hold", _ERASE),
    "sessions": _get("See who is signed in", _SESSIONS),
    "sessions-end": _post("Sign somebody out everywhere", _SESSIONS),
    "settings": _both("See settings; choose how pages look", SIGNED_IN),
    "home": _get("Overview, or the log for who assigns nothing", SIGNED_IN),
    "login-renew": _get("Have the provider confirm the session", SIGNED_IN),
    "logout": _post("Sign out", SIGNED_IN),
    "login": _get("See the ways in", OPEN),
    "login-demo": _post("Be somebody of the demo, in demo mode only", OPEN),
    "login-start": _get("Go to the identity provider", OPEN),
    "login-proxy": _get("Come in as whom the reverse proxy names", OPEN),
    "login-callback": _get("Come back from it", OPEN),
    "login-ended": _post("Take a signed notice that a session ended there", OPEN),
    "csp-report": _post("Take a report of what a browser blocked", OPEN),
    "healthz": _get("Is the process alive", OPEN),
    "readyz": _get("Is the product ready", OPEN),
    "metrics": _get("See the numbers that a monitor watches, with its token", OPEN),
}
