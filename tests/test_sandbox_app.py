"""The sandbox's application without a server, for what no client can cause."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from assignments.stackone.sandbox.app import build_app
from assignments.stackone.sandbox.options import SandboxOptions
from assignments.stackone.sandbox.responses import NoResponse
from assignments.stackone.sandbox.state import create_state
from assignments.stackone.sandbox.store import Store
from tests.sandbox_process import ACCOUNT, KEY


def test_a_bug_returns_500_and_prints_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "lms.sqlite3")
    app = build_app(create_state(SandboxOptions(learners=1, content=1), store))
    store.close()

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://sandbox", auth=KEY, headers=ACCOUNT
        ) as client:
            return await client.get("/unified/lms/assignments")

    response = asyncio.run(get())

    assert (response.status_code, response.json()["message"]) == (500, "Internal Server Error")
    assert "Cannot operate on a closed database" in capsys.readouterr().err


def test_no_response_resets_a_client_that_never_disconnects() -> None:
    was_reset = asyncio.Event()

    async def receive() -> Message:
        await was_reset.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "state": {"reset": was_reset.set}}
    asyncio.run(NoResponse(longest_seconds=0.01)(scope, receive, send))

    assert was_reset.is_set()
