"""Errors of the StackOne client, named for what the caller should do next.

* StackOneError
  + NotSent              nothing was created; try again later
    - RateLimited        as above, and `retry_after` may say when
    - HeldBack           we kept the call back ourselves; it says nothing about the API
  + Refused              nothing was created; trying again will not help
    - Conflict           it may have existed before; read it back
    - AccountUnusable    StackOne itself refuses, perhaps the key or the linked account
      · NotSupported     the provider behind the account cannot do this at all
  + OutcomeUnknown       it may have been created; read back before trying again
    - Contradiction      a success that reports an error; never try again, a person decides
    - EndlessList        the pages of a list bring nothing new; read it from its start

For a call that only reads, OutcomeUnknown means: try again later.
"""

import re
from typing import Final

from assignments.stackone.json_values import strip_unstorable

MAX_MESSAGE_CHARACTERS: Final = 500
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class StackOneError(Exception):
    """A call failed.

    :ivar message: the reason, as a sentence for people
    :ivar status: the HTTP status, if there was a response
    :ivar field: the field of the request that the response names, or ""
    :ivar is_from_provider: whether the provider behind StackOne responded so, not StackOne itself
    :ivar response: the response as evidence: its status, some headers and the start of its body
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        field: str = "",
        is_from_provider: bool = False,
        response: dict[str, object] | None = None,
    ) -> None:
        # A control character may be a command to the terminal that shows the message.
        self.message = CONTROL.sub(" ", strip_unstorable(message))[:MAX_MESSAGE_CHARACTERS]
        self.status = status
        self.field = field
        self.is_from_provider = is_from_provider
        self.response: dict[str, object] = response or {}
        super().__init__(self.message)


class NotSent(StackOneError):
    """Nothing was created; try again later."""


class RateLimited(NotSent):
    """Too many requests were made; nothing was created.

    :ivar retry_after: seconds after which to try again, or None if the response does not say
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = 429,
        field: str = "",
        is_from_provider: bool = False,
        response: dict[str, object] | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            field=field,
            is_from_provider=is_from_provider,
            response=response,
        )
        self.retry_after = retry_after


class HeldBack(NotSent):
    """We cancelled the call before it was sent."""


class Refused(StackOneError):
    """Nothing was created; trying again will not help."""


class Conflict(Refused):
    """It exists already, or something in conflict with it does: read back to find out."""


class AccountUnusable(Refused):
    """StackOne itself refused: the key or the linked account, or this one call."""


class NotSupported(AccountUnusable):
    """The provider behind the account cannot do this at all."""


class OutcomeUnknown(StackOneError):
    """It may have been created; read back before trying again."""


class Contradiction(OutcomeUnknown):
    """A response with a 2xx status whose body reports an error: a person has to look."""


class EndlessList(OutcomeUnknown):
    """A list repeats itself or does not end."""
