"""The one account behind the sandbox's API key."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.data.seeding import WRITTEN_AT
from assignments.stackone.sandbox.times import written
from assignments.stackone.sandbox.world import World


async def list_accounts(world: World, request: Request) -> Response:
    """List the account, unless the filters leave it out."""
    account = _account(world)
    wanted = {"status": "status", "account_ids": "id", "providers": "provider"}
    kept = all(_is_among(request, name, account[field]) for name, field in wanted.items())
    page, _ = _number(request, "page"), _number(request, "page_size")
    return world.say([account] if kept and page == 1 else [])


async def get_account(world: World, request: Request) -> Response:
    """Return the account."""
    if request.path_params["id"] != world.options.account_id:
        raise Refusal(404, "Account not found")
    return world.say(_account(world))


def _is_among(request: Request, name: str, value: str) -> bool:
    wanted = request.query_params.getlist(name) + request.query_params.getlist(f"{name}[]")
    return not wanted or value in wanted


def _number(request: Request, name: str) -> float:
    try:
        return float(request.query_params.get(name) or 1)
    except ValueError as error:
        raise Refusal(400, f"{name} must be a number") from error


def _account(world: World) -> dict[str, Any]:
    return {
        "id": world.options.account_id,
        "provider": "sandbox",
        "provider_name": "Northwind Learning (sandbox)",
        "status": "active",
        "status_reasons": None,
        "origin_owner_id": "northwind",
        "origin_owner_name": "Northwind",
        "origin_username": None,
        "label": "Sandbox",
        "created_at": written(WRITTEN_AT),
        "updated_at": written(WRITTEN_AT),
        "type": "test",
        "categories": ["lms"],
    }
