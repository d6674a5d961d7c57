"""Where in a title the words of a search are, compared as the search compares them."""

from assignments.models.sql.text_folding import folded

type Pieces = list[tuple[str, bool]]


def marked(title: str, words: str) -> Pieces:
    """Return the title in pieces, each with whether it is what was searched for."""
    letters = [folded(letter) for letter in title]
    text = "".join(letters)
    hits = _hits(text, folded(words).split())
    pieces: Pieces = []
    end = 0
    for letter, plain in zip(title, letters, strict=True):
        start, end = end, end + len(plain)
        # What folds to nothing is a mark on the letter before it.
        is_hit = any(hits[start:end]) if plain else bool(pieces) and pieces[-1][1]
        if pieces and pieces[-1][1] == is_hit:
            pieces[-1] = (pieces[-1][0] + letter, is_hit)
        else:
            pieces.append((letter, is_hit))
    return pieces


def _hits(text: str, words: list[str]) -> list[bool]:
    hits = [False] * len(text)
    for word in words:
        at = text.find(word)
        while at >= 0:
            hits[at : at + len(word)] = [True] * len(word)
            at = text.find(word, at + 1)
    return hits
