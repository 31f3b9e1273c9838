import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import EncodingAssumed, TableRefused
from tables.readers.text_windows import LINE_END, ByteWindows, TextOfBytes
from tests.support.tables.held_bytes import HeldBytes

ENCODINGS = ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "gb18030", "cp932"]
LINES = st.lists(
    st.tuples(st.text("ab,é漢\u2028\x0b", max_size=4), st.sampled_from(["\n", "\r", "\r\n"]))
)


def _text(lines: list[tuple[str, str]], encoding: str) -> tuple[str, bytes]:
    text = "".join(map("".join, lines))
    content = text.encode(encoding, "replace")
    return content.decode(encoding), content


@given(content=st.binary(max_size=60), block=st.integers(1, 9), size=st.integers(1, 70))
def should_look_at_the_same_bytes_however_the_blocks_come(
    content: bytes, block: int, size: int
) -> None:
    source = HeldBytes(content, block=block)
    windows = ByteWindows(source, 0)
    seen = b""

    while window := windows.look(size):
        assert window == content[windows.offset : windows.offset + size]
        assert windows.ends_with(window) is (windows.offset + len(window) == len(content))
        passed = max(1, len(window) // 2)
        seen += window[:passed]
        windows.advance(passed)
    windows.close()

    assert seen == content
    assert source.open_streams == 0


@given(lines=LINES, encoding=st.sampled_from(ENCODINGS), cut=st.integers(0, 60))
def should_end_behind_a_whole_line_whose_end_is_not_cut(
    lines: list[tuple[str, str]], encoding: str, cut: int
) -> None:
    text, content = _text(lines, encoding)
    window = content[:cut]

    end = TextOfBytes(encoding, None).behind_last_line(window, is_last=False)

    assert content[:end].decode(encoding) == text[: len(content[:end].decode(encoding))]
    assert not end or text[: len(content[:end].decode(encoding))][-1] in "\r\n"
    assert end == len(content) or not (
        content[:end].decode(encoding).endswith("\r")
        and content[end:].decode(encoding).startswith("\n")
    )


@given(lines=LINES, encoding=st.sampled_from(ENCODINGS))
def should_know_the_bytes_of_lines_and_of_texts(
    lines: list[tuple[str, str]], encoding: str
) -> None:
    text, content = _text(lines, encoding)
    decoder = TextOfBytes(encoding, None)

    for count, end in enumerate(LINE_END.finditer(text), start=1):
        begun = text[: end.end()]
        assert decoder.bytes_of_lines(content, count) == len(begun.encode(encoding))
        assert decoder.bytes_of(content, begun) == len(begun.encode(encoding))
    first = decoder.behind_first_line(content)
    assert first in (0, decoder.bytes_of_lines(content, 1))
    assert first or not LINE_END.search(text[:-1])


def should_assume_the_fallback_where_a_byte_is_not_utf_8() -> None:
    with pytest.raises(EncodingAssumed) as assumed:
        TextOfBytes("utf-8", "cp1252").text(b"caf\xe9", 1)

    assert assumed.value.encoding == "cp1252"


def should_name_the_line_of_a_byte_where_nothing_may_be_assumed() -> None:
    with pytest.raises(TableRefused) as refused:
        TextOfBytes("utf-8", None).text(b"a\r\nb\rc\xe9\n", 7)

    assert "Line 9 has a byte" in refused.value.reason


def should_leave_out_a_character_that_is_cut_off() -> None:
    assert TextOfBytes("utf-8", None).text("né".encode()[:-1], 1, whole=False) == "n"
