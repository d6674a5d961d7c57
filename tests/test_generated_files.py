"""Generated files of HR: only the people of the intended column get into a plan, no row is lost."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import event, given, settings
from hypothesis import strategies as st

from assignments.models import Draft, DraftContent, DraftLearner
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.file_import import COUNTS, use_on_command_line, use_on_page
from tests.test_workbooks import book_of

EXAMPLES: Final = 25
COLUMNS: Final = ("Work e-mail", "Name", "Manager e-mail", "Weekly hours", "Team", "Start")
KINDS: Final = (
    "right", "mistyped", "double", "inactive", "blank", "total", "hidden", "unquoted", "disguised",
)  # fmt: skip
# An encoding and a separator, or a workbook.
TEXTS: Final[tuple[tuple[str, str], ...]] = (
    ("utf-8", ","),
    ("utf-8-sig", ";"),
    ("utf-16", "\t"),
    ("cp1252", "|"),
)
WORKBOOK: Final = ("", "")
TITLES: Final[list[list[str]]] = [
    ["Headcount report"], ["Run by: HR", "29/11/2026"], [], ["Person", "", "Contact"],
]  # fmt: skip


def email(number: int) -> str:
    """Return the e-mail of an employee."""
    return f"e{number}@x.example"


@dataclass(frozen=True)
class GeneratedFile:
    """A file of one row of each of `kinds`, below a row of an employee that is right.

    :ivar picked: the numbers of the employees who are in the draft before
    :ivar other_rows: how many rows another table has below, with managers in each column
    """

    kinds: tuple[str, ...]
    columns: tuple[str, ...] = COLUMNS
    layout: tuple[str, str] = TEXTS[0]
    titles: tuple[int, ...] = ()
    picked: frozenset[int] = frozenset()
    other_rows: int = 0

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook, which alone can have hidden rows."""
        return self.layout == WORKBOOK

    @property
    def name(self) -> str:
        """The file's name."""
        return "staff.xlsx" if self.is_workbook else "staff.csv"

    @property
    def rows(self) -> list[list[str]]:
        """Titles, the heading, and a row of each kind."""
        titles = [TITLES[number] for number in self.titles]
        data = [self._row(number, kind) for number, kind in enumerate(("right", *self.kinds))]
        return [*titles, list(self.columns), *data, *self._other_table]

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        encoding, separator = self.layout
        if self.is_workbook:
            start = len(self.titles) + 2
            hidden = [start + n for n, kind in enumerate(self.kinds) if kind == "hidden"]
            return bytes(book_of({"Staff": self.rows}, hidden=hidden))
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=separator).writerows(self.rows)
        return file.getvalue().encode(encoding)

    @property
    def people(self) -> set[str]:
        """The e-mails of the people whom the file names in the intended column."""
        used = {"right", "disguised", *(() if self.is_workbook else ("hidden",))}
        return {email(0)} | {email(n) for n, kind in enumerate(self.kinds, 1) if kind in used}

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are given, and what becomes of them."""
        kinds = Counter(self.kinds)
        other_rows = len(self._other_table)
        invalid = kinds["mistyped"] + kinds["total"] + kinds["unquoted"] + other_rows
        return {
            "total": 1 + len(self.kinds) - kinds["blank"] + other_rows,
            "valid": len(self.people),
            "duplicate": kinds["double"],
            "inactive": kinds["inactive"],
            "invalid": invalid,
            "left_out": kinds["hidden"] if self.is_workbook else 0,
        }

    @property
    def _other_table(self) -> list[list[str]]:
        heading = ["Manager ID", "Manager e-mail", *["Backup e-mail"] * (len(COLUMNS) - 2)]
        return [heading, *[["m1@x.example"] * len(COLUMNS)] * self.other_rows] * bool(
            self.other_rows
        )

    def _row(self, number: int, kind: str) -> list[str]:
        cells = {
            "Work e-mail": self._who(number, kind),
            "Name": f"Zoé {number}",
            "Manager e-mail": f"m{number % 2}@x.example",
            "Weekly hours": "40",
            "Team": "1",
            "Start": "2020-01-01",
        }
        if kind == "blank":
            return [""] * len(COLUMNS)
        if kind == "total":
            cells = dict.fromkeys(COLUMNS, "") | {"Name": "Total", "Weekly hours": "40"}
        row = [cells[column] for column in self.columns]
        return ["Silva", *row] if kind == "unquoted" else row

    @staticmethod
    def _who(number: int, kind: str) -> str:
        return {
            "mistyped": f"e{number}@x.exmaple",
            "double": email(0).upper(),
            "inactive": "left@x.example",
            "disguised": f"Zoé <mailto:{email(number)}>\u200b"
            if number % 2
            else f" {email(number)}.",
        }.get(kind, email(number))


@st.composite
def generated_files(draw: st.DrawFn) -> GeneratedFile:
    """Return any file."""
    layout = draw(st.sampled_from([*TEXTS, WORKBOOK]))
    kinds = st.sampled_from(
        [kind for kind in KINDS if layout[0] != "cp1252" or kind != "disguised"]
    )
    return GeneratedFile(
        kinds=tuple(draw(st.lists(kinds, max_size=12))),
        columns=tuple(draw(st.permutations(COLUMNS))),
        layout=layout,
        titles=tuple(draw(st.lists(st.integers(0, len(TITLES) - 1), max_size=3))),
        picked=draw(st.frozensets(st.integers(0, 12), max_size=3)),
        other_rows=draw(st.integers(0, 2)),
    )


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
def test_only_people_of_the_intended_column_are_planned_and_every_row_counts(account, folder, file):
    for kind in {*file.kinds, *file.layout}:
        event(kind)
    with transaction.atomic():
        is_asked = check_page(account, file)
        transaction.set_rollback(True)
    with transaction.atomic():
        assert check_command(account, file, folder / file.name) == is_asked
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
