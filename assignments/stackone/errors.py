"""What can go wrong, named for what the caller should do next.

* StackOneError
  + NotSent              nothing was created; try again later
    - RateLimited        as above, and it says when
  + Refused              nothing was created; trying again will not help
    - Conflict           something like it may exist already; read back
    - AccountUnusable    the key or the account cannot be used; stop sending for it
      . NotSupported     this provider cannot do it at all
  + OutcomeUnknown       it may have been created; look before trying again
"""

from collections.abc import Mapping
from typing import Final

LONGEST_MESSAGE: Final = 500


class StackOneError(Exception):
    """A call that did not succeed, with the evidence and without any secret.

    :param message: plain words for a person, cut at 500 characters
    :param status: the HTTP status, if there was an answer
    :param field: the field of the body that the answer names, if it does
    :param reply: status, some headers and the beginning of the body, for the log
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        field: str = "",
        reply: Mapping[str, object] | None = None,
    ) -> None:
        self.message = message[:LONGEST_MESSAGE]
        self.status = status
        self.field = field
        self.reply = dict(reply or {})
        super().__init__(self.message)


class NotSent(StackOneError):
    """Nothing was created; try again later."""


class RateLimited(NotSent):
    """Nothing was created; try again after `retry_after` seconds."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float,
        status: int | None = None,
        reply: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, status=status, reply=reply)
        self.retry_after = retry_after


class Refused(StackOneError):
    """Nothing was created; trying again will not help."""


class Conflict(Refused):
    """The LMS says that it conflicts with what it holds; reading back tells."""


class AccountUnusable(Refused):
    """The key or the linked account cannot be used; nothing should be sent until it can."""


class NotSupported(AccountUnusable):
    """The provider behind the account cannot do this."""


class OutcomeUnknown(StackOneError):
    """It may have been created; look before trying again. For a read: it did not work."""
