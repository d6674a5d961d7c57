"""A scenario in which the web process is killed while somebody submits."""

import re
import threading
import time
from random import Random

import httpx

from tests.crash.scenes import Played, Scene, Watch, stage
from tests.crash.site import Site
from tests.crash.web import TOKEN, Manager, Web

SEAL = re.compile(r'name="plan_digest" value="(\w+)"')
# A submit of so few rows takes some tens of milliseconds.
LATEST_KILL = 0.08


def web_killed_in_submit(scene: Scene) -> Played:
    """Kill the web process in the middle of submits; each draft sent again gives one batch."""
    watch, random = Watch("Web killed in a submit", scene), Random(scene.seed)
    times, answered = 20 if scene.is_long else 4, 0
    with stage(scene) as site, Web(site.product) as web:
        site.start_worker()
        for item in site.choose(people=1, items=times).item_pks:
            answered += _killed_submit(site, web, item, random.uniform(0, LATEST_KILL))
        site.wait_until_done()
        batches = site.tables.value("SELECT COUNT(*) FROM assignments_batch")
        logged = site.tables.value(
            "SELECT COUNT(*) FROM assignments_logentry WHERE action = 'batch.submitted'"
        )
        note = f"{times} kills, {answered} submits completed, {batches} batches, {logged} logged"
        played = watch.played(site, note)
        assert (batches, logged) == (times, times), note
        return played


def _killed_submit(site: Site, web: Web, item: int, delay: float) -> bool:
    """Submit a draft, kill, submit it again; return whether the first was answered in time."""
    answers: list[httpx.Response] = []
    with Manager(web.url) as manager:
        draft = _draft(manager, item)
        seal, token = _reviewed(manager, draft)

        def submit() -> None:
            try:
                answers.append(manager.press(f"{draft}submit", token, plan_digest=seal))
            except httpx.HTTPError:
                return

        pressed = threading.Thread(target=submit)
        pressed.start()
        time.sleep(delay)
        web.kill()
        pressed.join()
        web.start()
        again = manager.press(f"{draft}submit", token, plan_digest=seal)
    assert again.status_code == 302, again.text
    assert again.headers["location"].startswith("/batches/"), again.headers
    return bool(answers)


def _draft(manager: Manager, item: int) -> str:
    draft = manager.post("/assign/new", add=item).headers["location"]
    manager.post(f"{draft}pick-all", seen_on=draft)
    manager.post(draft, seen_on=draft, due_date="2027-01-15", status="pending")
    return str(draft)


def _reviewed(manager: Manager, draft: str) -> tuple[str, str]:
    page = manager.get(f"{draft}review/").text
    seal, token = SEAL.search(page), TOKEN.search(page)
    assert seal is not None, "There is no plan on the review page."
    assert token is not None, "There is no form on the review page."
    return seal[1], token[1]
