"""Summary of a draft: the same counts as its plan."""

import os
from itertools import product
from random import Random
from uuid import uuid4

import pytest
from django.urls import reverse

from assignments.models import Draft, DraftContent, DraftLearner, DraftRow, RemoteAssignment
from assignments.queries import drafts
from assignments.queries.draft_summary import Summary, summary
from assignments.services.planning import frozen_plan
from tests.factories import AT, make_account, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("SUMMARY_EXAMPLES", "12"))


@pytest.fixture
def draft(db):
    """Return an empty draft."""
    return Draft.objects.create(
        account=make_account(), owner=make_user(), created_at=AT, changed_at=AT
    )


def hold(learner, content):
    """Create an assignment in the local copy of the LMS."""
    RemoteAssignment.objects.create(
        account=make_account(),
        remote_id=str(uuid4()),
        learner=learner,
        content=content,
        first_seen_at=AT,
    )


def fill(draft, people, contents):
    """Select people and items in the draft."""
    for learner in people:
        DraftLearner.objects.create(draft=draft, learner=learner)
    for content in contents:
        DraftContent.objects.create(draft=draft, content=content)


def name(draft, pairs):
    """Add rows of a file to the draft."""
    for learner, content in pairs:
        DraftRow.objects.create(draft=draft, learner=learner, content=content)


@pytest.mark.parametrize(
    ("again", "already", "to_create", "takes"),
    [
        pytest.param(False, 2, 4, "about 4 seconds", id="who has it is left out"),
        pytest.param(True, 0, 6, "about 6 seconds", id="who has it gets it again"),
    ],
)
def test_summary_counts_what_a_draft_would_create(
    draft, settings, again, already, to_create, takes
):
    settings.STACKONE_REQUESTS_PER_MINUTE = 60
    people = [make_learner() for _ in range(3)]
    contents = [make_content(title="Care"), make_content(title="Zeal")]
    fill(draft, people, contents)
    for learner, content in ((0, 0), (0, 0), (1, 1)):
        hold(people[learner], contents[content])
    hold(make_learner(), contents[0])
    draft.assigns_again = again

    counts = summary(draft, contents, named=0)

    assert counts == Summary(["Care", "Zeal"], 3, 2, 0, 6, already, takes)
    assert counts.to_create == to_create


def test_summary_of_an_empty_draft_is_zero(draft):
    counts = summary(draft, [], named=0)

    assert counts == Summary([], 0, 0, 0, 0, 0, "less than a second")
    assert counts.to_create == 0


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_summary_equals_the_plan(draft, seed):
    chance = Random(seed)
    people = [make_learner() for _ in range(4)]
    contents = [make_content() for _ in range(3)]
    pairs = list(product(people, contents))

    def sample(among, least=0):
        return chance.sample(among, chance.randint(least, len(among)))

    picked = sample(contents)
    fill(draft, sample(people), picked)
    name(draft, sample(pairs, least=1))
    # Some have the item twice: it is still one row.
    for learner, content in sample(pairs) + sample(pairs):
        hold(learner, content)
    draft.assigns_again = chance.random() < 0.2
    draft.save()

    counts = summary(draft, picked, named=drafts.file_rows(draft)[0])

    plan = frozen_plan.freeze(draft=draft, now=AT)
    to_create = plan.assignments.filter(state="planned").count()
    assert (counts.rows, counts.to_create) == (plan.rows, to_create)


def test_a_draft_with_only_file_rows_is_complete(client, draft):
    client.force_login(draft.owner)
    content = make_content()
    people = [make_learner() for _ in range(3)]
    name(draft, [(learner, content) for learner in people])
    hold(people[0], content)

    page = " ".join(client.get(reverse("assign", args=[draft.pk])).content.decode().split())

    assert "Assign <b>3 rows of your file</b>, with <b>no due date</b>" in page
    assert "Review 2 assignments" in page
    assert '<b class="num">3 rows of a file</b>' in page
    assert page.count('class="step done"') == 2
