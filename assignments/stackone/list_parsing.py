"""Parse the responses of list endpoints and of endpoints that return one record."""

from collections.abc import Callable, Mapping
from typing import Final

from assignments.stackone import outcome_rules
from assignments.stackone.json_values import as_text
from assignments.stackone.paging import Identified
from assignments.stackone.resources import LinkedAccount, Page
from assignments.stackone.responses import ApiResponse

MAX_ACCOUNT_PAGES: Final = 100


def parse_page[Item: Identified](
    response: ApiResponse,
    parse: Callable[[Mapping[str, object]], Item],
    *,
    must_be_whole: bool = False,
) -> Page[Item]:
    """Return one page of a list.

    A response without a list is an error, not an empty list: a sync would deactivate everybody.
    So is one that reports an error instead of records.

    :param must_be_whole: refuse a page that has errors beside its records, or other entries
    :raises OutcomeUnknown: the response is not a page
    """
    body = outcome_rules.parse_object(response)
    cursor, entries = body.get("next"), _entries(response, body.get("data"))
    items = tuple(parse(entry) for entry in entries if isinstance(entry, Mapping))
    has_errors = outcome_rules.reports_error(body)
    is_cursor = isinstance(cursor, str | int | None) and not isinstance(cursor, bool)
    lost = len(entries) - len(items) + has_errors
    if not is_cursor or (has_errors and not items) or (must_be_whole and lost):
        raise outcome_rules.unreadable_response(response)
    following = as_text(cursor)
    return Page(
        items,
        next=following if following and following.strip() else None,
        unreadable=lost + sum(not item.id for item in items),
    )


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
    entries = _entries(response, data)
    return [LinkedAccount.from_json(entry) for entry in entries if isinstance(entry, Mapping)]


def _entries(response: ApiResponse, data: object) -> list[object]:
    if not isinstance(data, list):
        raise outcome_rules.unreadable_response(response)
    return data
