import codecs
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import TableRefused
from tables.plan import TableOptions
from tables.text.encodings import (
    SEVERAL_BYTES,
    SINGLE_BYTE,
    affected_values,
    decoder_of,
    encoded,
    known_encoding,
    text_encoding,
)

OPTIONS = TableOptions(fields=("occp_text",))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", ("utf-8", 0)),
        (b"id;job\n", ("utf-8", 0)),
        (b"\xef\xbb\xbfid", ("utf-8", 3)),
        (b"\xff\xfei\0", ("utf-16-le", 2)),
        (b"\xfe\xff\0i", ("utf-16-be", 2)),
        (b"\xff\xfe", ("utf-16-le", 2)),
        (b"\xe9", ("utf-8", 0)),
    ],
)
def should_let_the_byte_order_mark_decide(head: bytes, expected: tuple[str, int]) -> None:
    assert text_encoding(head, OPTIONS) == expected


def should_take_the_encoding_that_somebody_names_where_there_is_no_mark() -> None:
    options = TableOptions(fields=("occp_text",), encoding="Windows-1250")

    assert text_encoding(b"id", options) == ("cp1250", 0)
    assert text_encoding(b"\xef\xbb\xbfid", options) == ("utf-8", 3)


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def should_refuse_utf_32_in_words(encoding: str) -> None:
    head = "\ufeffid,job".encode(encoding)

    with pytest.raises(TableRefused, match="UTF-32"):
        text_encoding(head, OPTIONS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("US-ASCII", "utf-8"),
        (" Latin-1 ", "iso8859-1"),
        ("windows-1252", "cp1252"),
        ("ANSI", "cp1252"),
        ("macintosh", "mac-roman"),
        ("UTF-16", "utf-16-le"),
        ("utf_16_be", "utf-16-be"),
        ("sjis", "shift_jis"),
    ],
)
def should_know_encodings_by_the_names_that_people_use(name: str, expected: str) -> None:
    assert known_encoding(name) == expected


@pytest.mark.parametrize(
    "name", ["cp125x", "utf-7", "raw_unicode_escape", "base64", "rot13", "cp037", "é", "a\0b", ""]
)
def should_refuse_an_encoding_that_tables_are_not_read_in(name: str) -> None:
    with pytest.raises(TableRefused) as refused:
        known_encoding(name)

    assert refused.value.reason.isprintable()
    assert "UTF-8" in refused.value.next_step
    assert len(refused.value.reason + refused.value.next_step) < 300


def should_name_the_nearest_encodings() -> None:
    with pytest.raises(TableRefused) as refused:
        known_encoding("cp1525")

    assert "cp1252" in refused.value.next_step


@pytest.mark.parametrize("encoding", sorted(SINGLE_BYTE))
def should_lose_no_byte_in_any_encoding_of_single_bytes(encoding: str) -> None:
    every = bytes(range(256))

    text = decoder_of(encoding).decode(every, final=True)

    assert len(text) == 256
    assert encoded(text, encoding) == every
    assert codecs.lookup(encoding).name == encoding
    assert text[:128] == every[:128].decode("ascii")


def should_read_the_undefined_bytes_of_cp1252_as_browsers_do() -> None:
    assert decoder_of("cp1252").decode(b"\x80\x81\x93") == "€\x81“"


@pytest.mark.parametrize("encoding", sorted(SEVERAL_BYTES))
def should_find_ascii_where_characters_take_several_bytes(encoding: str) -> None:
    every = bytes(range(128))

    assert codecs.lookup(encoding).name == encoding
    assert decoder_of(encoding).decode(every, final=True) == every.decode("ascii")


def should_replace_half_an_emoji_and_read_on() -> None:
    broken = "a".encode("utf-16-le") + b"\x3d\xd8" + "b".encode("utf-16-le")

    assert decoder_of("utf-16-le").decode(broken, final=True) == "a\ufffdb"


def should_raise_for_what_is_no_utf_8() -> None:
    with pytest.raises(UnicodeDecodeError):
        decoder_of("utf-8").decode(b"caf\xe9 ")


def should_not_write_what_an_encoding_lacks() -> None:
    with pytest.raises(UnicodeEncodeError):
        encoded("職", "cp1252")


@given(content=st.binary(max_size=50), cuts=st.lists(st.integers(0, 50), max_size=4))
def should_give_back_the_same_bytes_wherever_they_are_cut(content: bytes, cuts: list[int]) -> None:
    decoder = decoder_of("cp1252")
    places = [0, *sorted(cuts), len(content)]

    text = "".join(
        decoder.decode(content[first:last]) for first, last in pairwise(places) if first <= last
    )

    assert encoded(text + decoder.decode(b"", final=True), "cp1252") == content


def should_show_three_values_around_what_is_assumed() -> None:
    values = ["nurse", "Bäcker", "Bäcker", "x" * 100 + "é" + "y" * 100, "Köchin", "Gärtner"]

    examples = affected_values(iter(values))

    assert examples[0] == "Bäcker"
    assert len(examples) == 3
    assert len(examples[1]) == 80
    assert "é" in examples[1]
    assert affected_values(iter(["nurse"])) == []
