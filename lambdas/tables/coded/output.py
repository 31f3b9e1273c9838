"""Reads the lines of a service's output, in order, beside the rows that were sent for them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from protocol.records import RecordFault, decode_output_line, record_id_of
from tables.coded.code_columns import status_of
from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.coded.output_lines import OutputLines
from tables.decisions import Decided, RowStatus
from tables.errors import RowsDisagree
from tables.mapping.names import shown
from tables.rows import RowBatch
from tables.source import ByteSource

_SENT = frozenset({RowStatus.SENT, RowStatus.SHORTENED})
_UNSENT = {
    RowStatus.BLANK: CodedStatus.BLANK,
    RowStatus.REFUSED: CodedStatus.REFUSED,
    RowStatus.KNOWN: CodedStatus.DICTIONARY,
}


class _Answer(msgspec.Struct, frozen=True, gc=False):
    code: str = msgspec.field(name="codeCategory")
    label: str = msgspec.field(name="codeLabel", default="")
    confidence: float | None = msgspec.field(name="codeConfidence", default=None)


class _Line(msgspec.Struct, frozen=True, gc=False):
    record_id: str = msgspec.field(name="recordId", default="")
    result: _Answer | None = None
    suggestions: tuple[_Answer, ...] = ()


class CodedOutput:
    """The output from a place in it on."""

    def __init__(self, output: ByteSource, offset: int = 0, *, code_digits: int) -> None:
        """`code_digits` are the letters and digits of a code of the deepest level."""
        self._lines = OutputLines(output, offset)
        self._code_digits = code_digits

    @property
    def offset(self) -> int:
        """Of the first line that has not been taken."""
        return self._lines.offset

    def coded(self, rows: RowBatch, decided: Decided) -> CodedRows:
        """What came out for these rows, with a line for each that was sent.

        Raises `RowsDisagree` where a line is missing or another row's, and what the output's
        `ByteSource` raises.
        """
        sent = [place for place, status in enumerate(decided.statuses) if status in _SENT]
        taken = self._lines.take(len(sent))
        if len(taken) < len(sent):
            number = rows.numbers[sent[len(taken)]]
            raise RowsDisagree(f"nothing came out for row {number:,} and what follows it")
        record_ids = [decided.record_ids[place] for place in sent]
        numbers = [rows.numbers[place] for place in sent]
        lines = _quickly_decoded(taken, record_ids, numbers)
        if lines is None:
            lines = list(map(_line_of, taken, record_ids, numbers))
        return self._rows(rows, decided, lines)

    def finish(self) -> None:
        """Raises `RowsDisagree` where a line is left over."""
        if self._lines.take(1):
            raise RowsDisagree("more lines came out than rows went in")

    def close(self) -> None:
        """Reads no further."""
        self._lines.close()

    def _rows(self, rows: RowBatch, decided: Decided, lines: list[_Line]) -> CodedRows:
        codes = [None if line.result is None else line.result.code for line in lines]
        levels = [None if code is None else level_of(code) for code in codes]
        digits = self._code_digits
        coded = CodedRows(
            rows.numbers,
            *_spread(
                decided.statuses,
                [
                    status_of(level, len(line.suggestions), code_digits=digits)
                    for level, line in zip(levels, lines, strict=True)
                ],
                [None if line.result is None else _code_answer(line.result) for line in lines],
                levels,
                [tuple(map(_code_answer, line.suggestions)) for line in lines],
            ),
            texts=decided.texts,
            reasons=decided.reasons,
        )
        for place, entry in decided.known.items():
            if entry.code is not None:
                coded.results[place] = CodeAnswer(entry.code, entry.label, None)
                coded.levels[place] = level_of(entry.code)
        return coded


@lru_cache(maxsize=10_000)
def level_of(code: str) -> int:
    """The letters and digits of a code, such as 6 of `241213` and of `24.12-13`."""
    return sum(map(str.isalnum, code))


def _spread(
    statuses: list[RowStatus],
    coded: list[CodedStatus],
    results: list[CodeAnswer | None],
    levels: list[int | None],
    suggestions: list[tuple[CodeAnswer, ...]],
) -> tuple[
    list[CodedStatus],
    list[CodeAnswer | None],
    list[int | None],
    list[tuple[CodeAnswer, ...]],
]:
    """What came out, given for the rows that were sent, with its gaps for those that were not."""
    if len(coded) < len(statuses):
        places = iter(range(len(coded)))
        at = [next(places) if status in _SENT else None for status in statuses]
        coded = [
            _UNSENT[status] if place is None else coded[place]
            for place, status in zip(at, statuses, strict=True)
        ]
        results = [None if place is None else results[place] for place in at]
        levels = [None if place is None else levels[place] for place in at]
        suggestions = [() if place is None else suggestions[place] for place in at]
    if RowStatus.SHORTENED in statuses:
        coded = [
            CodedStatus.SHORTENED if status is RowStatus.SHORTENED else known
            for status, known in zip(statuses, coded, strict=True)
        ]
    return coded, results, levels, suggestions


def _code_answer(answer: _Answer) -> CodeAnswer:
    return CodeAnswer(answer.code, answer.label, answer.confidence)


def _quickly_decoded(
    lines: Sequence[bytes], record_ids: Sequence[str], numbers: Sequence[int]
) -> list[_Line] | None:
    """The lines where all are written as documented, and are of these records; else None."""
    try:
        found = list(map(_decode, lines))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if [line.record_id for line in found] != record_ids:
        return None
    # One that seems to say nothing may have slips in its keys.
    return [
        line if line.result or line.suggestions else _line_of(*each)
        for line, *each in zip(found, lines, record_ids, numbers, strict=True)
    ]


def _line_of(line: bytes, record_id: str, number: int) -> _Line:
    """One line, of row `number`. Raises `RowsDisagree` where it is of another record."""
    found = _line_with_slips(line, number)
    if found.record_id != record_id:
        raise RowsDisagree(
            f"for row {number:,} with the recordId “{shown(record_id)}” came out "
            f"“{shown(found.record_id)}”"
        )
    return found


def _line_with_slips(line: bytes, number: int) -> _Line:
    """What a line says with the slips that the documented samples have; of row `number`."""
    try:
        said = {name.strip(): value for name, value in decode_output_line(line).items()}
        result = said.get("result")
        return _Line(
            record_id_of(said),
            None if result in (None, b"null") else _answer_of_object(_decode_any(result)),
            tuple(map(_answer_of_object, _decode_any(said.get("suggestions", b"[]")) or ())),
        )
    except (
        *(RecordFault, msgspec.DecodeError, RecursionError),
        *(TypeError, AttributeError, OverflowError),
    ):
        raise RowsDisagree(
            f"what came out for row {number:,} is no line of coded records"
        ) from None


def _answer_of_object(said: Any) -> _Answer:
    """Raises `AttributeError` for no object, `TypeError` for one without a code."""
    named = {name.strip(): value for name, value in said.items()}
    code, label = named.get("codeCategory"), named.get("codeLabel")
    confidence = named.get("codeConfidence")
    if isinstance(code, bool) or not isinstance(code, str | int):
        raise TypeError("no code")
    known = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    return _Answer(
        str(code),
        label if isinstance(label, str) else "",
        float(confidence) if known and confidence is not None else None,
    )


_decode = msgspec.json.Decoder(_Line).decode
_decode_any = msgspec.json.Decoder().decode
