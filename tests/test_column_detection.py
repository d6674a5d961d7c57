"""Detection of the columns of an uploaded file: who is meant, never somebody's manager."""

import io
import random

import pytest

from assignments.services.picking.uploads.column_detection import detect_columns
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.identifiers import read_identifiers
from tests.factories import make_account, make_content, make_learner

MANAGER_HEADINGS = [
    "Manager e-mail", "Line manager", "Supervisor", "Approver", "Reports to", "Team lead",
    "Vorgesetzte Person", "Führungskraft", "Responsable", "Supérieur hiérarchique", "Jefe directo",
    "Gestor", "Superiore", "Leidinggevende", "Przełożony",
]  # fmt: skip


@pytest.fixture
def account(db):
    """Return an account with twenty employees, four managers, somebody of number 40, an item."""
    account = make_account()
    for number in range(20):
        make_learner(
            account,
            name=f"E{number}",
            email=f"e{number}@x.example",
            external_reference=f"NW-{number}",
        )
    for number in range(4):
        make_learner(account, name=f"M{number}", email=f"m{number}@x.example")
    make_learner(account, name="Forty", remote_id="40", email="forty@x.example")
    make_content(account, title="Fire", external_reference="CRS-A")
    return account


def employees(count=20):
    """Return the addresses of employees."""
    return [f"e{number}@x.example" for number in range(count)]


def detect(account, **columns):
    """Detect the columns of a table, given by its columns; spaces in headings are underscores."""
    heading = [name.replace("_", " ") for name in columns]
    rows = list(zip(*columns.values(), strict=True))
    return heading, detect_columns(account.pk, heading, rows)


def detected_heading(account, **columns):
    """Return the heading of the column of people, or None if it is asked for."""
    heading, detection = detect(account, **columns)
    return None if detection.person is None else heading[detection.person]


@pytest.mark.parametrize("manager", MANAGER_HEADINGS)
def test_a_manager_is_never_the_first_choice(account, manager):
    mistyped = [*employees(10), *["typo@x.example"] * 10]
    managers = [f"m{number % 4}@x.example" for number in range(20)]

    assert detected_heading(account, **{"E-mail": mistyped, manager: managers}) == "E-mail"
    assert detected_heading(account, **{manager: managers, "Name": ["Ada"] * 20}) is None
    # Even if each row has another one.
    assert detected_heading(account, **{"E-mail": mistyped, manager: employees()}) == "E-mail"


def test_a_column_that_repeats_few_people_is_not_the_one_with_the_people(account):
    mistyped = [*employees(12), *["typo@x.example"] * 8]
    mentors = [f"m{number % 4}@x.example" for number in range(20)]

    assert detected_heading(account, Escalation=mentors, Contact=mistyped) == "Contact"
    assert detected_heading(account, Weekly_hours=["40"] * 20, Contact=mistyped) == "Contact"


def test_two_columns_of_the_same_people_raise_no_question(account):
    numbers = [f"NW-{number}" for number in range(20)]

    assert detected_heading(account, Number=numbers, Mail=employees()) == "Number"
    assert detected_heading(account, Number=["?", *numbers[1:]], Mail=employees()) == "Mail"


def test_two_columns_of_different_people_are_asked_about(account):
    first, second = employees(), employees()[::-1]

    assert detected_heading(account, New_starter=first, Contact=second) is None


def test_columns_that_name_nobody_are_asked_about(account):
    assert detected_heading(account, Name=["Ada", "Ben"], Team=["North", "South"]) is None


@pytest.mark.parametrize("first_row", [("Ada", "NW-1"), ("e1@x.example", "Ada")])
def test_a_first_row_that_names_somebody_is_no_heading(account, first_row):
    with pytest.raises(UploadRefused, match="The first row looks like data"):
        detect_columns(account.pk, first_row, [("Ben", "NW-2")])


def test_an_item_here_and_there_does_not_make_a_column_of_content(account):
    notes = ["CRS-A", *["none"] * 19]

    _, rare = detect(account, Mail=employees(), Notes=notes)
    _, common = detect(account, Mail=employees(), Course=["CRS-A"] * 15 + ["CRS-X"] * 5)

    assert (rare.content, common.content) == (None, 1)


@pytest.mark.parametrize("seed", range(40))
def test_nobody_outside_the_intended_column_is_ever_chosen(account, seed):
    generator = random.Random(seed)
    rows = generator.randint(2, 20)
    wrong = [generator.random() < 0.3 for _ in range(rows)]
    table = {
        "Work e-mail": [
            "typo@x.example" if is_wrong else address
            for address, is_wrong in zip(employees(rows), wrong, strict=True)
        ],
        "Manager": [f"m{generator.randrange(4)}@x.example" for _ in range(rows)],
        "Escalation": [f"m{generator.randrange(2)}@x.example" for _ in range(rows)],
        "Weekly hours": ["40"] * rows,
        "Name": [f"E{number}" for number in range(rows)],
    }
    names = generator.sample(list(table), len(table))

    chosen = detected_heading(account, **{name: table[name] for name in names})

    assert chosen in {"Work e-mail", None}


def table_of(*columns):
    """Return a CSV file of columns, each with its heading first."""
    return io.BytesIO("\n".join(",".join(row) for row in zip(*columns, strict=True)).encode())


def test_identifiers_are_refused_while_it_is_not_clear_whose_they_are(account):
    file = table_of(["Starter", *employees()], ["Contact", *employees()[::-1]])

    with pytest.raises(UploadRefused, match=r"“Starter” \(such as e0@x.example\).*Add --column"):
        read_identifiers(account.pk, file)
    assert read_identifiers(account.pk, file, "contact") == employees()[::-1]
    with pytest.raises(
        UploadRefused, match="It has not one column “Mail”; it has Starter, Contact"
    ):
        read_identifiers(account.pk, file, "Mail")


def test_identifiers_of_managers_alone_are_refused(account):
    with pytest.raises(UploadRefused, match="“Manager”"):
        read_identifiers(account.pk, table_of(["Manager", "m0@x.example", "m1@x.example"]))


def test_a_list_of_words_has_no_heading(account):
    make_learner(account, name="Zoe", remote_id="zoe")
    make_learner(account, name="Max", remote_id="max")

    assert read_identifiers(account.pk, io.BytesIO(b"zoe\nmax\n")) == ["zoe", "max"]
