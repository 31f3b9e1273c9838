"""The calls of one operation: its texts in small batches, in steps that resume.

A call waits for its slot within the function, which costs less than to be sent away and come back
as long as the slots are a second apart. What was answered is kept every few calls, and whenever the
function ends: a call of the day is spent again only where the function died.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pipeline.engines.base import Keep, OperationFailed
from pipeline.engines.small_batches.answers import line_ends
from pipeline.engines.small_batches.files import TEXTS, OperationFiles
from pipeline.errors import OperatorNeeded, Rejected, ServiceRefused, StorageBusy, TryAgain
from pipeline.rate_limit.limiter import RateLimited
from pipeline.storage.results_bucket import FileChanged
from protocol.real_time import MOST_RECORDS, batch_request
from protocol.records import RECORD_ID
from shared.lines import NEWLINE, LineReader

KEPT_CALLS = 10  # so many calls are made again at the most; an object costs a tenth of one; ours

Call = Callable[[bytes, str | None], Any]
"""Makes a call with this body and turn, and gives the answer's body."""

_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, kw_only=True)
class BatchCoding:
    """Codes the texts from a checkpoint on."""

    files: OperationFiles
    call: Call
    keep: Keep
    has_time: Callable[[], bool]
    turn: str | None
    coded: int = field(default=0, init=False)
    """Texts whose answers are kept."""
    offset: int = field(default=0, init=False)
    """The bytes of those texts."""
    _answers: list[bytes] = field(default_factory=list, init=False, repr=False)
    _answered_bytes: int = field(default=0, init=False)

    def run(self, kept: Mapping[str, Any]) -> bool:
        """Whether all texts are coded; False where the function has no time left to go on.

        Raises `OperationFailed`, `RateLimited`, `ResultsMismatch`, `ResultsGone`, and of `errors`
        the leaves of `TryAgain` and `OperatorNeeded`.
        """
        self.coded, self.offset = kept.get("coded", 0), kept.get("offset", 0)
        for calls, lines in enumerate(self._batches()):
            if calls and not self.has_time():
                self._keep()
                return False
            try:
                self._answer(lines)
            except RateLimited as pending:
                self._keep()
                if calls:  # it was no refusal after refusal
                    raise RateLimited(pending.wait_seconds, pending.turn) from None
                raise
            except TryAgain:
                self._keep()
                if calls:  # the next invocation tries again, with all its retries
                    return False
                raise
            except OperatorNeeded:
                self._keep()
                raise
            except (ServiceRefused, Rejected) as refused:
                self._keep()
                raise OperationFailed(str(refused)) from None
            if (calls + 1) % KEPT_CALLS == 0:
                self._keep()
        self._keep()
        return True

    def _batches(self) -> Iterator[list[bytes]]:
        reader = LineReader(self.files.blocks(TEXTS, self.offset))
        try:
            while lines := reader.take(MOST_RECORDS)[0]:
                yield lines.removesuffix(NEWLINE).split(NEWLINE)
        except FileChanged:
            raise StorageBusy(
                f"{self.files.key(TEXTS)} changed while its texts were coded; starting over"
            ) from None

    def _answer(self, lines: list[bytes]) -> None:
        ids = [str(number) for number in range(len(lines))]
        records = [{RECORD_ID: i, **_decode(line)} for i, line in zip(ids, lines, strict=True)]
        turn, self.turn = self.turn, None
        body = self.call(_encode(batch_request(records)), turn)
        self._answers += line_ends(body, ids)
        self._answered_bytes += sum(map(len, lines)) + len(lines)

    def _keep(self) -> None:
        if not self._answers:
            return
        self.files.put_answers(self.coded, self._answers)
        self.coded += len(self._answers)
        self.offset += self._answered_bytes
        self._answers, self._answered_bytes = [], 0
        self.keep({"coded": self.coded, "offset": self.offset})
