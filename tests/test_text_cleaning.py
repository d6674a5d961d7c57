"""Identifiers surrounded or mixed with characters that nobody sees, look-alikes and wrappings."""

import sys
import unicodedata

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assignments.audit.search.parser import parse
from assignments.models import Draft, DraftLearner
from assignments.models.sql.text_cleaning import clean, remove_invisible
from assignments.models.sql.text_folding import fold
from assignments.queries import directory, global_search
from assignments.services.picking.identifier_forms import identifier_forms
from assignments.services.picking.pasted_lists.people_lookup import PeopleLookup
from assignments.services.picking.pasted_lists.tokens import normalise, tokenise
from assignments.services.picking.uploads.content_lookup import ContentLookup
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.file_import import import_people

FORMAT_CHARACTERS = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) == "Cf"
]
IGNORABLE = ["\u034f", "\u115f", "\u17b4", "\u180b", "\u3164", "\ufe0f", "\uffa0", "\U000e0100"]
INVISIBLE = st.text(st.sampled_from(FORMAT_CHARACTERS + IGNORABLE), max_size=3)
HYPHENS = st.sampled_from("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63\u2e3a")
WRAPPINGS = st.sampled_from(
    ['="{}"', "'{}", "{}.", "{} ", "\u201c{}\u201d", "({})", " {}\u00a0", "\u3000{}"]
)
ADDRESS_WRAPPINGS = st.sampled_from(
    ["Ada <{}>", '"Lovelace, Ada" <{}>', "mailto:{}", "MAILTO:{}?subject=x", "<mailto:{}>", "<{}>."]
)


def wide(text):
    """Return the text in characters of full width."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


@st.composite
def disguised(draw, identifier):
    """Return an identifier as a person may type or paste it."""
    if draw(st.booleans()):
        identifier = identifier.upper()
    letters = [draw(HYPHENS) if letter == "-" else letter for letter in identifier]
    letters = [wide(letter) if draw(st.booleans()) else letter for letter in letters]
    text = "".join(draw(INVISIBLE) + letter for letter in letters) + draw(INVISIBLE)
    return unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), text)


@given(text=st.text(), position=st.integers(0, 20), character=INVISIBLE)
def test_invisible_characters_are_removed_everywhere(text, position, character):
    assert remove_invisible(text[:position] + character + text[position:]) == remove_invisible(text)
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("character", [*FORMAT_CHARACTERS, *IGNORABLE])
def test_each_invisible_character_is_removed(character):
    assert fold(f"n{character}w") == clean(f"n{character}w") == "nw"


@given(text=disguised("NW-10934"))
def test_searches_understand_a_disguised_identifier(text):
    assert fold(text) == "nw-10934"
    assert parse(text, today=AT.date()).terms[0].value.casefold() == "nw-10934"


@given(text=disguised("B-0417"))
def test_a_disguised_number_of_a_batch_is_understood(text):
    assert parse(text, today=AT.date()).terms[0].parsed_value == "batch/417"


@given(text=disguised("NW-1"), wrapping=WRAPPINGS)
def test_wrapped_identifiers_have_a_bare_form(text, wrapping):
    assert identifier_forms(wrapping.format(text))[-1].casefold() == "nw-1"


@given(wrapping=st.one_of(WRAPPINGS, ADDRESS_WRAPPINGS))
def test_wrapped_addresses_have_a_bare_form(wrapping):
    cell = wrapping.format("ada@x.example")

    assert "ada@x.example" in identifier_forms(cell)
    assert tokenise(normalise(cell), limit=9)[-1].text.startswith(("ada@x.example", "MAILTO:ada@x"))


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("Ada <ada@x.example>, Ben <ben@x.example>", id="two addresses"),
        pytest.param("ben@x.example <ada@x.example>", id="the address of somebody else as name"),
    ],
)
def test_a_cell_of_two_people_means_nobody(cell):
    assert not {"ada@x.example", "ben@x.example"} & set(identifier_forms(cell))


@pytest.fixture(scope="module")
def people(django_db_setup, django_db_blocker):
    """Return an account of a person and an item for all examples; deleted after the tests."""
    with django_db_blocker.unblock():
        account = make_account(remote_id="cleaned")
        rows = [
            make_learner(account, name="Zoë", email="zoë-mai@x.example", external_reference="NW-1"),
            make_learner(account, name="Ann", email=unicodedata.normalize("NFD", "ånn@x.example")),
            make_learner(account, name="Dash", external_reference="NW\N{EN DASH}9"),
            make_content(account, title="Fire", external_reference="CRS-\u00c4"),
        ]
        yield account
        for row in (*rows, account):
            row.delete()


@pytest.mark.django_db
@given(
    identifier=st.sampled_from(["zoë-mai@x.example", "nw-1"]).flatmap(disguised),
    wrapping=WRAPPINGS,
)
def test_a_disguised_identifier_finds_its_person(people, identifier, wrapping):
    cell = wrapping.format(identifier)

    assert str(PeopleLookup(people.pk, [cell]).find(cell).person) == "Zoë"


@pytest.mark.django_db
@given(reference=disguised("CRS-Ä"), wrapping=WRAPPINGS)
def test_a_disguised_reference_finds_its_item(people, reference, wrapping):
    cell = wrapping.format(reference)

    assert str(ContentLookup(people.pk, [cell]).find(cell)[0]) == "Fire"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("word", "name"),
    [("\u00e5nn@x.example", "Ann"), ("\u00c5NN@X.EXAMPLE", "Ann"), ("NW\N{EN DASH}9", "Dash")],
    ids=["composed", "composed capitals", "a dash of the LMS"],
)
def test_identifiers_that_the_lms_writes_unusually_are_found(people, word, name):
    assert str(PeopleLookup(people.pk, [word]).find(word).person) == name


@pytest.mark.django_db
@given(words=disguised("NW-1"))
def test_a_disguised_identifier_is_found_by_search(people, words):
    matching = directory.people(account_pk=people.pk, words=words)

    assert [learner.name for learner in matching] == ["Zoë"]
    place = global_search.exact_match(words, hidden=())
    assert place is not None
    assert place.name == "person"


@pytest.mark.django_db
@given(identifiers=st.tuples(disguised("NW-1"), disguised("zoë-mai@x.example")))
def test_the_command_line_reads_disguised_identifiers(people, identifiers):
    text = "\n".join(["Employee", *identifiers])

    emails, _ = import_people(people, text.encode(), column="Employee")

    assert emails == [people.learners.get(name="Zoë").email]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\u2068(ada@x.example\u2069)\r\n\u202aNW\u20112\u202c,\r\n", id="bidi marks"),
        pytest.param(wide("ada@x.example,NW-2"), id="full width"),
        pytest.param('="NW-1"\n="NW-2"', id="formulas"),
        pytest.param("NW-1. NW-2.", id="full stops"),
        pytest.param(
            "Ada <ada@x.example>\uff1bmailto:ben@x.example", id="addresses of a mail program"
        ),
    ],
)
def test_a_pasted_list_finds_everybody(client, text):
    user = make_user("manager")
    client.force_login(user)
    account = make_account()
    make_learner(account, name="Ada", email="ada@x.example", external_reference="NW-1")
    make_learner(account, name="Ben", email="ben@x.example", external_reference="NW-2")
    draft = Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)

    response = client.post(reverse("assign-paste", args=[draft.pk]), {"list": text, "by": "paste"})

    assert not response.context["page"].pasted.classification.not_added
    assert set(DraftLearner.objects.values_list("learner__name", flat=True)) == {"Ada", "Ben"}
