"""Lenient readers of JSON from the identity provider: claims, metadata and token responses."""

from collections.abc import Mapping
from typing import Any, Final

# JSON from the provider: claims or metadata. Readers check the types that they rely on.
type ProviderData = dict[str, Any]

# The member with the name of a group that is sent as an object. Never its id too: somebody could
# give a group the id of another as its name. A path such as `groups.id` reads another member.
GROUP_NAMES: Final = ("name", "displayName", "display")


def without_nulls(data: Mapping[str, Any]) -> ProviderData:
    """Return the data without its null members, which mean the same as absent ones."""
    return {name: value for name, value in data.items() if value is not None}


def text_of(value: object) -> str:
    """Return the text of a value; the first of a list; empty if there is none."""
    if isinstance(value, list):
        return next((text for text in map(text_of, value) if text), "")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if isinstance(value, str) or is_number else ""


def texts_of(value: object) -> tuple[str, ...]:
    """Return the texts of one text, or of a list of texts or of objects that name a group."""
    if isinstance(value, list):
        return tuple(text for element in value for text in _group_names(element))
    return tuple(_group_names(value))


def value_at(data: object, path: str) -> object:
    """Return the member at a path such as `realm_access.roles`; None if there is none.

    A member whose own name has dots, such as `https://example.com/roles`, comes first. In a list
    the path applies to each element.
    """
    if isinstance(data, list):
        return [value for element in data for value in _as_list(value_at(element, path))] or None
    if not isinstance(data, Mapping):
        return None
    if data.get(path) is not None:
        return data[path]
    dots = (index for index, character in enumerate(path) if character == ".")
    values = (value_at(data.get(path[:dot]), path[dot + 1 :]) for dot in dots)
    return next((value for value in values if value is not None), None)


def _as_list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _group_names(element: object) -> list[str]:
    if isinstance(element, dict):
        element = [element.get(name) for name in GROUP_NAMES]
    text = text_of(element)
    return [text] if text else []
