"""Lines in, coded lines out, without an object for a record on the way where it can be helped.

A block's lines are decoded straight into a type that has no room for anything unusual; where that
fails, `RecordForm` reads them one by one and says what is wrong with which line. A record's answer
is remembered, so that what many people write is coded once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from coding_service.coder.choose_code import CONFIDENCE_STEPS, CodeChoices
from coding_service.coder.code_tree import Code
from coding_service.coder.readings import Texts
from coding_service.coder.text.features import Floats, Integers
from protocol.quick_lines import TextRecords
from protocol.records import RECORD_ID, RecordFault, RecordForm

REMEMBERED_RECORDS = 65_536  # of up to 300 characters: some 50 MB, twice that beyond Latin letters

_encode = msgspec.json.Encoder().encode
_NEWLINE, _RETURN, _BRACE = b"\n\r}"


class RecordLineFault(ValueError):
    """A line of a block is not a record of the model."""

    def __init__(self, line: int, fault: RecordFault) -> None:
        self.line = line
        """Its 1-based number within the block."""
        self.fault = fault
        """Why, without the line's number."""
        super().__init__(f"line {line:,} {fault}")


@dataclass(frozen=True, slots=True)
class CodedLines:
    """The output of a block of lines."""

    output: bytes
    """A line for each line of the block."""
    records: int
    """How many records the block has."""
    coded: int
    """How many of them have a result."""
    nothing: int
    """How many have neither a result nor a suggestion: there is nothing to code."""


class LineCoder:
    """Codes blocks of lines with one model."""

    def __init__(
        self,
        codes: Sequence[Code],
        leaves: Sequence[Code],
        fields: Sequence[str],
        choose: Callable[[Sequence[str]], CodeChoices],
        *,
        batch_records: int,
    ) -> None:
        """It codes with `choose`, which finds the codes of `batch_records` records at once.

        `codes` are what `CodeChoices.node` counts, `leaves` what `CodeChoices.leaves` counts.
        `fields` are those of a record, in the order in which `choose` wants its texts.
        """
        self._results = [b',"result":' + _before_confidence(code) for code in codes]
        self._options = [_before_confidence(leaf) for leaf in leaves]
        self._fields = tuple(fields)
        self._choose = choose
        self._batch = batch_records
        self._answers: dict[Texts, bytes] = {}
        self._readers = {
            has_id: TextRecords(self._fields, has_record_id=has_id) for has_id in (False, True)
        }

    def code(self, block: bytes, form: RecordForm) -> CodedLines:
        """The lines of a block coded, in order. Raises `RecordLineFault`."""
        if not block:
            return CodedLines(b"", 0, 0, 0)
        if not block.endswith(b"\n"):
            block += b"\n"
        ids, texts = self._read(block, form)
        pieces = [b'{"recordId":'] * (3 * len(ids))
        pieces[1::3], pieces[2::3] = ids, self._answered(texts)
        output = b"".join(pieces)
        # Inside a text of JSON no quote stands without a backslash before it.
        uncoded, nothing = output.count(_BEFORE_SUGGESTIONS), output.count(_NOTHING)
        return CodedLines(output, len(ids), len(ids) - uncoded, nothing)

    def _read(self, block: bytes, form: RecordForm) -> tuple[list[bytes], list[Texts]]:
        """The recordIds as JSON, and the texts. Every line has its newline."""
        characters = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(characters == _NEWLINE)
        if form.has_record_id is None:
            try:
                form.parse(block[: ends[0]].removesuffix(b"\r"))
            except RecordFault as fault:
                raise RecordLineFault(1, fault) from None
        reader = self._readers[bool(form.has_record_id)]
        read = None
        if _end_in_braces(characters, ends):
            longest = int(np.diff(ends, prepend=-1).max()) - 1
            read = reader.read_block(block, lines=len(ends), longest=longest)
        if read is None:
            return self._read_with_care(block.split(b"\n")[:-1], form)
        ids, texts = read
        return _as_json(ids) if form.has_record_id else [b'""'] * len(ids), texts

    def _read_with_care(
        self, lines: list[bytes], form: RecordForm
    ) -> tuple[list[bytes], list[Texts]]:
        ids, texts = list[bytes](), list[Texts]()
        for number, line in enumerate(lines, start=1):
            try:
                record = form.parse(line.removesuffix(b"\r"))
            except RecordFault as fault:
                raise RecordLineFault(number, fault) from None
            ids.append(_encode(record.get(RECORD_ID, "")))
            texts.append(tuple(record[field] for field in self._fields))
        return ids, texts

    def _answered(self, texts: list[Texts]) -> list[bytes]:
        """What follows the recordId in each line of output."""
        remembered = self._answers
        answers = list(map(remembered.get, texts))
        missing = [text for text, answer in zip(texts, answers, strict=True) if answer is None]
        if missing:
            new, written = list(dict.fromkeys(missing)), list[bytes]()
            for first in range(0, len(new), self._batch):
                batch = new[first : first + self._batch]
                written += self._written(self._choose([text for each in batch for text in each]))
            if len(remembered) + len(new) > REMEMBERED_RECORDS:
                remembered.clear()
            remembered.update(islice(zip(new, written, strict=True), REMEMBERED_RECORDS))
            found = iter(written)
            if len(new) < len(missing):
                # Not of what is remembered, which may be some of these.
                found = map(dict(zip(new, written, strict=True)).__getitem__, missing)
            return [next(found) if answer is None else answer for answer in answers]
        return [answer for answer in answers if answer is not None]

    def _written(self, chosen: CodeChoices) -> list[bytes]:
        """Each choice as JSON, from behind the recordId on."""
        results, options = self._results, self._options
        sure = _steps(chosen.confidence)
        written = [
            results[node] + _RESULT_ENDS[confidence]
            for node, confidence in zip(chosen.node.tolist(), sure, strict=True)
        ]
        rows = np.flatnonzero(chosen.node < 0)
        chances = _steps(chosen.odds[rows])
        for row, leaves, odds in zip(
            rows.tolist(), chosen.leaves[rows].tolist(), chances, strict=True
        ):
            listed = b",".join(
                [
                    options[leaf] + _OPTION_ENDS[odd]
                    for leaf, odd in zip(leaves, odds, strict=True)
                    if leaf >= 0
                ]
            )
            written[row] = _BEFORE_SUGGESTIONS + listed + _BEHIND_SUGGESTIONS
        return written


def _end_in_braces(characters: npt.NDArray[np.uint8], ends: Integers) -> bool:
    """Whether every line of a block ends in a closing brace, or in one and a carriage return."""
    last = characters[ends - 1]
    returned = last == _RETURN
    last[returned] = characters[ends[returned] - 2]
    return bool((last == _BRACE).all())


def _steps(confidences: Floats) -> Any:
    """Confidences as whole numbers of `CONFIDENCE_STEPS`, rounded as Python would: in 32 bits the
    product of one just below a half is the half."""
    return np.rint(confidences.astype(np.float64) * CONFIDENCE_STEPS).astype(np.int64).tolist()


def _as_json(texts: list[str]) -> list[bytes]:
    """Each text as a JSON string, encoded together where they can be told apart again."""
    together = _encode(texts)
    if b"\\" in together:  # a quote inside a text would look like its end
        return list(map(_encode, texts))
    return [b'"' + text + b'"' for text in together[2:-2].split(b'","')]


def _before_confidence(code: Code) -> bytes:
    shown = _encode({"codeCategory": code.code, "codeLabel": code.label})
    return shown[:-1] + b',"codeConfidence":'


_NUMBERS = [_encode(step / CONFIDENCE_STEPS) for step in range(CONFIDENCE_STEPS + 1)]
_RESULT_ENDS = [number + b"}}\n" for number in _NUMBERS]
_OPTION_ENDS = [number + b"}" for number in _NUMBERS]
_BEFORE_SUGGESTIONS, _BEHIND_SUGGESTIONS = b',"suggestions":[', b"]}\n"
_NOTHING = _BEFORE_SUGGESTIONS + _BEHIND_SUGGESTIONS
