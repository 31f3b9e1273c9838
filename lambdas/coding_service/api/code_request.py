"""The body of a call that codes at once: checked, or refused with a row of the error table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coding_service.errors import Refusal
from protocol.errors import ServiceAnswer
from protocol.real_time import (
    MOST_CHARACTERS,
    MOST_CODES,
    MOST_RECORDS,
    NUMBER_OF_SUGGESTIONS,
    RECORD,
    RECORDS,
)
from protocol.records import RECORD_ID
from shared.received_json import JsonFault, read_object

MOST_BYTES = 1 << 20  # of a body, which 300 records with ids of usual length never have; ours
MOST_ID_CHARACTERS = 200  # the answer repeats ids and texts, within Lambda's 6 MB; ours
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What a call asks for."""

    records: tuple[Any, ...]
    """As they were sent; `checked` looks at them."""
    is_batch: bool
    """Whether they came as a small batch, which one record may be too."""
    most_codes: int
    """How many codes are wanted for a record."""

    @classmethod
    def of(cls, body: str | None) -> "CodeRequest":
        """From a request's body. Raises `Refusal`."""
        try:
            if body is None or len(body.encode("utf-8", "replace")) > MOST_BYTES:
                raise Refusal(ServiceAnswer.INVALID_BODY)
            content = read_object(body)
        except JsonFault:
            raise Refusal(ServiceAnswer.INVALID_BODY) from None
        most = content.pop(NUMBER_OF_SUGGESTIONS, MOST_CODES)
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise Refusal(ServiceAnswer.INVALID_BODY)
        if content.keys() == {RECORD}:
            return cls((content[RECORD],), is_batch=False, most_codes=min(most, MOST_CODES))
        records = content.get(RECORDS) if content.keys() == {RECORDS} else None
        if not isinstance(records, list) or not 1 <= len(records) <= MOST_RECORDS:
            raise Refusal(ServiceAnswer.INVALID_BODY)
        return cls(tuple(records), is_batch=True, most_codes=min(most, MOST_CODES))

    def checked(self, input_format: Sequence[str]) -> list[dict[str, str]]:
        """The records, each of a model with these fields.

        Raises `Refusal` at the first that is none: nothing is coded then.
        """
        return [_checked(record, frozenset(input_format)) for record in self.records]


def _checked(record: Any, fields: frozenset[str]) -> dict[str, str]:
    if not isinstance(record, Mapping) or not all(isinstance(v, str) for v in record.values()):
        raise Refusal(ServiceAnswer.MALFORMED_RECORD)
    if len(record.get(RECORD_ID, "")) > MOST_ID_CHARACTERS:
        raise Refusal(ServiceAnswer.MALFORMED_RECORD)
    texts = {name: value for name, value in record.items() if name != RECORD_ID}
    # One field may be left out here; only a file's records need all of them.
    if not texts or not texts.keys() <= fields:
        raise Refusal(ServiceAnswer.MALFORMED_RECORD)
    if sum(map(len, texts.values())) > MOST_CHARACTERS:
        raise Refusal(ServiceAnswer.MALFORMED_RECORD)
    if any(_CONTROL.search(text) for text in texts.values()):
        raise Refusal(ServiceAnswer.INVALID_BODY)  # as "Recommended text input for coding" has it
    return dict(record)
