"""Highlighting of search words in titles, safe links and language names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.queries.highlighting import highlighted
from assignments.templatetags.content_facts import language_names, safe_link


@pytest.mark.parametrize(
    ("title", "words", "hits"),
    [
        pytest.param("Fire Safety", "fire", ["Fire"], id="any case"),
        pytest.param("Sécurité au travail", "securite", ["Sécurité"], id="without accents"),
        pytest.param("Cafe\u0301 culture", "cafe", ["Cafe\u0301"], id="a mark of its own"),
        pytest.param("Søren & Æsop", "ae soren", ["Søren", "Æ"], id="one letter for two"),
        pytest.param("Fire and fire again", "fire", ["Fire", "fire"], id="every time"),
        pytest.param("aaa", "aa", ["aaa"], id="where it overlaps"),
        pytest.param("Fire Safety", "ire saf", ["ire", "Saf"], id="parts of words"),
        pytest.param("Fire Safety", "", [], id="nothing asked"),
        pytest.param("Fire Safety", "water", [], id="not there"),
    ],
)
def test_highlighted_marks_what_the_search_matches(title, words, hits):
    assert [text for text, is_hit in highlighted(title, words) if is_hit] == hits


@given(st.text(max_size=30), st.text(max_size=6))
def test_highlighted_keeps_every_letter(title, words):
    assert "".join(text for text, _ in highlighted(title, words)) == title


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://lms.example/c/1?x=1", id="https"),
        pytest.param("HTTP://lms.example", id="http in capitals"),
    ],
)
def test_safe_link_keeps_web_pages(url):
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="none"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("data:text/html,<b>", id="data"),
        pytest.param("ftp://lms.example/c", id="another scheme"),
        pytest.param("//lms.example/c", id="no scheme"),
        pytest.param("https:///c/1", id="no host"),
        pytest.param("https://bank.example@evil.example/", id="an account before the host"),
        pytest.param("https://[broken", id="no address"),
    ],
)
def test_safe_link_rejects_everything_else(url):
    assert safe_link(url) == ""


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        pytest.param(["en-GB", "fr_CA", "de"], "British English, French, German", id="known"),
        pytest.param(["tlh", "en"], "tlh, English", id="unknown"),
        pytest.param([], "", id="none"),
    ],
)
def test_language_names(codes, names):
    assert language_names(codes) == names
