"""In which encoding a text file is read, so that no byte of it is lost.

A byte order mark decides; else what somebody said; else UTF-8, which the reader holds to strictly
and leaves for the fallback at the first byte that is none. Nothing is guessed from a prefix.
"""

import codecs
from collections.abc import Iterator
from difflib import get_close_matches

from tables.errors import TableRefused
from tables.plan import TableOptions

UTF8 = "utf-8"
UTF16 = frozenset({"utf-16-le", "utf-16-be"})
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

KEEP_BYTES = "keep-bytes"
"""Error handler, both ways: a byte that the encoding leaves undefined is the character of the same
number, U+0080 to U+00FF, as browsers read Windows-1252. Registered by this module."""

SINGLE_BYTE = frozenset(
    [f"cp{number}" for number in (437, 850, 852, 858, 866, *range(1250, 1259))]
    + [f"iso8859-{number}" for number in (*range(1, 8), 9, 10, 11, 13, 14, 15, 16)]
    + ["koi8-r", "koi8-u", "mac-roman"]
)
SEVERAL_BYTES = frozenset(
    {"gb18030", "gbk", "big5", "cp932", "shift_jis", "cp949", "euc_jp", "euc_kr"}
)
"""Python's names, as those of `SINGLE_BYTE`; that lacks ISO 8859-8, where `KEEP_BYTES` would give
two bytes the same character. Outside of longer characters ASCII's bytes are ASCII's characters in
all of them, and inside of one there is never a newline's, a quote's or a comma's."""
OTHER_NAMES = {
    "ansi": "cp1252",
    "ascii": UTF8,
    "utf-8-sig": UTF8,
    "utf-16": "utf-16-le",
    "unicode": "utf-16-le",  # as Windows' programs call it
}


def text_encoding(head: bytes, options: TableOptions) -> tuple[str, int]:
    """The encoding of a text that begins with `head`, by Python's name, and the bytes of its mark.

    Raises `TableRefused` for UTF-32, and for an encoding that `options` names and nobody knows.
    """
    if head.startswith(UTF32_MARKS):
        raise TableRefused("The file is text in UTF-32.", "Save it as UTF-8 and drop it again.")
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    return (known_encoding(options.encoding) if options.encoding else UTF8), 0


def known_encoding(name: str) -> str:
    """Python's name of the encoding that somebody calls `name`, whatever its case and hyphens.

    Raises `TableRefused`, with the nearest names, for one that tables are not read in.
    """
    asked = name.strip().lower()
    asked = OTHER_NAMES.get(asked, asked)
    try:
        found = codecs.lookup(asked).name if asked.isascii() and "\0" not in asked else ""
    except LookupError:
        found = ""
    found = OTHER_NAMES.get(found, found)
    if found == UTF8 or found in UTF16 | SINGLE_BYTE | SEVERAL_BYTES:
        return found
    known = [UTF8, *UTF16, *SINGLE_BYTE, *SEVERAL_BYTES]
    near = dict.fromkeys([*get_close_matches(asked[:40], known, n=2), "cp1252", UTF8])
    shown = "".join(each if each.isprintable() else "?" for each in name[:40])
    raise TableRefused(
        f"No table can be read in the encoding “{shown}”.",
        f"Write one of the names that are known, such as {', '.join(near)}; or save the file as "
        "UTF-8, which needs none.",
    )


def errors_of(encoding: str) -> str:
    """How the bytes are decoded that are no text in `encoding`, by the name of Python's handler.

    UTF-8 is strict. Of a single byte nothing is lost (`KEEP_BYTES`). Where one character takes
    several bytes, broken ones become U+FFFD, as in browsers: half an emoji in UTF-16, say.
    """
    if encoding == UTF8:
        return "strict"
    return KEEP_BYTES if encoding in SINGLE_BYTE else "replace"


def decoder_of(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder of a text's bytes as they come; raises `UnicodeDecodeError` for UTF-8 alone."""
    return codecs.getincrementaldecoder(encoding)(errors_of(encoding))


def encoded(text: str, encoding: str) -> bytes:
    """The bytes that `decoder_of` made `text` of, in a single-byte encoding as in UTF-8."""
    return text.encode(encoding, errors_of(encoding))


def _keep_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return error.object[error.start : error.end].decode("latin-1"), error.end
    if isinstance(error, UnicodeEncodeError):
        try:
            return error.object[error.start : error.end].encode("latin-1"), error.end
        except UnicodeEncodeError:
            raise error from None
    raise error


codecs.register_error(KEEP_BYTES, _keep_bytes)


def affected_values(values: Iterator[str], *, most: int = 3, characters: int = 80) -> list[str]:
    """Up to `most` different ones of `values` that the assumed encoding decides about.

    Those are the ones with other characters than ASCII's; each is cut at `characters`, around the
    first of them.
    """
    found: list[str] = []
    for value in values:
        if value.isascii():
            continue
        first = next(place for place, each in enumerate(value) if not each.isascii())
        start = max(0, min(first - characters // 2, len(value) - characters))
        example = value[start : start + characters]
        if example not in found:
            found.append(example)
        if len(found) == most:
            break
    return found
