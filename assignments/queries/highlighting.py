"""Highlighting of search words in a title, with the folding that the search uses."""

from assignments.models.sql.text_folding import fold

type Segments = list[tuple[str, bool]]


def highlighted(title: str, words: str) -> Segments:
    """Return the title in segments, each with whether it matches a search word."""
    letters = [fold(letter) for letter in title]
    text = "".join(letters)
    matches = _match_flags(text, fold(words).split())
    segments: Segments = []
    end = 0
    for letter, plain in zip(title, letters, strict=True):
        start, end = end, end + len(plain)
        # A combining mark folds to nothing and belongs to the letter before it.
        is_match = any(matches[start:end]) if plain else bool(segments) and segments[-1][1]
        if segments and segments[-1][1] == is_match:
            segments[-1] = (segments[-1][0] + letter, is_match)
        else:
            segments.append((letter, is_match))
    return segments


def _match_flags(text: str, words: list[str]) -> list[bool]:
    matches = [False] * len(text)
    for word in words:
        at = text.find(word)
        while at >= 0:
            matches[at : at + len(word)] = [True] * len(word)
            at = text.find(word, at + 1)
    return matches
