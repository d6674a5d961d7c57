"""Templates as a whole: a block that the base does not have would be left out silently."""

import re
from collections.abc import Iterator

from tests.sandbox_process import ROOT

FOLDER = ROOT / "templates"
TEXTS = {str(path.relative_to(FOLDER)): path.read_text() for path in FOLDER.rglob("*.html")}
BASE = re.compile(r'{% extends "([^"]+)" %}')
BLOCK = re.compile(r"{% (?:block (\w+)|(endblock))")


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the depth and the name of each block; the outermost ones have depth 0."""
    depth = 0
    for match in BLOCK.finditer(text):
        if match[2]:
            depth -= 1
        else:
            yield depth, match[1]
            depth += 1


def names_of_base(text: str) -> set[str]:
    """Return the names of the blocks of a template's base, and of the base's own base."""
    base = BASE.search(text)
    if base is None:
        return set()
    return {name for _, name in blocks(TEXTS[base[1]])} | names_of_base(TEXTS[base[1]])


def test_every_block_is_one_of_the_base():
    extending = {page: text for page, text in TEXTS.items() if BASE.search(text)}

    assert extending
    for page, text in extending.items():
        outermost = {name for depth, name in blocks(text) if depth == 0}
        assert (page, outermost - names_of_base(text)) == (page, set())
