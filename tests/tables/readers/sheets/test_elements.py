import io
from xml.etree.ElementTree import ParseError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import TableRefused
from tables.readers.sheets import archive
from tables.readers.sheets.archive import BoundedXml
from tables.readers.sheets.elements import MAX_PARTS, elements_of


class _Blocks(io.BytesIO):
    """Gives a few bytes at a time, whatever is asked for."""

    size = 1

    def read(self, _size: int | None = -1, /) -> bytes:
        return super().read(self.size)


def _texts(xml: str, parent: str | None = None, *, size: int = 7) -> list[str]:
    blocks = _Blocks(xml.encode())
    blocks.size = size
    return ["".join(element.itertext()) for element in elements_of(BoundedXml(blocks), parent)]


@given(st.lists(st.text("aé<&\n", max_size=9)), st.integers(1, 40), st.sampled_from([None, "b"]))
def should_give_each_element_whole_however_the_blocks_come(
    texts: list[str], size: int, parent: str | None
) -> None:
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;") for text in texts]
    items = "".join(f"<c>{text}<d/></c>" for text in escaped)
    xml = f"<a>{items}</a>" if parent is None else f"<a><x>1</x><b>{items}</b><y>2</y></a>"
    assert _texts(xml, parent, size=size) == texts


def should_read_no_further_than_the_parent() -> None:
    assert _texts("<a><b><c>1</c></b><y/>" + " " * 100 + "<broken", "b") == ["1"]


def should_find_nothing_where_there_is_none() -> None:
    assert _texts("<a><x/></a>", "b") == _texts("<a/>") == []


def should_raise_where_the_xml_ends_too_early() -> None:
    for xml in ("", "<a><b><c>1</c>", "<a"):
        with pytest.raises(ParseError):
            _texts(xml, "b")


def should_refuse_an_element_of_many_parts_or_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableRefused, match="more parts"):
        _texts("<a><c>" + "<d/>" * (MAX_PARTS + 20_000), size=1 << 16)
    monkeypatch.setattr(archive, "MAX_KEPT_BYTES", 1000)
    assert len(_texts("<a>" + "<c>1</c>" * 1000 + "</a>")) == 1000
    with pytest.raises(TableRefused, match="takes more than"):
        _texts("<a><c>" + "1" * 2000)
