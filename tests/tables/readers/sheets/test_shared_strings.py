import io

import pytest

from tables.errors import TableRefused
from tables.readers.sheets import shared_strings
from tables.readers.sheets.archive import BoundedXml
from tables.readers.sheets.shared_strings import SharedStrings, unescaped
from tests.support.tables.made_workbook import MAIN


def _strings(items: str) -> SharedStrings:
    xml = f'<sst xmlns="{MAIN}">{items}</sst>'
    return SharedStrings(BoundedXml(io.BytesIO(xml.encode())))


def should_give_texts_by_their_number() -> None:
    strings = _strings("<si><t>a</t></si><si/><si><r><rPr><b/></rPr><t>é</t></r><t>c</t></si>")
    assert [strings[number] for number in range(3)] == ["a", "", "éc"]
    for number in (-1, 3):
        with pytest.raises(IndexError):
            strings[number]
    assert len(SharedStrings(None)) == 0


def should_keep_many_texts_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_strings, "MEMORY_BYTES", 1000)
    strings = _strings("".join(f"<si><t>text {number}</t></si>" for number in range(5_000)))
    assert [strings[number] for number in (0, 2_500, 4_999)] == ["text 0", "text 2500", "text 4999"]


def should_refuse_more_texts_than_memory_has_places_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_strings, "MAX_STRINGS", 10)
    with pytest.raises(TableRefused, match="more than 10 different texts"):
        _strings("<si><t>a</t></si>" * 11)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a_x000D_\nb", "a\r\nb"),
        ("_x005F_x000D_", "_x000D_"),
        ("_x00_ _x000G_ _X000D_", "_x00_ _x000G_ _X000D_"),
        ("_xD83D__xDE00_ _xD83D_", "\U0001f600 \ufffd"),
    ],
)
def should_decode_what_xml_cannot_hold(text: str, plain: str) -> None:
    assert unescaped(text) == plain
