"""Pasted rows of a spreadsheet: one person a line, never somebody whom another cell names."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Draft, DraftLearner
from assignments.services.picking.pasted_lists.list_import import ListRefused, classify_list
from tests.factories import AT, make_account, make_learner, make_user
from tests.test_pages_assign import words

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def account(django_db_setup, django_db_blocker):
    """Return an account of ten employees, a manager, and people of the numbers 40 and 1."""
    with django_db_blocker.unblock():
        account = make_account(remote_id="pasted")
        people = [
            make_learner(
                account, name=f"E{n}", email=f"e{n}@x.example", external_reference=f"NW-{n}0"
            )
            for n in range(10)
        ]
        people.append(make_learner(account, name="Boss", email="boss@x.example"))
        people += [make_learner(account, name=f"N{n}", remote_id=str(n)) for n in (40, 1)]
        yield account
        for row in (*people, account):
            row.delete()


def names(account, text):
    """Return the names of the people whom a pasted text adds."""
    pks = classify_list(account_pk=account.pk, text=text).learner_pks
    return [account.learners.get(pk=pk).name for pk in pks]


@given(
    columns=st.permutations(["Name", "E-mail", "Manager", "Weekly hours", "Floor"]),
    numbers=st.lists(st.integers(0, 9), min_size=2, max_size=10, unique=True),
    typos=st.sets(st.integers(0, 9)),
    has_heading=st.booleans(),
)
def test_only_the_column_of_people_adds_somebody(account, columns, numbers, typos, has_heading):
    rows = [
        {
            "Name": f"E{number}",
            "E-mail": f"{'x' if number in typos else ''}e{number}@x.example",
            "Manager": "boss@x.example",
            "Weekly hours": "40",
            "Floor": "1",
        }
        for number in numbers
    ]
    lines = [[row[name] for name in columns] for row in rows]
    text = "\n".join("\t".join(line) for line in [*([columns] if has_heading else []), *lines])
    try:
        added = names(account, text)
    except ListRefused as refusal:
        assert "It is not clear which column names the people" in str(refusal)  # noqa: PT017
        return

    assert set(added) <= {f"E{number}" for number in numbers if number not in typos} or not added


def test_each_line_is_given_once(account):
    people = "Ann\te1@x.example\t40\nBo\t\t40\n\nCy\tnobody@x.example\t40\nDi\te2@x.example\t40\n"

    groups = classify_list(account_pk=account.pk, text=f"Name\tE-mail\tHours\n{people}")

    assert (groups.total, len(groups.learner_pks)) == (5, 2)
    assert [(word.token.text, word.token.line) for word in groups.unmatched] == [
        ("E-mail", 1), ("Bo\t\t40", 3), ("nobody@x.example", 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "added"),
    [
        pytest.param(
            "Name,E-mail,Manager\nAnn,e1@x.example,boss@x.example\n"
            '"Lee, Bo",e2@x.example,boss@x.example\n"Fox, Cy",e3@x.example,boss@x.example',
            ["E1", "E2", "E3"],
            id="a CSV file",
        ),
        pytest.param("Ann;e1@x.example;north\nBo;e2@x.example;south\nCy;NW-30;", ["E1", "E2", "E3"],
            id="without a heading"),
        pytest.param("| Who | Id |\n|---|---|\n| Ann | NW-10 |", ["E1"], id="bars"),
        pytest.param("Lee, Ann <e1@x.example>\nFox, Bo <e2@x.example>", ["E1", "E2"], id="names"),
        pytest.param("e1@x.example, boss@x.example\ntypo@x.example, 40",
            ["E1", "Boss", "N40"], id="a list of two people a line"),
        pytest.param("Ann; NW-10\nBo; NW-20; boss@x.example", ["E1", "E2", "Boss"], id="ragged"),
        pytest.param("Hello,\nplease add e1@x.example, e2@x.example", ["E1", "E2"], id="text"),
    ],
)  # fmt: skip
def test_a_table_with_another_separator_is_told_from_a_list(account, text, added):
    assert sorted(names(account, text)) == sorted(added)


def test_a_pasted_csv_file_of_two_columns_of_people_is_refused(account):
    text = "Who,Reviewed by,Backup\nAnn,e1@x.example,e2@x.example\nBo,e3@x.example,e4@x.example"

    with pytest.raises(ListRefused, match=r"“Backup” .such as e2@x.example.. Paste that column"):
        names(account, text)


def test_a_column_of_few_people_is_not_taken_from_rows_without_heading(account):
    text = "\n".join(f"{number}\tboss@x.example" for number in range(70_000, 70_006))

    with pytest.raises(ListRefused, match="Paste that column alone, one person a line"):
        names(account, text)


def test_rows_of_a_second_table_add_nobody(account):
    first = "E-mail\tName\ne1@x.example\tAnn\ne2@x.example\tBo\ne3@x.example\tCy"

    assert names(account, f"{first}\n\nManager e-mail\tE-mail\nboss@x.example\te4@x.example") == [
        "E1", "E2", "E3",
    ]  # fmt: skip
    assert names(account, f"{first}\nE-mail\tName\ne4@x.example\tDi") == ["E1", "E2", "E3", "E4"]


def test_an_empty_first_cell_is_a_cell(account):
    assert names(account, "\te1@x.example\nAnn\te2@x.example") == ["E1", "E2"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("e1@x.example\te2@x.example\ne3@x.example\te4@x.example", id="two columns"),
        pytest.param("e1@x.example\te2@x.example", id="one line"),
        pytest.param("Name\tManager\nAnn\tboss@x.example", id="a manager alone"),
        pytest.param("Ann\te1@x.example\t40", id="a number of somebody"),
    ],
)
def test_rows_that_name_different_people_are_refused(account, text):
    with pytest.raises(ListRefused, match="Paste that column alone, one person a line"):
        names(account, text)


@pytest.mark.parametrize("separator", ["\t", ",", ";", "|"])
def test_a_suggestion_replaces_the_cell_of_its_line(client, separator):
    user, account = make_user("manager"), make_account()
    client.force_login(user)
    ada = make_learner(account, name="Ada", email="ada.lovelace@x.example")
    make_learner(account, name="Ben", email="ben@x.example")
    draft = Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)
    url = reverse("assign-paste", args=[draft.pk])
    text = "Ben\tben@x.example\t40\nAda\tada.lovelac@x.example\t38".replace("\t", separator)
    assert "Use Ada for line 2" in words(client.post(url, {"list": text, "by": "paste"}))

    start = text.index("ada.")
    use = {"list": text, "by": "paste", "use": f"{start}:{ada.pk}"}
    html = client.post(url, use).content.decode()

    assert f"Ada{separator}ada.lovelace@x.example{separator}38</textarea>" in html
    assert DraftLearner.objects.count() == 2


def test_unclear_rows_get_a_sentence_on_the_page(client):
    user, account = make_user("manager"), make_account()
    client.force_login(user)
    first, second = make_learner(account), make_learner(account)
    draft = Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)
    text = f"{first.email}\t{second.email}"

    for fields in ({}, {"rest": "1"}, {"use": f"0:{first.pk}"}):
        response = client.post(
            reverse("assign-paste", args=[draft.pk]), {"list": text, "by": "paste", **fields}
        )
        assert response.status_code == 422
        assert "It is not clear which column names the people" in words(response)
