"""What can go wrong, named for what the caller should do next.

* StackOneError
  + NotSent              nothing was created; try again later
    - RateLimited        as above, and `retry_after` says when
  + Refused              nothing was created; trying again will not help
    - Conflict           it may have been there before; read back
    - AccountUnusable    the key or the linked account is refused; pause the account
      · NotSupported     the provider behind the account cannot do this at all
  + OutcomeUnknown       it may have been created; look before trying again

For a call that only reads, OutcomeUnknown means: try again later.
"""

from typing import Final

from assignments.stackone.json_values import clean

LONGEST_MESSAGE: Final = 500
DEFAULT_WAIT_SECONDS: Final = 60.0


class StackOneError(Exception):
    """A call that did not do what was asked.

    :ivar message: why, in words for people
    :ivar status: the HTTP status, if there was an answer
    :ivar field: the field of the request that the answer complains about, or ""
    :ivar reply: the answer as evidence: its status, some headers and the start of its body
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        field: str = "",
        reply: dict[str, object] | None = None,
    ) -> None:
        self.message = clean(message)[:LONGEST_MESSAGE]
        self.status = status
        self.field = field
        self.reply: dict[str, object] = reply or {}
        super().__init__(self.message)


class NotSent(StackOneError):
    """Nothing was created; try again later."""


class RateLimited(NotSent):
    """Too many requests were made; `retry_after` tells in how many seconds to try again.

    `is_providers` tells that the provider behind the account refused, not StackOne for the key.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float = DEFAULT_WAIT_SECONDS,
        is_providers: bool = False,
        status: int | None = 429,
        field: str = "",
        reply: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message, status=status, field=field, reply=reply)
        self.retry_after = retry_after
        self.is_providers = is_providers


class Refused(StackOneError):
    """Nothing was created; trying again will not help."""


class Conflict(Refused):
    """It exists already, or something that is in its way does: read back to tell."""


class AccountUnusable(Refused):
    """The key or the linked account is refused, so every other call would be too."""


class NotSupported(AccountUnusable):
    """The provider behind the account cannot do this at all."""


class OutcomeUnknown(StackOneError):
    """It may have been created; look before trying again."""
