"""Endpoints about the account behind the sandbox's API key."""

from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox.data.seeding import DATA_DATE
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.state import SandboxState
from assignments.stackone.sandbox.timestamps import format_timestamp


async def list_accounts(state: SandboxState, request: Request) -> Response:
    """List the account, unless the filters exclude it."""
    account = _account(state)
    filters = {"status": "status", "account_ids": "id", "providers": "provider"}
    is_included = all(
        _matches(request, name, str(account[field])) for name, field in filters.items()
    )
    page, _ = _number(request, "page"), _number(request, "page_size")
    return state.json_response([account] if is_included and page == 1 else [])


async def get_account(state: SandboxState, request: Request) -> Response:
    """Return the account."""
    if request.path_params["id"] != state.options.account_id:
        raise ApiError(404, "Account not found")
    return state.json_response(_account(state))


def _matches(request: Request, name: str, value: str) -> bool:
    values = request.query_params.getlist(name) + request.query_params.getlist(f"{name}[]")
    return not values or value in values


def _number(request: Request, name: str) -> float:
    try:
        return float(request.query_params.get(name) or 1)
    except ValueError as error:
        raise ApiError(400, f"{name} must be a number") from error


def _account(state: SandboxState) -> dict[str, object]:
    return {
        "id": state.options.account_id,
        "provider": "sandbox",
        "provider_name": "Northwind Learning (sandbox)",
        "status": "active",
        "status_reasons": None,
        "origin_owner_id": "northwind",
        "origin_owner_name": "Northwind",
        "origin_username": None,
        "label": "Sandbox",
        "created_at": format_timestamp(DATA_DATE),
        "updated_at": format_timestamp(DATA_DATE),
        "type": "test",
        "categories": ["lms"],
    }
