"""Search for people: any part of a word, with and without an index, with equal results."""

import os

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assignments.models import Learner
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import ENTRIES, LEARNERS, TrigramIndex
from assignments.queries import candidates, directory, keyset
from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.core

database = pytest.mark.django_db
NAMES = ("Zoë Brandt", "zoe.brandt@x.example", "Ann O'Neil", "100% Öl_Prinz", "Ng 健一", 'A"b"c')


@database
@pytest.mark.parametrize("index", [LEARNERS, ENTRIES], ids=["people", "entries"])
def test_the_trigram_index_exists(index: TrigramIndex):
    assert index.exists(connection)


@database
@pytest.mark.parametrize("index", [LEARNERS, ENTRIES], ids=["people", "entries"])
def test_a_missing_index_is_detected(index: TrigramIndex):
    kind = "TABLE" if connection.vendor == "sqlite" else "INDEX"

    with connection.cursor() as cursor:
        cursor.execute(f"DROP {kind} {index.name}")

    assert not index.exists(connection)


@database
def test_the_index_follows_every_change():
    learner = make_learner(search_text="elif yilmaz")
    account = learner.account_id

    def matches(words):
        return list(directory.people(account_pk=account, words=words))

    assert matches("yilmaz") == [learner]
    Learner.objects.filter(pk=learner.pk).update(search_text="elif demir")
    assert (matches("yilmaz"), matches("demir")) == ([], [learner])
    Learner.objects.filter(pk=learner.pk).delete()
    assert matches("demir") == []


@database
@pytest.mark.parametrize("few", [0, 4_000], ids=["everybody is looked at", "the index knows"])
@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param("zoe", ["Zoë Brandt"], id="without accents"),
        pytest.param("ö", ["100% Öl_Prinz", "Ann O'Neil", "Zoë Brandt"], id="one letter"),
        pytest.param("NEIL ann", ["Ann O'Neil"], id="words in any order"),
        pytest.param("0% o", ["100% Öl_Prinz"], id="a percent sign is itself"),
        pytest.param("l_p", ["100% Öl_Prinz"], id="an underscore is itself"),
        pytest.param("健", ["Ng 健一"], id="one letter of another script"),
        pytest.param('a"b', ['A"b"c'], id="quotation marks"),
        pytest.param("ran dtx", [], id="one word is nowhere"),
        pytest.param(
            "\0", ['A"b"c', "100% Öl_Prinz", "Ann O'Neil", "Ng 健一", "Zoë Brandt"], id="NUL"
        ),
    ],
)
def test_people_match_by_any_part_of_a_word(monkeypatch, few, words, names):
    monkeypatch.setattr(candidates, "MAX_CANDIDATES", few)
    for name in (*NAMES[:1], *NAMES[2:]):
        make_learner(name=name, search_text=fold(name))

    matches = directory.people(account_pk=make_account().pk, words=words)

    assert sorted(map(str, matches)) == sorted(names)


class AnyWords(TestCase):
    """For any words the index returns what a scan of all people returns."""

    @hypothesis(max_examples=int(os.environ.get("SEARCH_EXAMPLES", "40")))
    @given(
        texts=st.lists(st.text("abÖ ñ%_\"'\\健-.", max_size=12), min_size=1, max_size=6),
        words=st.text("abÖ ñ%_\"'\\健-.", max_size=8),
    )
    def test_the_index_finds_what_is_there(self, texts, words):
        account = make_account()
        for text in texts:
            make_learner(account, search_text=fold(text))

        matches = directory.people(account_pk=account.pk, words=words)

        everybody = Learner.objects.filter(account=account)
        sought = fold(words).split()
        assert {learner.pk for learner in matches} == {
            learner.pk
            for learner in everybody
            if all(word in learner.search_text for word in sought)
        }


@database
@pytest.mark.parametrize("by", ["search_text", "-search_text", "external_reference"])
def test_pages_can_be_walked_both_ways_with_equal_names(by):
    for number in range(7):
        make_learner(name="Ada", search_text="ada" if number else "abe", external_reference="NW")
    everybody = directory.people(account_pk=make_account().pk)

    def sheet(place):
        return keyset.keyset_page(everybody, place=place, by=by, size=3)

    first = sheet(keyset.PagePosition())
    second = sheet(first.following)
    third = sheet(second.following)

    sign = "-" if by.startswith("-") else ""
    order = list(everybody.order_by(by, f"{sign}pk"))
    assert first.rows + second.rows + third.rows == order
    assert [(each.first, each.last) for each in (first, second, third)] == [(1, 3), (4, 6), (7, 7)]
    assert [each.total for each in (first, second, third)] == [7, 7, 7]
    assert (first.previous, third.following) == (None, None)
    assert sheet(third.previous).rows == second.rows
    assert sheet(second.previous).rows == first.rows


@database
def test_a_position_without_rows_is_the_first_page():
    for _ in range(4):
        make_content()
    contents = directory.contents(account_pk=None)

    for place in (keyset.PagePosition(after=10**9), keyset.PagePosition(before=10**9, first=9)):
        matches = keyset.keyset_page(contents, place=place, size=3)
        assert (matches.first, len(matches.rows), matches.previous) == (1, 3, None)
