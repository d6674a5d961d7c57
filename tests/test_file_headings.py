"""Which row of a file is its heading: below titles and bands, never the first person."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import open_table
from tests.factories import make_account, make_learner

pytestmark = pytest.mark.django_db
HEADING = ["Name", "Employee ID", "E-mail"]
TITLES = st.sampled_from(
    [
        ["Headcount report"],
        ["Run by: HR Ops", "29/11/2026"],
        [],
        ["", ""],
        ["Person", "", "Contact"],
        ["Person", "Person", "Contact"],
        ["Confidential"],
    ]
)


@pytest.fixture(scope="module")
def account(django_db_setup, django_db_blocker):
    """Return an account of five people for all examples; deleted after the module's tests."""
    with django_db_blocker.unblock():
        account = make_account(remote_id="headings")
        people = [
            make_learner(
                account, name=f"Ann {n}", email=f"a{n}@x.example", external_reference=f"NW-1000{n}"
            )
            for n in range(5)
        ]
        yield account
        for row in (*people, account):
            row.delete()


def table_of(account, rows):
    """Return the table of a CSV file of rows."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return open_table(account.pk, io.BytesIO(text.getvalue().encode()))


def person(number, *, typo=False):
    """Return the row of a person, whose id and e-mail may both be wrong."""
    letter = "x" if typo else ""
    return [f"Ann {number}", f"NW-1{letter}000{number}", f"a{letter}{number}@x.example"]


@given(titles=st.lists(TITLES, max_size=4), typos=st.lists(st.booleans(), min_size=5, max_size=5))
def test_titles_and_bands_above_the_heading_are_skipped(account, titles, typos):
    people = [person(n, typo=typo) for n, typo in enumerate(typos)]

    table = table_of(account, [*titles, HEADING, *people])

    if not all(typos):
        assert (table.heading, table.heading_row) == (HEADING, len(titles) + 1)
        assert [cells for _, cells in table.rows] == people


@given(typos=st.lists(st.booleans(), min_size=5, max_size=5), columns=st.permutations([0, 1, 2]))
def test_a_file_without_a_heading_is_refused(account, typos, columns):
    people = [person(n, typo=typo) for n, typo in enumerate(typos)]

    with pytest.raises(UploadRefused, match="Row 1 looks like data"):
        table_of(account, [[row[n] for n in columns] for row in people])


def test_a_wrong_identifier_below_the_heading_does_not_become_the_heading(account):
    table = table_of(account, [HEADING, ["Ann", "to be hired", ""], person(1)])

    assert table.heading_row == 1
    assert len(list(table.rows)) == 2


@pytest.mark.parametrize(
    "first", [["NW-10001"], ["NW-10009"], ["000101"], ["a9@x.example"], ["Ann", "NW10009"]]
)
def test_a_first_row_of_data_is_named(account, first):
    rows = [first, *([*first[:-1], f"NW-1000{n}"] for n in range(5))]

    with pytest.raises(UploadRefused, match="Row 1 looks like data"):
        table_of(account, rows)
