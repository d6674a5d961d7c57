"""The main jobs by mouse and by keyboard, each counting its own clicks and keys."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from assignments.models import Batch, Learner
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_audience, make_content, make_learner, make_user

pytestmark = pytest.mark.browser
MANY = 3_400


class Hands:
    """Somebody at a page, whose every click and key is counted."""

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
        """Press one key, or one together with others."""
        self.keys += 1
        self.page.keyboard.press(key)

    def tab_to(self, what: Locator) -> None:
        """Walk on by Tab until something has the focus."""
        for _ in range(60):
            if what.evaluate("one => one === document.activeElement"):
                return
            self.press("Tab")
        pytest.fail(f"Tab does not reach {what}.")


@pytest.fixture
def hands(page: Page) -> Hands:
    """Return a manager's hands at the overview of a small directory."""
    account = make_account()
    make_content(account=account, title="GDPR Essentials 2027")
    for name in ("Ada Byron", "Ben Okri", "Cid Campeador", "Dora Maar"):
        make_learner(account=account, name=name)
    sign_in(page, "manager")
    return Hands(page)


@pytest.fixture
def crowd() -> Callable[[], list[Learner]]:
    """Return what makes 3,400 people who are found by "sales"."""

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


def new(hands: Hands) -> Page:
    """Begin a new assignment of the one course, due in 30 days, by mouse."""
    page = hands.page
    hands.click(page.get_by_role("button", name="New assignment").first)
    expect(page.locator("#f-content")).to_be_focused()
    hands.type("gdpr")
    hands.click(page.locator("#options").get_by_role("option", name="GDPR Essentials 2027"))
    expect(page.locator("#what .pickrow")).to_have_count(1)
    hands.click(page.get_by_role("button", name="30 days"))
    expect(page.locator("#due-words")).to_contain_text("end of day")
    return page


def filter_people(hands: Hands) -> None:
    """Narrow the people table to the crowd: the one step that knows how that is done."""
    hands.click(hands.page.get_by_label("Search people by name"))
    hands.type("sales")
    expect(hands.page.locator("#selection_bar")).to_contain_text(f"{MANY:,} match")


def create(hands: Hands, count: int) -> None:
    """Review and create, by mouse, and see that it is so."""
    page = hands.page
    hands.click(page.locator("#summary").get_by_role("button", name="Review"))
    hands.click(page.get_by_role("button", name=re.compile(f"Create {count:,} assignments")))
    created(page, count)


def created(page: Page, count: int) -> None:
    """See that a batch of so many people waits to start."""
    expect(page.get_by_role("button", name="Undo, back to draft")).to_be_visible()
    assert Batch.objects.get(state="waiting").people == count
    # The page looks every two seconds; it must not be closed in the middle of that.
    page.wait_for_load_state("networkidle")


def test_mouse_assigns_one_course_to_three_people_within_the_budget(hands):
    page = new(hands)
    for number, name in enumerate(("Ada", "Ben", "Cid"), 1):
        hands.click(page.get_by_role("checkbox", name=f"Select {name}"))
        expect(page.locator("#selection_bar")).to_contain_text(f"{number} selected")
    create(hands, 3)

    assert hands.clicks <= 9


def test_keyboard_assigns_one_course_to_three_people_within_the_budget(hands):
    page = hands.page
    hands.tab_to(page.get_by_role("button", name="New assignment").first)
    hands.press("Enter")
    expect(page.locator("#f-content")).to_be_focused()
    hands.type("gdpr")
    expect(page.locator("#options").get_by_role("option")).to_have_count(1)
    # Enter takes nothing from a list that an earlier letter brought.
    expect(page.locator("#options").get_by_role("option", selected=True)).to_have_count(1)
    hands.press("Enter")
    expect(page.locator("#what .pickrow")).to_have_count(1)
    hands.tab_to(page.get_by_role("button", name="30 days"))
    hands.press("Enter")
    expect(page.locator("#due-words")).to_contain_text("end of day")
    pick_by_typing(hands)
    hands.press("Control+Enter")
    expect(page.locator("h1")).to_have_text("Check and create 3 assignments")
    hands.press("Control+Enter")
    created(page, 3)

    assert hands.clicks == 0
    assert hands.keys <= 45


def pick_by_typing(hands: Hands) -> None:
    """Pick three people, each by three letters and Enter."""
    page = hands.page
    field = page.get_by_label("Search people by name")
    hands.tab_to(field)
    for number, name in enumerate(("ada", "ben", "cid"), 1):
        hands.type(name)
        expect(page.locator("#people tbody tr")).to_have_count(1)
        hands.press("Enter")
        expect(page.locator("#selection_bar")).to_contain_text(f"{number} selected")
        expect(field).to_have_value("")
        expect(page.locator("#people tbody tr")).to_have_count(4)


def test_filter_assigns_to_3400_people_within_the_budget(hands, crowd):
    crowd()
    page = new(hands)
    filter_people(hands)
    hands.click(page.get_by_role("button", name=f"Select all {MANY:,} that match"))
    expect(page.locator("#selection_bar")).to_contain_text(f"{MANY:,} selected")
    create(hands, MANY)

    assert hands.clicks <= 12


def test_audience_assigns_to_3400_people_within_the_budget(hands, crowd):
    crowd()
    make_audience(make_user(), name="Sales", query="q=sales")
    page = new(hands)
    hands.click(page.get_by_text("Add an audience"))
    hands.click(page.get_by_role("button", name="Add Sales"))
    expect(page.locator("#message")).to_contain_text(f"Added {MANY:,} people")
    create(hands, MANY)

    assert hands.clicks <= 8
