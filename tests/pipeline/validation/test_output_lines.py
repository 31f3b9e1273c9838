import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ResultsMismatch
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.output_lines import OutputScan
from protocol.records import MAX_LINE_BYTES

IDS = st.lists(st.text(max_size=5), min_size=1, max_size=20)


def _output(ids: list[str], end: bytes) -> bytes:
    lines = [
        json.dumps({"recordId": each, "result" if n % 3 else "suggestions": {}})
        for n, each in enumerate(ids)
    ]
    return "\n".join(lines).encode() + end


@given(ids=IDS, size=st.integers(1, 90), end=st.sampled_from([b"", b"\n"]))
def should_count_the_same_wherever_the_bytes_are_cut(ids: list[str], size: int, end: bytes) -> None:
    output, scan = _output(ids, end), OutputScan()

    for at in range(0, len(output), size):
        scan.add(output[at : at + size])
    scan.finish()

    assert (scan.offset, scan.crc32) == (len(output), zlib.crc32(output))
    assert (scan.records, scan.digest) == (len(ids), SequenceDigest().extended(ids))
    assert scan.suggested == (len(ids) + 2) // 3


@given(ids=IDS, cut=st.floats(0, 1))
def should_go_on_from_a_checkpoint_when_the_rest_of_its_line_is_read_again(
    ids: list[str], cut: float
) -> None:
    output = _output(ids, b"\n")
    at = int(len(output) * cut)
    first = OutputScan()
    first.add(output[:at])
    kept = json.loads(json.dumps(first.checkpoint()))

    scan = OutputScan.resumed(kept, output[kept["line_start"] : kept["offset"]])
    scan.add(output[at:])
    scan.finish()

    whole = OutputScan()
    whole.add(output)
    whole.finish()
    assert scan.checkpoint() == whole.checkpoint()


def should_refuse_a_line_that_is_too_long_to_hold() -> None:
    scan = OutputScan()
    scan.add(b'{"recordId": "a", "result": {}}\n')

    with pytest.raises(ResultsMismatch, match="line 2 of the results is"):
        scan.add(b"x" * (MAX_LINE_BYTES + 1))
