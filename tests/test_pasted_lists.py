"""Pasted lists of people: splitting into words, looking up, classifying and suggesting."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assignments.services.picking.pasted_lists.classification import classify
from assignments.services.picking.pasted_lists.people_lookup import PeopleLookup
from assignments.services.picking.pasted_lists.suggestions import suggest
from assignments.services.picking.pasted_lists.tokens import (
    Token,
    normalise,
    replace_token,
    tokenise,
)
from tests.factories import make_account, make_learner

MANY = int(os.environ.get("LIST_EXAMPLES", "200"))
SEPARATORS = (", ", ";", "\t", "\n", "\r\n", "  ", " ; ", ",,", "\n\n", "|", "\u00a0")


def words(text):
    """Return the words of a text."""
    return [token.text for token in tokenise(normalise(text), limit=1_000)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a@x.example, NW-1;B2\tc 4\n5", ["a@x.example", "NW-1", "B2", "c", "4", "5"], id="any"
        ),
        pytest.param("Elif Yilmaz <e@x.example>", ["e@x.example"], id="a name and an address"),
        pytest.param('"Okafor, Amara" <a@x.example>', ["a@x.example"], id="a quoted name"),
        pytest.param("Okafor, Amara <a@x>; Rossi, Chiara <c@x>", ["a@x", "c@x"], id="from Outlook"),
        pytest.param("alice, Bob <b@x>", ["alice", "b@x"], id="an id before a name"),
        pytest.param("NW-1 Bob <b@x>", ["NW-1", "b@x"], id="an id with digits before a name"),
        pytest.param("<mailto:a@x> mailto:b@x", ["a@x", "b@x"], id="links"),
        pytest.param("'a@x' (b@x) “c@x”", ["a@x", "b@x", "c@x"], id="quotation marks"),
        pytest.param("a\u200b@x\ufeff\x00", ["a@x"], id="invisible characters"),
        pytest.param(" ()[] , ; ", [], id="nothing"),
    ],
)
def test_tokenise_splits_a_list_into_words(text, expected):
    assert words(text) == expected


def test_tokens_have_line_and_offsets():
    text = normalise("first\r\n\r\nAda <a@x>\nlast")

    assert tokenise(text, limit=9) == [
        Token("first", 1, 0, 5),
        Token("a@x", 3, 12, 15),
        Token("last", 4, 17, 21),
    ]
    assert replace_token(text, tokenise(text, limit=9)[1], "b@y") == "first\n\nAda <b@y>\nlast"
    assert len(tokenise(text, limit=2)) == 2


@pytest.fixture
def directory(db):
    """Create people, two of whom share an e-mail address and one of whom has left."""
    account = make_account()
    ada = make_learner(
        account, name="Ada", email="Ada@X.example", external_reference="NW-1", remote_id="101"
    )
    ben = make_learner(
        account, name="Ben", email="ben@x.example", external_reference="NW-2", remote_id="102"
    )
    make_learner(
        account, name="Cid", email="shared@x.example", external_reference="NW-3", remote_id="103"
    )
    make_learner(
        account, name="Dan", email="shared@x.example", external_reference="NW-4", remote_id="104"
    )
    make_learner(
        account,
        name="Eva",
        email="eva@x.example",
        external_reference="NW-5",
        remote_id="105",
        is_active=False,
    )
    make_learner(
        account,
        name="Ben",
        email="ben@x.example",
        external_reference="",
        remote_id="old",
        is_active=False,
    )
    make_learner(
        account, name="Élan", email="Élan@x.example", external_reference="NW-7", remote_id="nw-1"
    )
    return account, ada, ben


def classify_text(account, text):
    """Classify the words of a text."""
    tokens = tokenise(normalise(text), limit=1_000)
    return classify(tokens, PeopleLookup(account.pk, [token.text for token in tokens]))


def test_each_word_is_classified_once(directory):
    account, ada, ben = directory

    groups = classify_text(
        account, "ADA@x.example 101 NW-2 shared@x.example eva@x.example nobody NOBODY"
    )

    assert groups.learner_pks == [ada.pk, ben.pk]
    assert [token.text for token in groups.duplicates] == ["101", "NOBODY"]
    assert [(word.token.text, word.problem) for word in groups.inactive] == [
        ("eva@x.example", "Eva is inactive in the LMS.")
    ]
    assert [(word.token.text, word.problem) for word in groups.unmatched] == [
        (
            "shared@x.example",
            "It matches 2 people: Cid (NW-3), Dan (NW-4). Use an ID that only one of them has.",
        ),
        ("nobody", "Nobody has this e-mail, employee ID or LMS ID."),
    ]
    assert [word.token.text for word in groups.not_added] == [
        "shared@x.example",
        "eva@x.example",
        "nobody",
    ]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        pytest.param("ben@x.example", "Ben", id="active before inactive"),
        pytest.param("NW-1", "Ada", id="the same case"),
        pytest.param("nw-1", "Élan", id="the same case, the other way"),
        pytest.param("ÉLAN@X.EXAMPLE", "Élan", id="letters beyond ASCII"),
        pytest.param("élan@x.example", "Élan", id="small letters beyond ASCII"),
    ],
)
def test_find_returns_one_person(directory, word, name):
    assert str(PeopleLookup(directory[0].pk, [word]).find(word).person) == name


@pytest.mark.parametrize(
    ("word", "name", "note"),
    [
        pytest.param("bn@x.example", "Ben", "", id="a typing error"),
        pytest.param("NW-1O934", "Fay", "looks the same", id="the letter O"),
        pytest.param("nw 10934", "Fay", "looks the same", id="a space for a dash"),
        pytest.param("10934", "Fay", "the same number", id="no prefix"),
        pytest.param('="10934"', "Fay", "the same number", id="a formula"),
        pytest.param("110", "Gil", "the same number", id="zeros that were dropped"),
        pytest.param("0000000110", "Gil", "the same number", id="more zeros"),
        pytest.param("9", None, None, id="a single digit"),
        pytest.param("NW-10935", None, None, id="one digit off is somebody else"),
        pytest.param("zzz@q.example", None, None, id="nothing similar"),
        pytest.param("x" * 300 + "@x", None, None, id="too long to compare"),
    ],
)
def test_suggest_returns_people_with_similar_identifiers(directory, word, name, note):
    make_learner(directory[0], name="Fay", external_reference="NW-10934", remote_id="u10934")
    make_learner(directory[0], name="Gil", external_reference="000110", remote_id="u7")
    make_learner(directory[0], name="Hal", external_reference="", remote_id="u110")

    suggestions = suggest(account_pk=directory[0].pk, words=[word])

    assert [(str(suggestion.person), suggestion.note) for suggestion in suggestions.values()] == (
        [(name, note)] if name else []
    )


IDENTIFIERS = (
    "ada@x.example",
    "ADA@X.EXAMPLE",
    "101",
    "NW-2",
    "shared@x.example",
    "eva@x.example",
    "105",
)
NAMES = st.sampled_from(["", "Elif Yilmaz ", "Tom O'Brien ", '"Okafor, Amara" '])
ENTRIES = st.one_of(
    st.sampled_from(IDENTIFIERS),
    st.from_regex(r"[a-z]{1,8}[0-9]{1,4}", fullmatch=True),
    st.builds(lambda name, number: f"{name}<p{number}@x.example>", NAMES, st.integers(0, 99)),
)


@pytest.mark.django_db
@given(
    prefix=st.from_regex("[A-Za-z]{0,3}[ ._-]?0{0,4}", fullmatch=True),
    number=st.integers(10, 99_999).map(str),
    rest=st.from_regex("[A-Za-z][A-Za-z0-9_-]{0,9}", fullmatch=True),
    data=st.data(),
)
def test_a_number_means_an_id_with_a_prefix_but_none_with_letters_in_it(prefix, number, rest, data):
    account = make_account()
    account.learners.all().delete()
    position = data.draw(st.integers(1, len(number)))
    make_learner(account, external_reference="", email="", remote_id=f"{prefix}{number}")
    mixed = f"{prefix}{number[:position]}{rest}{number[position:]}"
    make_learner(account, external_reference="", email="", remote_id=mixed)

    (suggestion,) = suggest(account_pk=account.pk, words=[number]).values()

    assert suggestion.identifier == f"{prefix}{number}"


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["10934", "O1", "nobody@example.com"])
@pytest.mark.parametrize("has_people", [True, False])
def test_nothing_is_suggested_where_nobody_has_an_employee_id(word, has_people):
    account = make_account()
    if has_people:
        make_learner(account, external_reference="", remote_id="LMS", email="")

    assert suggest(account_pk=account.pk, words=[word]) == {}


@pytest.mark.django_db
@settings(max_examples=MANY)
@given(entries=st.lists(st.tuples(ENTRIES, st.sampled_from(SEPARATORS)), max_size=40))
def test_no_entry_of_a_list_is_lost(entries):
    text = "".join(entry + separator for entry, separator in entries)

    assert words(text) == [entry.rpartition("<")[2].rstrip(">") for entry, _ in entries]


@pytest.fixture(scope="module")
def empty_lookup(django_db_setup, django_db_blocker):
    """Return a look-up that finds nobody."""
    with django_db_blocker.unblock():
        return PeopleLookup(0, [])


@settings(max_examples=MANY)
@given(text=st.text(max_size=200))
@example("<" * 200)
@example('"' * 99 + "<a@b>")
def test_no_word_of_any_text_is_lost(empty_lookup, text):
    tokens = tokenise(normalise(text), limit=1_000)

    groups = classify(tokens, empty_lookup)

    assert groups.total == len(tokens) == len(groups.duplicates) + len(groups.unmatched)
    assert all(normalise(text)[token.start : token.end] == token.text for token in tokens)
