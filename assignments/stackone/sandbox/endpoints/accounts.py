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
    asked = {
        "status": request.query_params.getlist("status[]"),
        "id": request.query_params.getlist("account_ids[]"),
        "provider": request.query_params.getlist("providers[]"),
    }
    kept = all(not values or account[name] in values for name, values in asked.items())
    first_page = request.query_params.get("page", "1") in ("", "1")
    return world.say([account] if kept and first_page else [])


async def get_account(world: World, request: Request) -> Response:
    """Return the account."""
    if request.path_params["id"] != world.options.account_id:
        raise Refusal(404, "Account not found")
    return world.say(_account(world))


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
