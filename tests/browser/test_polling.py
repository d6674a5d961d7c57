"""Parts of pages that are fetched again by themselves: they do not flicker."""

import pytest
from playwright.sync_api import Page, expect

from assignments.models import SyncRun
from tests.browser.conftest import sign_in
from tests.factories import AT, make_account

pytestmark = pytest.mark.browser


def test_the_last_update_does_not_dim_a_table(page: Page) -> None:
    times = {"started_at": AT, "progressed_at": AT}
    run = SyncRun.objects.create(account=make_account(), is_full=True, **times)
    sign_in(page, "manager")
    page.emulate_media(reduced_motion="reduce")
    page.goto("/settings/")
    # Keeps the classes of the part that was replaced, which htmx takes over for a moment.
    page.evaluate("htmx.config.defaultSettleDelay = 3600000")

    SyncRun.objects.filter(pk=run.pk).update(finished_at=AT)

    part = page.locator("#syncs.htmx-request.htmx-settling")
    expect(part.locator("table")).to_have_css("opacity", "1")
    expect(page.locator("#syncs[hx-trigger]")).to_have_count(0)
