"""What an answer means: the error for its status, or the assignment that it confirms."""

from collections.abc import Mapping
from typing import Final

from assignments.stackone import error_messages
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.json_values import text
from assignments.stackone.resources import Created
from assignments.stackone.responses import Reply

FIRST_REDIRECT: Final = 300
FIRST_ERROR: Final = 400
FIRST_SERVER_ERROR: Final = 500
NOT_FOUND: Final = 404
TOO_MANY: Final = 429
MEANINGS: Final[Mapping[int, type[StackOneError]]] = {
    401: AccountUnusable,
    403: AccountUnusable,
    408: OutcomeUnknown,
    409: Conflict,
    412: AccountUnusable,
    501: NotSupported,
}


def failure(reply: Reply) -> StackOneError:
    """Return the error that an answer with an unexpected status stands for."""
    evidence = reply.evidence()
    if reply.status < FIRST_ERROR:
        return OutcomeUnknown(_strange(reply.status), status=reply.status, reply=evidence)
    complaint = error_messages.read(reply)
    sentence, field = complaint.sentence, complaint.field
    if reply.status == TOO_MANY:
        return RateLimited(
            sentence,
            retry_after=reply.retry_after(),
            is_providers=complaint.is_providers,
            field=field,
            reply=evidence,
        )
    kind = _meaning(reply.status)
    if reply.status == NOT_FOUND and complaint.names_account:
        kind = AccountUnusable
    return kind(sentence, status=reply.status, field=field, reply=evidence)


def unreadable(reply: Reply) -> OutcomeUnknown:
    """Return the error for an answer of which no sense can be made."""
    message = f"StackOne answered {reply.status}, but its answer cannot be read."
    return OutcomeUnknown(message, status=reply.status, reply=reply.evidence())


def created(reply: Reply) -> Created:
    """Return the assignment that an answer confirms; its id may be missing.

    :raises OutcomeUnknown: the answer cannot be read
    """
    data = body(reply).get("data")
    if not isinstance(data, Mapping | None) or not _are_ids(data or {}):
        raise unreadable(reply)
    found = data or {}
    return Created(
        id=text(found.get("id")),
        remote_id=text(found.get("remote_id")),
        status=reply.status,
        reply=reply.evidence(),
    )


def body(reply: Reply) -> Mapping[str, object]:
    """Return the object that an answer consists of.

    :raises OutcomeUnknown: it is not a JSON object
    """
    found = content(reply)
    if not isinstance(found, Mapping):
        raise unreadable(reply)
    return found


def content(reply: Reply) -> object:
    """Return what an answer says.

    :raises OutcomeUnknown: it is not JSON
    """
    try:
        return reply.json()
    except ValueError:
        raise unreadable(reply) from None


def _meaning(status: int) -> type[StackOneError]:
    is_final = status < FIRST_SERVER_ERROR
    return MEANINGS.get(status, Refused if is_final else OutcomeUnknown)


def _strange(status: int) -> str:
    if status >= FIRST_REDIRECT:
        return f"StackOne answered {status}, a redirect that is not followed. Check the base URL."
    return f"StackOne answered {status}, which says nothing about the outcome."


def _are_ids(data: Mapping[str, object]) -> bool:
    wanted = (data.get("id"), data.get("remote_id"))
    return all(isinstance(value, str | int | None) and value is not True for value in wanted)
