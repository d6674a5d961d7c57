"""Click and key budgets of the main tasks, by mouse and by keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from assignments.models import Batch, Learner
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_audience, make_content, make_learner, make_user

pytestmark = pytest.mark.browser
MANY = 3_400


class CountingUser:
    """A user of a page whose clicks and key presses are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = self.keys = 0

    def click(self, what: Locator) -> None:
        """Click once."""
        self.clicks += 1
        what.click()

    def type(self, text: str) -> None:
        """Type where the cursor is."""
        self.keys += len(text)
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        """Press one key or key combination."""
        self.keys += 1
        self.page.keyboard.press(key)

    def tab_to(self, what: Locator) -> None:
        """Press Tab until the element has the focus."""
        for _ in range(60):
            if what.evaluate("element => element === document.activeElement"):
                return
            self.press("Tab")
        pytest.fail(f"Tab does not reach {what}.")


@pytest.fixture
def user(page: Page) -> CountingUser:
    """Return a signed-in manager at the overview, with a small directory."""
    account = make_account()
    make_content(account=account, title="GDPR Essentials 2027")
    for name in ("Ada Byron", "Ben Okri", "Cid Campeador", "Dora Maar"):
        make_learner(account=account, name=name)
    sign_in(page, "manager")
    return CountingUser(page)


@pytest.fixture
def make_sales_people() -> Callable[[], list[Learner]]:
    """Return a function that creates 3,400 people who match "sales"."""

    def make() -> list[Learner]:
        account = make_account()
        people = [
            Learner(
                account=account,
                remote_id=f"S{number}",
                name=f"Person {number:04}",
                is_active=True,
                search_text=f"person {number:04} sales",
                last_seen_sync=1,
            )
            for number in range(MANY)
        ]
        return Learner.objects.bulk_create(people, batch_size=1_000)

    return make


def start_assignment(user: CountingUser) -> Page:
    """Start a new assignment of the one course, due in 30 days, by mouse."""
    page = user.page
    user.click(page.get_by_role("button", name="New assignment").first)
    expect(page.locator("#f-content")).to_be_focused()
    user.type("gdpr")
    user.click(page.locator("#options").get_by_role("option", name="GDPR Essentials 2027"))
    expect(page.locator("#what .picked-item")).to_have_count(1)
    user.click(page.get_by_role("button", name="30 days"))
    expect(page.locator("#due-words")).to_contain_text("end of day")
    return page


def filter_people(user: CountingUser) -> None:
    """Filter the people table to the sales people."""
    user.click(user.page.get_by_label("Search people by name"))
    user.type("sales")
    expect(user.page.locator("#selection_bar")).to_contain_text(f"{MANY:,} match")


def create(user: CountingUser, count: int) -> None:
    """Review and create by mouse, and check the batch."""
    page = user.page
    user.click(page.locator("#summary").get_by_role("button", name="Review"))
    user.click(page.get_by_role("button", name=re.compile(f"Create {count:,} assignments")))
    check_batch(page, count)


def check_batch(page: Page, count: int) -> None:
    """Check that a batch of that many people waits to start."""
    expect(page.get_by_role("button", name="Undo, back to draft")).to_be_visible()
    assert Batch.objects.get(state="waiting").people == count
    # The page polls every two seconds; it must not be closed during a request.
    page.wait_for_load_state("networkidle")


def test_mouse_assigns_one_course_to_three_people_within_the_budget(user):
    page = start_assignment(user)
    for number, name in enumerate(("Ada", "Ben", "Cid"), 1):
        user.click(page.get_by_role("checkbox", name=f"Select {name}"))
        expect(page.locator("#selection_bar")).to_contain_text(f"{number} selected")
    create(user, 3)

    assert user.clicks <= 9


def test_keyboard_assigns_one_course_to_three_people_within_the_budget(user):
    page = user.page
    user.tab_to(page.get_by_role("button", name="New assignment").first)
    user.press("Enter")
    expect(page.locator("#f-content")).to_be_focused()
    user.type("gdpr")
    expect(page.locator("#options").get_by_role("option")).to_have_count(1)
    # Enter picks nothing from the options of an earlier query.
    expect(page.locator("#options").get_by_role("option", selected=True)).to_have_count(1)
    user.press("Enter")
    expect(page.locator("#what .picked-item")).to_have_count(1)
    user.tab_to(page.get_by_role("button", name="30 days"))
    user.press("Enter")
    expect(page.locator("#due-words")).to_contain_text("end of day")
    pick_by_typing(user)
    user.press("Control+Enter")
    expect(page.locator("h1")).to_have_text("Check and create 3 assignments")
    user.press("Control+Enter")
    check_batch(page, 3)

    assert user.clicks == 0
    assert user.keys <= 45


def pick_by_typing(user: CountingUser) -> None:
    """Pick three people, each by three letters and Enter."""
    page = user.page
    field = page.get_by_label("Search people by name")
    user.tab_to(field)
    for number, name in enumerate(("ada", "ben", "cid"), 1):
        user.type(name)
        expect(page.locator("#people tbody tr")).to_have_count(1)
        user.press("Enter")
        expect(page.locator("#selection_bar")).to_contain_text(f"{number} selected")
        expect(field).to_have_value("")
        expect(page.locator("#people tbody tr")).to_have_count(4)


def test_filter_assigns_to_3400_people_within_the_budget(user, make_sales_people):
    make_sales_people()
    page = start_assignment(user)
    filter_people(user)
    user.click(page.get_by_role("button", name=f"Select all {MANY:,} that match"))
    expect(page.locator("#selection_bar")).to_contain_text(f"{MANY:,} selected")
    create(user, MANY)

    assert user.clicks <= 12


def test_audience_assigns_to_3400_people_within_the_budget(user, make_sales_people):
    make_sales_people()
    make_audience(make_user(), name="Sales", query="q=sales")
    page = start_assignment(user)
    user.click(page.get_by_text("Add an audience"))
    user.click(page.get_by_role("button", name="Add Sales"))
    expect(page.locator("#message")).to_contain_text(f"Added {MANY:,} people")
    create(user, MANY)

    assert user.clicks <= 8
