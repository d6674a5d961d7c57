"""The baseline of one shared httpx client: `python -m bench.client_child CALLS SLOTS URL`."""

import asyncio
import json
import sys

import httpx

from bench.process_tree import measure

HEADERS = {"x-account-id": "sandbox", "User-Agent": "bench"}
AUTH = httpx.BasicAuth("sandbox", "")


def main(calls: int, slots: int, base_url: str) -> dict[str, float]:
    """Make the calls with one client with raised limits, the most common solution."""
    people, item = directory(base_url)
    paths = (f"/unified/lms/users/{people[n % len(people)]}/assignments" for n in range(calls))
    urls = iter([base_url + path for path in paths])
    body = {"learning_object_external_reference": item, "status": {"value": "pending"}}
    limits = httpx.Limits(max_connections=slots, max_keepalive_connections=slots)

    async def slot(client: httpx.AsyncClient) -> None:
        for url in urls:
            status = (await client.post(url, json=body)).status_code
            if status != httpx.codes.CREATED:
                raise RuntimeError(f"The sandbox responded {status}.")

    async def run() -> None:
        async with httpx.AsyncClient(
            auth=AUTH, headers=HEADERS, limits=limits, timeout=60
        ) as client:
            await asyncio.gather(*(slot(client) for _ in range(slots)))

    return measure(lambda: asyncio.run(run()), lambda: calls)


def directory(base_url: str) -> tuple[list[str], str]:
    """Return the ids of some people and the reference of an item."""
    with httpx.Client(auth=AUTH, headers=HEADERS, trust_env=False) as client:
        people = client.get(f"{base_url}/unified/lms/users?page_size=100").json()["data"]
        items = client.get(f"{base_url}/unified/lms/content?page_size=100").json()["data"]
    active = [item for item in items if item["active"]]
    return [person["id"] for person in people if person["active"]], active[0]["external_reference"]


if __name__ == "__main__":
    number_of_calls, in_flight, sandbox_url = sys.argv[1:]
    print(json.dumps(main(int(number_of_calls), int(in_flight), sandbox_url)))
