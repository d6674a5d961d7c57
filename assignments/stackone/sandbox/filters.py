"""The filters of lists: `filter[name]=value`."""

from collections.abc import Callable, Mapping

from starlette.requests import Request

from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.paging import Filters
from assignments.stackone.sandbox.times import canonical

STATUSES = ("pending", "in_progress", "completed", "unmapped_value")

type Reader = Callable[[str], str]


def anything(text: str) -> str:
    """Read any text."""
    return text


def moment(text: str) -> str:
    """Read a full date-time; in a query a plus sign may have become a blank."""
    return canonical(text.replace(" ", "+"))


def status(text: str) -> str:
    """Read one of the unified statuses."""
    return STATUSES[STATUSES.index(text)]


def only_active(text: str) -> str:
    """Read `true`, the one value the filter has."""
    if text.lower() != "true":
        raise ValueError(text)
    return text


def check_query(request: Request) -> None:
    """Refuse what is no way to write a parameter, such as a filter without a name."""
    if not request.scope["query_string"]:
        return
    for name in ("filter", "proxy"):
        if name in request.query_params:
            raise Refusal(400, f"{name} must be written as {name}[name]=value")
    if request.query_params.get("raw", "false") not in ("true", "false"):
        raise Refusal(400, "raw must be true or false")


def read(request: Request, readers: Mapping[str, Reader]) -> Filters:
    """Return the value of each filter, or nothing for those not asked for."""
    for written in request.query_params:
        if any(written.startswith(f"filter[{name}][") for name in readers):
            raise Refusal(400, f"{written} is deeper than a filter goes")
    return {name: _value(request, name, reader) for name, reader in readers.items()}


def _value(request: Request, name: str, reader: Reader) -> str | None:
    # The older form of this one filter is still declared.
    older = request.query_params.get(name) if name == "updated_after" else None
    asked = (request.query_params.get(f"filter[{name}]"), older)
    try:
        values = [reader(text) for text in asked if text is not None]
    except ValueError as error:
        raise Refusal(400, f"filter.{name} is not valid") from error
    return values[0] if values else None
