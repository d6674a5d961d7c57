"""Text folding for searches: removes accents, case and look-alikes, spells letters plainly."""

import unicodedata
from typing import Final

from assignments.models.sql.text_cleaning import replace_look_alikes

# Letters without a decomposition in Unicode, and the spelling that people type.
PLAIN_LETTERS: Final = str.maketrans(
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


def fold(text: str) -> str:
    """Return the visible text decomposed (NFKD), without combining marks, and case-folded."""
    if text.isascii():
        return text.lower()
    plain = replace_look_alikes(unicodedata.normalize("NFKD", text))
    plain = plain.casefold().translate(PLAIN_LETTERS)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
