"""An input taken apart: which texts each record has, and each of the texts once.

What many people write is sent once. Two records have the same texts where the service would be sent
the same: in printable ASCII, all that its guide promises to take, and short enough. One text that
is not would fail three hundred. A record of which nothing is left so is not sent.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from pipeline.errors import ServiceRefused
from protocol.real_time import MOST_CHARACTERS
from protocol.records import RECORD_ID
from shared.fitted_texts import printable_ascii, shortened
from shared.lines import batches, rest_after

MOST_TEXTS = 1_000_000  # of one operation: so many days of calls, and so much memory; ours
DIGEST_BYTES = 16  # two texts of a million share one with a chance of 1 in 10^26

_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


class InputTexts:
    """Takes validated lines of JSONL that come in blocks, cut anywhere."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = tuple(fields)
        self._places: dict[bytes, int] = {}
        self._rest = b""

    def of(self, block: bytes) -> tuple[bytes, bytes]:
        """The records that end in `block`, and those of their texts that are new.

        A line for each: of a record the number of its texts, from 0 (nothing where none are left
        to be sent), a comma and its recordId as JSON; of texts the record that is sent. Raises
        `ServiceRefused` where they are too many.
        """
        records, texts = list[bytes](), list[bytes]()
        for lines in batches(self._rest, block):
            self._add(lines, records, texts)
        self._rest = rest_after(self._rest, block)
        return b"".join(records), b"".join(texts)

    def finish(self) -> tuple[bytes, bytes]:
        """As `of`, of a last line without a newline, if there is one."""
        rest, self._rest = self._rest, b""
        records, texts = list[bytes](), list[bytes]()
        self._add([rest] if rest else [], records, texts)
        return b"".join(records), b"".join(texts)

    def _add(self, lines: list[bytes], records: list[bytes], texts: list[bytes]) -> None:
        for line in lines:
            record = _decode(line)
            own_id = _encode(record.get(RECORD_ID, ""))
            sent = texts_sent(record, self._fields)
            if sent is None:
                records.append(b",%b\n" % own_id)
                continue
            digest = blake2b(sent, digest_size=DIGEST_BYTES).digest()
            place = self._places.get(digest)
            if place is None:
                place = self._places[digest] = len(self._places)
                texts.append(sent + b"\n")
            records.append(b"%d,%b\n" % (place, own_id))
        if len(self._places) > MOST_TEXTS:
            raise ServiceRefused(
                f"there are more than {MOST_TEXTS:,} different texts, which would take days of the "
                "service's calls; drop the file in parts, or lower the setting maxFileBytes, so "
                "that each piece has fewer"
            )


def texts_sent(record: Mapping[str, str], fields: Sequence[str]) -> bytes | None:
    """The texts of a record as they are sent, as JSON; None where nothing is left of them."""
    texts = [printable_ascii(record.get(name, "")) for name in fields]
    if sum(map(len, texts)) > MOST_CHARACTERS:
        texts = list(shortened(texts, MOST_CHARACTERS))
    if not any(map(str.strip, texts)):
        return None
    return _encode(dict(zip(fields, texts, strict=True)))
