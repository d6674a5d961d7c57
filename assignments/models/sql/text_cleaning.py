"""Text cleaning: removes characters that nobody sees, and replaces look-alikes of ASCII.

Whatever people type, paste or upload to find somebody is cleaned here before it is compared.
"""

import unicodedata
from collections.abc import Callable
from typing import Final

# Default_Ignorable_Code_Point of Unicode 17, which Python's `unicodedata` does not have.
_DEFAULT_IGNORABLE: Final = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
_DASHES_OF_OTHER_CATEGORIES: Final = (
    "\N{MINUS SIGN}\N{HYPHEN BULLET}\N{MODIFIER LETTER MINUS SIGN}\N{HEAVY MINUS SIGN}"
)
# Separators and full stops of scripts that do not use the Latin ones.
_PUNCTUATION: Final = str.maketrans(
    {
        "\N{IDEOGRAPHIC COMMA}": ",",
        "\N{HALFWIDTH IDEOGRAPHIC COMMA}": ",",
        "\N{ARABIC COMMA}": ",",
        "\N{ARABIC SEMICOLON}": ";",
        "\N{IDEOGRAPHIC FULL STOP}": ".",
        "\N{HALFWIDTH IDEOGRAPHIC FULL STOP}": ".",
    }
)
_WIDTHS: Final = ("<wide>", "<narrow>", "<small>")


class _Translation(dict[int, str | int | None]):
    """A table for `str.translate` that computes each character when it is first met."""

    def __init__(self, translate: Callable[[str], str | None]) -> None:
        super().__init__()
        self._translate = translate

    def __missing__(self, code_point: int) -> str | None:
        self[code_point] = translated = self._translate(chr(code_point))
        return translated


def remove_invisible(text: str) -> str:
    """Return the text without NUL, format characters and default-ignorable ones."""
    if text.isascii():
        return text.replace("\0", "")
    return text.translate(_VISIBLE)


def replace_look_alikes(text: str) -> str:
    """Return the visible text with ASCII for dashes, spaces, and characters of another width."""
    if text.isascii():
        return text.replace("\0", "")
    return text.translate(_PLAIN)


def clean(text: str) -> str:
    """Return the visible text without look-alikes, composed (NFC), without spaces around it."""
    return unicodedata.normalize("NFC", replace_look_alikes(text)).strip()


def _visible(character: str) -> str | None:
    code_point = ord(character)
    is_invisible = (
        not code_point
        or unicodedata.category(character) == "Cf"
        or any(first <= code_point <= last for first, last in _DEFAULT_IGNORABLE)
    )
    return None if is_invisible else character


def _plain(character: str) -> str | None:
    if ord(character) in _PUNCTUATION:
        return character.translate(_PUNCTUATION)
    if unicodedata.decomposition(character).startswith(_WIDTHS):
        character = unicodedata.normalize("NFKC", character)
    category = unicodedata.category(character[0])
    if category == "Pd" or character in _DASHES_OF_OTHER_CATEGORIES:
        return "-"
    return " " if category == "Zs" else _visible(character)


_VISIBLE: Final = _Translation(_visible)
_PLAIN: Final = _Translation(_plain)
