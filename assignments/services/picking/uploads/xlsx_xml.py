"""Parse the XML parts of a workbook in pieces, without document types and within limits."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import IO, Final
from xml.parsers import expat

from assignments.services.picking.uploads.errors import MAX_CELL, TOO_LONG, UploadRefused
from assignments.services.picking.uploads.xlsx_archive import DAMAGED, damage_is_refused

CHUNK: Final = 1 << 16
# A damaged part could have any number of different tags.
MAX_TAGS: Final = 1_000
type Attributes = Mapping[str, str]


class XmlPart:
    """Calls functions at the elements of an XML part, by their names without namespace prefix.

    :param starts: called with the attributes at the start of an element, by its name
    :param ends: called with the text of the element itself at its end, by its name
    """

    def __init__(
        self,
        starts: Mapping[str, Callable[[Attributes], None]],
        ends: Mapping[str, Callable[[str], None]],
    ) -> None:
        self._text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = _start_handler(self._text, _ByTag(starts))
        self._parser.EndElementHandler = _end_handler(self._text, _ByTag(ends))
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = _refuse_doctype

    def parse(self, part: IO[bytes]) -> Iterator[None]:
        """Parse the part and yield after each chunk.

        :raises UploadRefused: if it is no valid XML, or the text of an element is too long
        """
        with damage_is_refused():
            while chunk := part.read(CHUNK):
                self._parser.Parse(chunk)
                if sum(map(len, self._text)) > MAX_CELL:
                    raise UploadRefused(TOO_LONG)
                yield
            self._parser.Parse(b"", True)
            yield


class _ByTag[Function](dict[str, Function | None]):
    """Functions by the tags of elements, with any prefix; None for other tags."""

    def __init__(self, by_name: Mapping[str, Function]) -> None:
        super().__init__()
        self._by_name = by_name

    def __missing__(self, tag: str) -> Function | None:
        function = self._by_name.get(tag.rpartition(":")[2])
        if len(self) < MAX_TAGS:
            self[tag] = function
        return function


# The two functions are called for every cell and value, so they do as little as possible.


def _start_handler(
    text: list[str], starts: _ByTag[Callable[[Attributes], None]]
) -> Callable[[str, dict[str, str]], None]:
    def handle(tag: str, attributes: dict[str, str]) -> None:
        text.clear()
        if start := starts[tag]:
            start(attributes)

    return handle


def _end_handler(text: list[str], ends: _ByTag[Callable[[str], None]]) -> Callable[[str], None]:
    def handle(tag: str) -> None:
        if end := ends[tag]:
            end("".join(text))
        text.clear()

    return handle


def elements(part: IO[bytes], names: Iterable[str]) -> list[tuple[str, Attributes]]:
    """Return name and attributes of the elements of these names, in the order of the document."""
    result: list[tuple[str, Attributes]] = []

    def collect(name: str, attributes: Attributes) -> None:
        result.append((name, attributes))

    xml = XmlPart(starts={name: partial(collect, name) for name in names}, ends={})
    for _ in xml.parse(part):
        pass
    return result


def _refuse_doctype(*_: object) -> None:
    raise UploadRefused(DAMAGED)
