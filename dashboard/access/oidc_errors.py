"""Errors of the OpenID Connect client, named for what the caller should do next.

* ProviderUnavailable     it cannot be reached or failed; try again later
* SignInDenied            it refused this person
* UntrustedProviderData   what it sent is invalid; nobody may be signed in by it
* UnusableDocument        so is a response, in a way that says nothing about the person
* ClaimsMissing           it confirmed the person without the claims that give roles
"""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Final

import httpx2
from authlib.integrations.base_client import OAuthError
from joserfc.errors import JoseError

# What the libraries raise when a member is missing or of another type than they expect.
INVALID_DATA: Final = (
    JoseError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    RuntimeError,
    OverflowError,
    httpx2.InvalidURL,
)

# Of any other status, such as 302, 404 or 503, the person is not the reason.
REFUSAL_STATUSES: Final = frozenset({400, 401, 403})
# Errors by which a provider says that it cannot respond now (RFC 6749 §4.1.2.1).
AWAY_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error"})


class ProviderUnavailable(Exception):
    """The provider cannot be reached, or responds with a server error."""


class SignInDenied(Exception):
    """The provider refused; the text is its error code or HTTP status."""


class UntrustedProviderData(Exception):
    """What the provider sent is invalid or could be forged."""


class UnusableDocument(UntrustedProviderData):
    """The provider's metadata, keys or response are not what they have to be for everybody."""


class ClaimsMissing(Exception):
    """The provider confirmed the person, but only a new sign-in tells their roles."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise this module's errors instead of those of the libraries."""
    try:
        yield
    except (OAuthError, httpx2.HTTPError, *INVALID_DATA) as error:
        raise _translated(error) from error


@contextmanager
def shared_document() -> Iterator[None]:
    """Raise errors that refuse no person, for a document that is the same for everybody."""
    try:
        yield
    except httpx2.HTTPStatusError as error:
        raise ProviderUnavailable(_status_of(error)) from error
    except JSONDecodeError:
        raise
    except INVALID_DATA as error:
        raise UnusableDocument(f"{type(error).__name__}: {error}") from error


def is_away(code: str) -> bool:
    """Return whether a provider says by this error code that it cannot respond now."""
    return code in AWAY_ERRORS


def _translated(error: Exception) -> Exception:
    if isinstance(error, OAuthError):
        is_outage, reason = is_away(str(error.error)), str(error.error)
    elif isinstance(error, httpx2.HTTPStatusError):
        is_outage = error.response.status_code not in REFUSAL_STATUSES
        reason = _status_of(error)
    elif isinstance(error, (httpx2.HTTPError, JSONDecodeError)):
        # A maintenance page is not JSON: it says nothing about the person.
        is_outage, reason = True, str(error)
    else:
        return UntrustedProviderData(f"{type(error).__name__}: {error}")
    return ProviderUnavailable(reason) if is_outage else SignInDenied(reason)


def _status_of(error: httpx2.HTTPStatusError) -> str:
    return f"status {error.response.status_code}"
