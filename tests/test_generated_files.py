"""Generated files of HR: only the people of the intended column get into a plan, no row is lost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import event, example, given, settings

from assignments.models import Draft, DraftContent, DraftLearner
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.file_import import COUNTS, use_on_command_line, use_on_page
from tests.generated_files import (
    COLUMNS,
    KINDS,
    TEXTS,
    WORKBOOK,
    GeneratedFile,
    email,
    generated_files,
)

EXAMPLES: Final = 25


@pytest.fixture(scope="module")
def account(django_db_setup, django_db_blocker):
    """Return an account of employees, managers, somebody who left, and people of few digits."""
    with django_db_blocker.unblock():
        account = make_account()
        people = [make_learner(account, name=f"E{n}", email=email(n)) for n in range(13)]
        people += [make_learner(account, name=f"M{n}", email=f"m{n}@x.example") for n in range(2)]
        people += [make_learner(account, name=f"N{n}", remote_id=str(n)) for n in (1, 40)]
        people.append(make_learner(account, name="L", email="left@x.example", is_active=False))
        content = make_content(account, external_reference="CRS-A")
        yield account
        for row in (*people, content, account):
            row.delete()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder for the files of the command line."""
    return tmp_path_factory.mktemp("files")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kinds", "layout"),
    [
        *[
            (KINDS if layout[0] != "cp1252" else KINDS[:-1], layout)
            for layout in (*TEXTS, WORKBOOK)
        ],
    ],
    ids=["commas", "semicolons", "tabs", "a workbook", "bars"],
)
def test_every_kind_of_row_counts_as_what_it_is(account, folder, kinds, layout):
    shuffled = (*COLUMNS[3:], *COLUMNS[:3])
    file = GeneratedFile(kinds, shuffled, layout, (0, 1, 2, 3), frozenset({0, 1, 12}), 2)

    assert not check_page(account, file)
    assert not check_command(account, file, folder / file.name)


@pytest.mark.django_db
def test_people_are_asked_if_few_rows_are_right(account, folder):
    file = GeneratedFile(("mistyped",) * 5)

    assert check_page(account, file)
    assert check_command(account, file, folder / file.name)


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=EXAMPLES)
@given(file=generated_files())
@example(file=GeneratedFile(("right", "double", "double", "double", "unquoted", "mistyped")))
@example(file=GeneratedFile((), layout=("utf-8-sig", ";"), titles=(0, 0)))
def test_only_people_of_the_intended_column_are_planned_and_every_row_counts(account, folder, file):
    for kind in {*file.kinds, *file.layout}:
        event(kind)
    with transaction.atomic():
        is_asked = check_page(account, file)
        transaction.set_rollback(True)
    with transaction.atomic():
        # On a page somebody sees whom the proposed column names; the command asks in doubt.
        is_unclear = is_asked or file.repeats_people
        assert check_command(account, file, folder / file.name) == is_unclear
        transaction.set_rollback(True)
    event(f"asked for the column: {is_asked}")


def check_page(account, file: GeneratedFile) -> bool:
    """Check what the page makes of a file; return whether it asks which column is meant."""
    cache.clear()
    client, user = Client(), make_user("manager")
    client.force_login(user)
    draft = Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)
    DraftContent.objects.create(draft=draft, content=account.contents.get())
    picked = {email(number) for number in file.picked}
    for learner in account.learners.filter(email__in=picked):
        DraftLearner.objects.create(draft=draft, learner=learner)

    use = use_on_page(client, draft, file.name, file.content)
    if is_asked := not use.counts:
        assert "Choose the column with the people who get the assignments" in use.text
        assert set(use.emails) <= picked
        column = str(file.columns.index("Work e-mail"))
        use = use_on_page(client, draft, file.name, file.content, person=column)

    assert set(use.emails) == file.people | picked
    check_counts(use.counts, file)
    return is_asked


def check_command(account, file: GeneratedFile, path: Path) -> bool:
    """Check what the command makes of a file; return whether it wants --column."""
    path.write_bytes(file.content)
    manager = make_user("manager", email="manager@x.example").email
    options = ["--content", "CRS-A", "--refused-rows", "leave"]

    use = use_on_command_line(manager, path, *options)
    if is_asked := not use.counts:
        assert "It is not clear which column names the people" in use.text
        use = use_on_command_line(manager, path, *options, "--column", "Work e-mail")

    assert set(use.emails) == file.people
    check_counts(use.counts, file)
    return is_asked


def check_counts(counts: Mapping[str, int], file: GeneratedFile) -> None:
    """Check that every row that was given is counted once, and as what it is."""
    assert counts == file.counts
    assert counts["total"] == sum(counts[name] for name in COUNTS if name != "total")
