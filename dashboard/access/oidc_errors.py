"""Errors of the OpenID Connect client, named for what the caller should do next.

* ProviderUnavailable     it cannot be reached or failed; try again later
* SignInDenied            it refused this person
* UntrustedProviderData   what it sent is invalid; nobody may be signed in by it
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from authlib.integrations.base_client import OAuthError
from joserfc.errors import JoseError


class ProviderUnavailable(Exception):
    """The provider cannot be reached, or responds with a server error."""


class SignInDenied(Exception):
    """The provider refused; the text is its error code or HTTP status."""


class UntrustedProviderData(Exception):
    """What the provider sent is invalid or could be forged."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise this module's errors instead of those of the libraries."""
    try:
        yield
    except OAuthError as error:
        raise SignInDenied(str(error.error)) from error
    except httpx2.HTTPStatusError as error:
        if error.response.is_server_error:
            raise ProviderUnavailable(str(error)) from error
        raise SignInDenied(str(error.response.status_code)) from error
    except httpx2.HTTPError as error:
        raise ProviderUnavailable(str(error)) from error
    except (JoseError, ValueError, KeyError, RuntimeError) as error:
        raise UntrustedProviderData(f"{type(error).__name__}: {error}") from error
