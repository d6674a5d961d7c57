"""Scenarios of contention: several workers on one database, several batches of one account."""

from concurrent.futures import ThreadPoolExecutor

from tests.crash.scenes import ITEMS, PEOPLE, ROWS, ScenarioResult, Scene, Stopwatch, stage
from tests.waiting import wait_until

BATCHES = 4


def workers_started_twice(scene: Scene) -> ScenarioResult:
    """Start two workers, then two more during the batch, and kill the first two."""
    stopwatch = Stopwatch("Workers started twice", scene)
    with stage(scene) as site:
        first = [site.start_worker(), site.start_worker()]
        site.submit(people=PEOPLE, items=ITEMS)
        wait_until(lambda: site.held() > ROWS // 5, "a fifth is held")
        site.start_worker()
        site.start_worker()
        for worker in first:
            site.product.kill(worker)
            site.workers.remove(worker)
        held, in_flight = site.held(), site.tables.count("state = 'sending'")
        if not scene.is_long:
            site.expire_leases()
        site.wait_until_done()
        note = f"2 of 4 killed at {held} held, {in_flight} rows in sending then"
        return stopwatch.result(site, note)


def several_batches(scene: Scene) -> ScenarioResult:
    """Submit four batches at the same moment and kill the worker while it sends them."""
    stopwatch = Stopwatch("Several batches at once", scene)
    with stage(scene, fault_share=0.3) as site:
        site.start_worker()
        chosen = site.choose(people=PEOPLE, items=BATCHES)
        with ThreadPoolExecutor(BATCHES) as pool:
            list(pool.map(lambda item: site.assign(chosen.people, [item]), chosen.items))
        wait_until(lambda: site.held() > ROWS // 4, "a quarter is held")
        shared = site.tables.value(
            "SELECT COUNT(DISTINCT batch_id) FROM assignments_assignment WHERE state = 'created'"
        )
        site.kill_workers()
        if not scene.is_long:
            site.expire_leases()
        site.start_worker()
        site.wait_until_done()
        return stopwatch.result(site, f"{shared} of {BATCHES} had sent rows before the kill")
