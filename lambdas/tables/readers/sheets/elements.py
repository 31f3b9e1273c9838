"""The elements of large XML one by one, in the memory of one.

The parser builds its tree at its own speed, block by block; what is complete is taken out of it.
To be told of each element, as `iterparse` does, takes three times as long.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from tables.errors import TableRefused
from tables.readers.sheets.archive import BoundedXml

MAX_PARTS = 200_000  # of an element: a row has up to 16,384 cells; ours


def elements_of(xml: BoundedXml, parent: str | None = None) -> Iterator[Element]:
    """The elements in the root, or in its first child called `parent`; each is whole until the
    next is asked for. What stands behind `parent` is not read.

    Raises `TableRefused`, and what the parser raises.
    """
    builder = TreeBuilder()
    parser = XMLParser(target=builder)  # noqa: S314  `BoundedXml` sees to it
    root: Element | None = None
    holder: Element | None = None
    while True:
        block = xml.read()
        if block:
            parser.feed(block)
        else:
            parser.close()
        root = builder.close() if root is None else root  # the builder goes on all the same
        if holder is None and root is not None:
            holder = root if parent is None else root.find(parent)
        if holder is not None and root is not None:
            has_ended = not block or (holder is not root and root[-1] is not holder)
            yield from _taken(holder, is_all=has_ended, xml=xml)
            if has_ended:
                return
        if not block:
            return


def _taken(holder: Element, *, is_all: bool, xml: BoundedXml) -> Iterator[Element]:
    """The complete elements, which are all but the last until the parent ends."""
    complete = holder[:] if is_all else holder[:-1]
    yield from complete
    if complete:
        del holder[: len(complete)]
        xml.let_go()
    if len(holder) and len(holder[-1]) > MAX_PARTS:
        raise TableRefused(
            "A row or a text of the workbook has more parts than any that Excel writes.",
            "Save the sheet with the texts as CSV UTF-8 and drop that.",
        )
