"""Access rules: which permission each URL requires; a URL without a rule is forbidden.

Views check the same permissions again, so that a mistake here alone grants nothing.
"""

from dataclasses import dataclass
from typing import Final

from dashboard.access.roles import ADMIN, AUDITOR, MANAGER, PERMISSIONS

PUBLIC: Final = "public"
SIGNED_IN: Final = "signed in"
ROLES: Final = (MANAGER, AUDITOR, ADMIN)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a URL does, by which methods, and the permission it requires."""

    description: str
    methods: tuple[str, ...]
    requires: str

    def allows(self, role: str) -> bool:
        """Return whether the role gives the permission."""
        return self.requires in {PUBLIC, SIGNED_IN} or self.requires in PERMISSIONS[role]


def _get(description: str, permission: str) -> Rule:
    return Rule(description, ("GET",), permission)


def _post(description: str, permission: str) -> Rule:
    return Rule(description, ("POST",), permission)


def _get_or_post(description: str, permission: str) -> Rule:
    return Rule(description, ("GET", "POST"), permission)


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
    "assign": _get_or_post("Select content and people; freeze the plan", _ASSIGN),
    "assign-terms": _post("Set due date and status", _ASSIGN),
    "assign-discard": _post("Discard a draft", _ASSIGN),
    "assign-recover": _post("Restore a discarded draft", _ASSIGN),
    "assign-item-due-dates": _post("Set due dates for single items", _ASSIGN),
    "assign-audience": _post("Add the people of an audience", _ASSIGN),
    "assign-exclude": _post("Exclude people from the selection", _ASSIGN),
    "assign-put-back": _post("Include excluded people again", _ASSIGN),
    "assign-save-audience": _post("Save the selection or filter as an audience", _ASSIGN),
    "assign-paste": _get_or_post("Select people by a pasted list", _ASSIGN),
    "assign-upload": _post("Read a file of people or rows", _ASSIGN),
    "assign-upload-columns": _post("Choose what the columns of a file are", _ASSIGN),
    "assign-upload-sheet": _post("Read another sheet of a workbook", _ASSIGN),
    "assign-upload-suggestion": _post("Accept a suggested person for a row", _ASSIGN),
    "assign-upload-refused": _get("Download the invalid rows of a file", _ASSIGN),
    "assign-upload-remove": _post("Remove what a file added", _ASSIGN),
    "assign-content": _post("Select or deselect an item", _ASSIGN),
    "assign-pick": _post("Select or deselect people", _ASSIGN),
    "assign-pick-all": _post("Select everybody in the search results", _ASSIGN),
    "assign-clear": _post("Deselect everybody", _ASSIGN),
    "review": _get_or_post("Review the frozen plan", _ASSIGN),
    "review-start": _get("Choose when a batch starts", _ASSIGN),
    "review-refresh": _get_or_post(
        "Refresh from the LMS who in a plan already has the items", _ASSIGN
    ),
    "review-file": _get("Download a plan", _ASSIGN),
    "submit": _post("Submit a batch", _ASSIGN),
    "batch-approval": _get_or_post(
        "See a plan that waits for approval; approve or reject it", _ASSIGN
    ),
    "batch-action": _post(
        "Start, hold, undo, withdraw, pause, resume, stop, retry a batch", _ASSIGN
    ),
    "row-action": _post("Decide about a failed row", _ASSIGN),
    "batch-copy": _post("Copy a batch to a new draft", _ASSIGN),
    "batches": _get("See batches", _BATCH),
    "batch": _get("See a batch", _BATCH),
    "batch-progress": _get("Follow the progress of a batch", _BATCH),
    "audiences": _get("See audiences", _DIRECTORY),
    "audience-use": _post("Start an assignment for an audience", _ASSIGN),
    "audience-rename": _post("Rename an audience", _ASSIGN),
    "audience-defaults": _get_or_post("Set what an audience fills in for drafts", _ASSIGN),
    "audience-delete": _post("Delete an audience", _ASSIGN),
    "people": _get("See people", _DIRECTORY),
    "person": _get("See a person", _DIRECTORY),
    "assignment-history": _get("See why a person has an item", _LOG),
    "content-list": _get("See content", _DIRECTORY),
    "content-item": _get("See an item", _DIRECTORY),
    "content-mandatory": _post("Mark content as mandatory", _SYNC),
    "content-defaults": _get_or_post("Set what an item's assignments are sent with", _SYNC),
    "search": _get("Search people, content and batches", _BATCH),
    "audit": _get("Read and search the audit log", _LOG),
    "audit-completions": _get("Get completions for a search of the log", _LOG),
    "entry": _get("Read an entry", _LOG),
    "verify": _get_or_post("Verify the log", "assignments.verify_log"),
    "verification": _get("See the result of a verification of the log", "assignments.verify_log"),
    "verify-search-results": _get("Verify search results", "assignments.verify_log"),
    "verify-file": _post("Verify an export or evidence pack", "assignments.verify_log"),
    "seal": _post("Seal the log", "assignments.verify_log"),
    "export": _post("Export the log", _EXPORT),
    "sample": _get_or_post("Draw a sample of the log", _EXPORT),
    "audit-print": _get("Print entries of the log", _EXPORT),
    "log-api": _get("Read and search the audit log by a program", _EXPORT),
    "access-tokens": _get_or_post("See one's own access tokens for programs; create one", _EXPORT),
    "access-token-revoke": _post("Revoke one's own access token", _EXPORT),
    "exports": _get("See one's own exports", _EXPORT),
    "export-file": _get("Download one's own export", _EXPORT),
    "sync": _post("Start a sync", _SYNC),
    "account-resume": _post("Resume a paused account", _SYNC),
    "account-passthrough": _get_or_post("Set what an account's drafts pass through", _SYNC),
    "facets": _get_or_post("Choose the fields that lists are filtered by", _SYNC),
    "privacy": _get("Search people whose personal data is to be erased or held", _ERASE),
    "privacy-retention": _post("Set how long entries of the log are kept", _ERASE),
    "privacy-person": _get_or_post("See what is stored about a person; erase it", _ERASE),
    "privacy-hold": _post("Place or release a legal hold", _ERASE),
    "sessions": _get("See who is signed in", _SESSIONS),
    "sessions-end": _post("End all sessions of a person", _SESSIONS),
    "addresses": _get("See users who share an e-mail address", _SESSIONS),
    "addresses-release": _post("Confirm that an address has passed to another person", _SESSIONS),
    "settings": _get_or_post("See settings; choose theme and density", SIGNED_IN),
    "home": _get("Overview; the log for people who do not assign", SIGNED_IN),
    "login-renew": _get("Have the provider confirm the session", SIGNED_IN),
    "logout": _post("Sign out", SIGNED_IN),
    "login": _get("See how to sign in", PUBLIC),
    "login-demo": _post("Sign in as a persona of the demo, in demo mode only", PUBLIC),
    "login-start": _get("Go to the identity provider", PUBLIC),
    "login-proxy": _get("Sign in as the person whom the reverse proxy names", PUBLIC),
    "login-callback": _get("Return from the identity provider", PUBLIC),
    "login-ended": _post("Receive a signed logout token from the identity provider", PUBLIC),
    "csp-report": _post("Receive reports of content that a browser blocked", PUBLIC),
    "healthz": _get("Check whether the process is alive", PUBLIC),
    "readyz": _get("Check whether the product is ready", PUBLIC),
    "metrics": _get("Read the metrics for monitoring, with a token", PUBLIC),
}
