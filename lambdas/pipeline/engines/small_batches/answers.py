"""What the service said of a small batch, as the ends of lines of output.

A line of output is `{"recordId":`, the record's id and one of these: what the service says of the
texts, in the form in which it would stand in the output of an operation.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.errors import ResultsMismatch
from protocol.real_time import CodeStatus
from protocol.records import record_id_of

CODE_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "codeCategory": str,
    "codeLabel": str,
    "codeConfidence": (int, float),
}

NOTHING_TO_CODE = b',"suggestions":[]}\n'
"""Of a record without any text, which is not sent: as `protocol.records.has_nothing` reads it."""

_encode = msgspec.json.Encoder().encode


def line_ends(body: Any, ids: list[str]) -> list[bytes]:
    """The answers to the records with these ids, in their order.

    Raises `ResultsMismatch` where one is missing, of another record, or not as documented.
    """
    # The guide does not show what stands around the answers: a list, or an object with one.
    if isinstance(body, dict):
        lists = [each for each in body.values() if isinstance(each, list)]
        body = lists[0] if len(lists) == 1 else None
    if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
        raise _mismatch("no list of answers")
    if len(body) != len(ids):
        raise _mismatch(f"{len(body)} answers to {len(ids)} records")
    found = [record_id_of(each) for each in body]
    if found != ids:
        raise _mismatch("answers that are other records' than those asked for")
    return [_line_end(_stripped(each)) for each in body]


def _line_end(answer: Mapping[str, Any]) -> bytes:
    result = answer.get("result")
    if isinstance(result, list):  # as the answer to a single record has it
        result = result[0] if result else None
    if result is not None:
        return b',"result":' + _encode(_code(result)) + b"}\n"
    suggestions = answer.get("suggestions")
    if suggestions is None and answer.get("codeStatus") == CodeStatus.UNSUCCESSFUL:
        suggestions = []  # nothing to code, as `protocol.records.has_nothing` reads a file's line
    if not isinstance(suggestions, list):
        raise _mismatch("an answer with neither result nor suggestions")
    return b',"suggestions":' + _encode([_code(each) for each in suggestions]) + b"}\n"


def _code(said: Any) -> dict[str, Any]:
    code = _stripped(said) if isinstance(said, dict) else {}
    for name, kind in CODE_FIELDS.items():
        value = code.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _mismatch(f"a code without a proper {name}")
    return {name: code[name] for name in CODE_FIELDS}


def _stripped(said: Mapping[str, Any]) -> dict[str, Any]:
    """Without the space that some of the documented samples have before a name."""
    return {name.strip(): value for name, value in said.items()}


def _mismatch(what: str) -> ResultsMismatch:
    return ResultsMismatch(
        f"the coding service gave {what}, so a small batch's results can't be trusted; drop the "
        "file again, and tell the service's operator"
    )
