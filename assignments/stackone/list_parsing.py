"""Parse the responses of list endpoints and of endpoints that return one record."""

from collections.abc import Callable, Mapping
from typing import Final

from assignments.stackone import outcome_rules
from assignments.stackone.json_values import as_text
from assignments.stackone.resources import LinkedAccount, Page
from assignments.stackone.responses import ApiResponse

MAX_ACCOUNT_PAGES: Final = 100


def parse_page[Item](
    response: ApiResponse, parse: Callable[[Mapping[str, object]], Item]
) -> Page[Item]:
    """Return one page of a list.

    A response without a list is an error, not an empty list: a sync would deactivate everybody.

    :raises OutcomeUnknown: the response is not a page
    """
    body = outcome_rules.parse_object(response)
    cursor = body.get("next")
    if isinstance(cursor, Mapping | list):
        raise outcome_rules.unreadable_response(response)
    return Page(tuple(map(parse, _objects(response, body.get("data")))), as_text(cursor))


def parse_record(response: ApiResponse) -> Mapping[str, object]:
    """Return the record in `data`.

    :raises OutcomeUnknown: the response has none
    """
    data = outcome_rules.parse_object(response).get("data")
    if not isinstance(data, Mapping):
        raise outcome_rules.unreadable_response(response)
    return data


def parse_accounts(response: ApiResponse) -> list[LinkedAccount]:
    """Return one page of accounts: a bare list as in the OpenAPI file, or `data` as in the guide.

    :raises OutcomeUnknown: the response is neither
    """
    body = outcome_rules.parse_json(response)
    data = body.get("data") if isinstance(body, Mapping) else body
    return [LinkedAccount.from_json(entry) for entry in _objects(response, data)]


def _objects(response: ApiResponse, data: object) -> list[Mapping[str, object]]:
    if not isinstance(data, list):
        raise outcome_rules.unreadable_response(response)
    return [entry for entry in data if isinstance(entry, Mapping)]
