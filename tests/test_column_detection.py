"""Detection of the columns of an uploaded file: who is meant, never somebody's manager."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.picking.uploads.column_detection import detect_columns
from assignments.services.picking.uploads.errors import UploadRefused
from tests.factories import make_account, make_content, make_learner
from tests.file_import import import_people

MANAGER_HEADINGS = [
    "Manager e-mail", "Line manager", "Supervisor", "Approver", "Reports to", "Team lead",
    "Vorgesetzte Person", "Führungskraft", "Responsable", "Supérieur hiérarchique", "Jefe directo",
    "Gestor", "Superiore", "Leidinggevende", "Przełożony", "MANAGER_EMAIL", "LineManagerMail",
    "reports-to", "Mgr", "Assigned by", "HR business partner", "Requested by", "Head of department",
    "N+1", "Reviewer", "Record owner", "Trainer", "Abteilungsleiter", "Responsabile", "Teamleider",
]  # fmt: skip
DUE_HEADINGS = [
    "Due", "due_date", "DueDate", "DEADLINE", "Dead-line", "Fällig am", "Fälligkeitsdatum", "Frist",
    "Termin", "Échéance", "Date limite", "Fecha límite", "Fecha de vencimiento", "Plazo",
    "Scadenza", "Prazo", "Data de vencimento", "Vervaldatum", "Uiterste datum", "Termin wykonania",
]  # fmt: skip


@pytest.fixture
def account(db):
    """Return the account of `population`."""
    return population()


@pytest.fixture(scope="module")
def shared_account(django_db_setup, django_db_blocker):
    """Return the account of `population` for all examples of a test; it is deleted at the end."""
    with django_db_blocker.unblock():
        account = population(remote_id="shared")
        yield account
        account.learners.all().delete()
        account.contents.all().delete()
        account.delete()


def population(**values):
    """Return an account with twenty employees, four managers, somebody of number 40, an item."""
    account = make_account(**values)
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
    """Detect the columns of a table, given by its columns."""
    heading = list(columns)
    rows = list(zip(*columns.values(), strict=True))
    return heading, detect_columns(account.pk, heading, rows)


def detected_heading(account, **columns):
    """Return the heading of the column of people, or None if it is asked for."""
    heading, detection = detect(account, **columns)
    return heading[detection.person[0]] if len(detection.person) == 1 else None


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


@pytest.mark.parametrize("name", ["Employee number", "EmployeeID", "E-mail", "Matricule", "Login"])
def test_people_whom_the_lms_does_not_know_are_not_replaced_by_others(account, name):
    new = [str(number) for number in range(70_000, 70_020)]
    signatures = [f"m{number % 3}@x.example" for number in range(20)]

    assert detected_heading(account, **{name: new, "Signed off": signatures}) is None
    assert detected_heading(account, **{name: new, "Signature e-mail": signatures}) is None
    # An address that nearly everybody has once is theirs.
    assert detected_heading(account, **{name: new, "Work e-mail": employees()}) == "Work e-mail"


def test_without_anybody_to_ask_no_column_is_taken_that_repeats_few_people(account):
    rows = [f"{number},m{number % 3}@x.example" for number in range(70_000, 70_020)]
    text = "\n".join(["Nr,Signature", *rows]).encode()

    with pytest.raises(UploadRefused, match="Add --column with the heading"):
        import_people(account, text)
    emails, _ = import_people(account, text, column="Signature")
    assert emails == ["m0@x.example", "m1@x.example", "m2@x.example"]


@pytest.mark.parametrize("name", ["", "unknown", "zoe.x.example"])
def test_a_heading_that_may_be_a_person_is_said(account, name):
    _, (note,) = import_people(account, f"{name},Zoe\ne1@x.example,Ada\n".encode())

    shown = name or "Column 1"
    assert note.startswith(f"Row 1 is read as the names of the columns, with “{shown}” above")


@pytest.mark.parametrize(
    ("columns", "detected"),
    [
        pytest.param({"E-mail": ["typo@x"], "Weekly hours": ["40"]}, None, id="one row"),
        pytest.param({"E-mail": ["typo@x"] * 9, "Hours": ["40"] * 9}, None, id="a mistyped domain"),
        pytest.param({"Employee ID": ["NW1"] * 9, "Hours": ["40"] * 9}, None, id="mistyped ids"),
        pytest.param({"Matricule": ["NW1"] * 9, "Etage": ["40"] * 9}, None, id="French"),
        pytest.param({"Name": ["Ada"] * 9, "Hours": ["40"] * 9}, "Hours", id="no identifiers"),
        pytest.param(
            {"E-mail": ["typo@x"] * 9, "Floor number": ["40"] * 9}, None, id="a number of a floor"
        ),
        pytest.param(
            {"E-mail": ["typo@x"] * 9, "Escalation": ["m0@x.example", "m1@x.example", ""] * 3},
            None,
            id="few people again and again",
        ),
        pytest.param(
            {"Employee ID": ["NW-1", "NW-2"], "Private mail": ["a@home", "b@home"]},
            "Employee ID",
            id="addresses that the LMS does not have",
        ),
        pytest.param(
            {"E-mail": ["e1@x.example"], "Phone number": ["555"]}, "E-mail", id="a phone number"
        ),
    ],
)
def test_a_column_that_may_name_people_by_accident_is_asked_about(account, columns, detected):
    assert detected_heading(account, **columns) == detected


def test_an_only_column_is_detected_even_if_it_names_nobody(account):
    assert detected_heading(account, Who=["typo@x"]) == "Who"
    assert detected_heading(account, Manager=["typo@x"]) is None


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

    assert (rare.content, common.content) == ([], [1])


def due_headings(account, **columns):
    """Return the headings of the columns that could hold due dates, beside people and items."""
    size = len(next(iter(columns.values())))
    items = ["CRS-A"] * size
    heading, detection = detect(account, Mail=employees(size), Course=items, **columns)
    return [heading[n] for n in detection.due]


@pytest.mark.parametrize("name", DUE_HEADINGS)
def test_a_heading_of_due_dates_comes_before_one_of_end_dates(account, name):
    days = ["2027-01-15", "15.01.2027", "15 Jan 2027"]

    assert due_headings(account, Contract_until=["2031-01-01"] * 3, **{name: days}) == [name]


@pytest.mark.parametrize("name", ["Until", "Complete By", "complete-by", "Finish_date", "Bis"])
def test_an_end_date_is_a_due_date_if_nothing_is_clearer(account, name):
    assert due_headings(account, Hired=["2020-01-01"], **{name: ["2027-01-15"]}) == [name]


@pytest.mark.parametrize(
    "name", ["Overdue", "Termination date", "Hired", "Residue", "Membership dues", "Determined"]
)
def test_other_headings_are_no_due_dates(account, name):
    assert due_headings(account, **{name: ["2027-01-15"]}) == []


@pytest.mark.django_db
@given(dates=st.integers(0, 12), others=st.integers(0, 12), empty=st.integers(0, 6))
def test_half_of_the_filled_cells_of_due_dates_are_dates(shared_account, dates, others, empty):
    cells = ["2027-01-15"] * dates + ["yes"] * others + [""] * empty
    cells = cells or [""]

    is_proposed = due_headings(shared_account, Due=cells) == ["Due"]

    assert is_proposed == (dates >= others and dates > 0)


def test_several_columns_of_different_due_dates_are_asked_about(account):
    first, second = ["2027-01-15", "2027-02-15"], ["2027-01-15", "2027-03-15"]

    assert due_headings(account, Deadline=first, Due_date=second) == ["Deadline", "Due_date"]
    assert due_headings(account, Deadline=first, Due_date=first) == ["Deadline"]


def test_several_columns_of_different_items_are_asked_about(account):
    make_content(account, title="GDPR", external_reference="CRS-B")
    columns = {"Mail": employees(2), "Course": ["CRS-A", "CRS-B"], "Next": ["CRS-B", "CRS-A"]}

    assert detect(account, **columns)[1].content == [1, 2]
    assert detect(account, **columns | {"Next": ["Fire", "GDPR"]})[1].content == [1]


@pytest.mark.parametrize("times", [1, 5])
def test_a_column_of_other_people_is_asked_about_however_often_people_occur(account, times):
    first, second = employees() * times, employees()[::-1] * times

    assert detected_heading(account, Starter=first, Contact=second) is None


def test_few_differences_between_two_columns_are_typing_errors(account):
    numbers = [f"NW-{number}" for number in range(20)]

    assert detected_heading(account, Number=numbers, Mail=["e1@x.example", *employees()[1:]])
    assert (
        detected_heading(account, Number=numbers, Mail=[*employees(2)[::-1], *employees()[2:]])
        is None
    )


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
    return "\n".join(",".join(row) for row in zip(*columns, strict=True)).encode()


def test_identifiers_are_refused_while_it_is_not_clear_whose_they_are(account):
    file = table_of(["Starter", *employees()], ["Contact", *employees()[::-1]])

    with pytest.raises(UploadRefused, match=r"“Starter” \(such as e0@x.example\).*Add --column"):
        import_people(account, file)
    assert import_people(account, file, column="contact") == (employees(), [])
    with pytest.raises(UploadRefused, match="It has no column “Mail”; it has Starter, Contact"):
        import_people(account, file, column="Mail")


def test_identifiers_of_managers_alone_are_refused(account):
    with pytest.raises(UploadRefused, match="“Manager”"):
        import_people(account, table_of(["Manager", "m0@x.example", "m1@x.example"]))


def test_a_list_of_words_has_no_heading(account):
    make_learner(account, name="Zoe", remote_id="zoe")
    make_learner(account, name="Max", remote_id="max")

    emails = [learner.email for learner in account.learners.filter(name__in=["Zoe", "Max"])]
    assert import_people(account, b"zoe\nmax\n") == (sorted(emails), [])
