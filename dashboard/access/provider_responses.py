"""Responses of the identity provider's endpoints: what says nothing about the person is an error
of its own.
"""

import httpx2

from dashboard.access.oidc_errors import REFUSAL_STATUSES, UnusableDocument, shared_document
from dashboard.access.provider_data import ProviderData, text_of, without_nulls


def checked_token_response(response: httpx2.Response) -> httpx2.Response:
    """Return a response that has tokens or refuses them; raise the error of any other.

    Authlib would take others for a refusal, or for tokens.
    """
    if response.is_success:
        json_object(response, "access_token", "error")
    elif response.status_code not in REFUSAL_STATUSES or "error" not in response.text:
        response.raise_for_status()
    return response


def json_object(response: httpx2.Response, *names: str) -> ProviderData:
    """Return the JSON object of a response, in which one of the names must have a text.

    :raises UnusableDocument: if none has
    """
    with shared_document():
        content = without_nulls(response.json())
    if not any(text_of(content.get(name)) for name in names):
        raise UnusableDocument(f"A response has no {names[0]}.")
    return content
