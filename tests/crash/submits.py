"""A scenario in which the web process is killed during a submission."""

import re
import threading
import time
from random import Random

import httpx

from tests.crash.scenes import ScenarioResult, Scene, Stopwatch, stage
from tests.crash.site import Site
from tests.crash.web import TOKEN, Manager, Web

PLAN_DIGEST = re.compile(r'name="plan_digest" value="(\w+)"')
# In seconds; a submission of so few rows takes some tens of milliseconds.
LATEST_KILL = 0.08


def web_killed_in_submit(scene: Scene) -> ScenarioResult:
    """Kill the web process during submissions; each resubmitted draft gives one batch."""
    stopwatch, random = Stopwatch("Web killed in a submit", scene), Random(scene.seed)
    times, completed = 20 if scene.is_long else 4, 0
    with stage(scene) as site, Web(site.product) as web:
        site.start_worker()
        for item in site.choose(people=1, items=times).item_pks:
            completed += _submit_and_kill(site, web, item, random.uniform(0, LATEST_KILL))
        site.wait_until_done()
        batches = site.tables.value("SELECT COUNT(*) FROM assignments_batch")
        logged = site.tables.value(
            "SELECT COUNT(*) FROM assignments_logentry WHERE action = 'batch.submitted'"
        )
        note = f"{times} kills, {completed} submits completed, {batches} batches, {logged} logged"
        result = stopwatch.result(site, note)
        assert (batches, logged) == (times, times), note
        return result


def _submit_and_kill(site: Site, web: Web, item: int, delay: float) -> bool:
    """Submit a draft, kill the site, resubmit; return whether the first got a response."""
    responses: list[httpx.Response] = []
    with Manager(web.url) as manager:
        draft = _draft(manager, item)
        plan_digest, token = _reviewed(manager, draft)

        def submit() -> None:
            try:
                responses.append(manager.press(f"{draft}submit", token, plan_digest=plan_digest))
            except httpx.HTTPError:
                return

        pressed = threading.Thread(target=submit)
        pressed.start()
        time.sleep(delay)
        web.kill()
        pressed.join()
        web.start()
        again = manager.press(f"{draft}submit", token, plan_digest=plan_digest)
    assert again.status_code == 302, again.text
    assert again.headers["location"].startswith("/batches/"), again.headers
    return bool(responses)


def _draft(manager: Manager, item: int) -> str:
    draft = manager.post("/assign/new", add=item).headers["location"]
    manager.post(f"{draft}pick-all", seen_on=draft)
    manager.post(draft, seen_on=draft, due_date="2027-01-15", status="pending")
    return str(draft)


def _reviewed(manager: Manager, draft: str) -> tuple[str, str]:
    page = manager.get(f"{draft}review/").text
    plan_digest, token = PLAN_DIGEST.search(page), TOKEN.search(page)
    assert plan_digest is not None, "There is no plan on the review page."
    assert token is not None, "There is no form on the review page."
    return plan_digest[1], token[1]
