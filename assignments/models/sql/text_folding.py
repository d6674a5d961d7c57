"""Text as searches compare it: without accents, case or letters no keyboard has."""

import unicodedata
from typing import Final

# Letters that have no decomposition in Unicode but a plain spelling that people type.
PLAIN: Final = str.maketrans(
    {
        "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
        "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
        "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
        "\N{LATIN SMALL LETTER ETH}": "d",
        "\N{LATIN SMALL LETTER THORN}": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{LATIN SMALL LETTER AE}": "ae",
        "\N{LATIN SMALL LIGATURE OE}": "oe",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)


def folded(text: str) -> str:
    """Return the text for comparing: decomposed (NFKD), without marks, case-folded."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold().translate(PLAIN)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
