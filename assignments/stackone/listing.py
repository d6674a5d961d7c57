"""Reading the answers of lists and single records."""

from collections.abc import Callable, Mapping
from typing import Final

from assignments.stackone import verdicts
from assignments.stackone.reading import text
from assignments.stackone.replies import Reply
from assignments.stackone.resources import LinkedAccount, Page

MOST_ACCOUNT_PAGES: Final = 100


def page[Item](reply: Reply, read: Callable[[Mapping[str, object]], Item]) -> Page[Item]:
    """Return one page of a list.

    An answer without a list is no empty list: taking it for one would make people disappear.

    :raises OutcomeUnknown: the answer is no page
    """
    body = verdicts.body(reply)
    following = body.get("next")
    if isinstance(following, Mapping | list):
        raise verdicts.unreadable(reply)
    return Page(tuple(map(read, _objects(reply, body.get("data")))), text(following))


def one(reply: Reply) -> Mapping[str, object]:
    """Return the record that was asked for.

    :raises OutcomeUnknown: the answer holds none
    """
    data = verdicts.body(reply).get("data")
    if not isinstance(data, Mapping):
        raise verdicts.unreadable(reply)
    return data


def accounts(reply: Reply) -> list[LinkedAccount]:
    """Return the accounts of one page: a bare list as specified, or `data` as documented.

    :raises OutcomeUnknown: the answer is neither
    """
    found = verdicts.content(reply)
    data = found.get("data") if isinstance(found, Mapping) else found
    return [LinkedAccount.from_json(entry) for entry in _objects(reply, data)]


def _objects(reply: Reply, data: object) -> list[Mapping[str, object]]:
    if not isinstance(data, list):
        raise verdicts.unreadable(reply)
    return [entry for entry in data if isinstance(entry, Mapping)]
