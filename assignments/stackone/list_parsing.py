"""Reading the answers of lists and single records."""

from collections.abc import Callable, Mapping
from typing import Final

from assignments.stackone import outcome_rules
from assignments.stackone.json_values import text
from assignments.stackone.resources import LinkedAccount, Page
from assignments.stackone.responses import Reply

MOST_ACCOUNT_PAGES: Final = 100


def page[Item](reply: Reply, read: Callable[[Mapping[str, object]], Item]) -> Page[Item]:
    """Return one page of a list.

    An answer without a list is no empty list: taking it for one would make people disappear.

    :raises OutcomeUnknown: the answer is no page
    """
    body = outcome_rules.body(reply)
    following = body.get("next")
    if isinstance(following, Mapping | list):
        raise outcome_rules.unreadable(reply)
    return Page(tuple(map(read, _objects(reply, body.get("data")))), text(following))


def one(reply: Reply) -> Mapping[str, object]:
    """Return the record that was asked for.

    :raises OutcomeUnknown: the answer holds none
    """
    data = outcome_rules.body(reply).get("data")
    if not isinstance(data, Mapping):
        raise outcome_rules.unreadable(reply)
    return data


def accounts(reply: Reply) -> list[LinkedAccount]:
    """Return the accounts of one page: a bare list as specified, or `data` as documented.

    :raises OutcomeUnknown: the answer is neither
    """
    found = outcome_rules.content(reply)
    data = found.get("data") if isinstance(found, Mapping) else found
    return [LinkedAccount.from_json(entry) for entry in _objects(reply, data)]


def _objects(reply: Reply, data: object) -> list[Mapping[str, object]]:
    if not isinstance(data, list):
        raise outcome_rules.unreadable(reply)
    return [entry for entry in data if isinstance(entry, Mapping)]
