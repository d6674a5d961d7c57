"""Parse the filters of list requests: `filter[name]=value`."""

from collections.abc import Callable, Mapping

from starlette.requests import Request

from assignments.stackone.sandbox.paging import Filters
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.timestamps import normalise_timestamp

STATUSES = ("pending", "in_progress", "completed", "unmapped_value")

type Parser = Callable[[str], str]


def any_text(text: str) -> str:
    """Accept any text."""
    return text


def timestamp(text: str) -> str:
    """Parse a full date-time; a plus sign that was not encoded arrives as a space."""
    return normalise_timestamp(text.replace(" ", "+"))


def status(text: str) -> str:
    """Accept one of the unified statuses."""
    return STATUSES[STATUSES.index(text)]


def only_active(text: str) -> str:
    """Accept `true`, the only value of this filter."""
    if text.lower() != "true":
        raise ValueError(text)
    return text


def check_query(request: Request) -> None:
    """Refuse malformed query parameters, such as a filter without a name."""
    if not request.scope["query_string"]:
        return
    for name in ("filter", "proxy"):
        if name in request.query_params:
            raise ApiError(400, f"{name} must be written as {name}[name]=value")
    if request.query_params.get("raw", "false") not in ("true", "false"):
        raise ApiError(400, "raw must be true or false")


def parse_filters(request: Request, parsers: Mapping[str, Parser]) -> Filters:
    """Return the value of each filter, None for those that the request leaves out."""
    for parameter in request.query_params:
        if any(parameter.startswith(f"filter[{name}][") for name in parsers):
            raise ApiError(400, f"{parameter} is nested too deeply for a filter")
    return {name: _value(request, name, parse) for name, parse in parsers.items()}


def _value(request: Request, name: str, parse: Parser) -> str | None:
    # The API still accepts this filter's deprecated form.
    deprecated = request.query_params.get(name) if name == "updated_after" else None
    texts = (request.query_params.get(f"filter[{name}]"), deprecated)
    try:
        values = [parse(text) for text in texts if text is not None]
    except ValueError as error:
        raise ApiError(400, f"filter.{name} is not valid") from error
    return values[0] if values else None
