from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
import urllib3

from pipeline.engines.base import (
    FetchedRange,
    ResultFile,
    ResultsChanged,
    ResultsMissing,
    StorageOutcome,
)
from pipeline.engines.coding_service.presigned import Downloader, PresignedHosts
from pipeline.engines.coding_service.results import ServiceResults
from pipeline.errors import AddressRefused, ResultsGone, StorageBusy, StorageRefused
from protocol.messages import OperationState
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import SimulatedIo
from tests.support.pipeline.memory_service import URL_CANARY

CONTENT = bytes(range(100))
ETAG = '"abc"'
URL = f"https://good.example/output?X-Amz-Signature={URL_CANARY}"


def _answer(
    status: int, body: bytes = b"", *, content_range: str | None = None, etag: str = ETAG
) -> urllib3.HTTPResponse:
    headers = {"ETag": etag} | ({"Content-Range": content_range} if content_range else {})
    return urllib3.HTTPResponse(
        body=BytesIO(body), status=status, headers=headers, preload_content=False
    )


class ScriptedPool(urllib3.PoolManager):
    """Gives answers in turn, and keeps what was asked for."""

    def __init__(self, *answers: urllib3.HTTPResponse | Exception) -> None:
        super().__init__()
        self._answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def request(self, *args: Any, **asked: Any) -> urllib3.BaseHTTPResponse:
        self.asked.append(asked["headers"])
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _get(pool: ScriptedPool, first: int, last: int, etag: str | None = None) -> FetchedRange:
    hosts = PresignedHosts(("good.example",))
    return Downloader(pool, hosts, SimulatedIo().clock).get(URL, first, last, etag)


def _partial(first: int, last: int, total: int = 100) -> urllib3.HTTPResponse:
    place = f"bytes {first}-{last}/{total}"
    return _answer(206, CONTENT[first : last + 1], content_range=place)


def should_give_the_range_with_etag_and_whole_length() -> None:
    pool = ScriptedPool(_partial(10, 19))

    piece = _get(pool, 10, 19)

    assert (piece.content, piece.etag, piece.total) == (CONTENT[10:20], ETAG, 100)
    assert pool.asked == [{"Range": "bytes=10-19"}]


def should_pin_the_range_when_an_etag_is_known() -> None:
    pool = ScriptedPool(_partial(0, 9))

    _get(pool, 0, 9, ETAG)

    assert pool.asked == [{"Range": "bytes=0-9", "If-Match": ETAG}]


def should_take_less_at_the_end_of_the_object() -> None:
    assert _get(ScriptedPool(_partial(90, 99)), 90, 150).content == CONTENT[90:]


def should_take_a_whole_small_object_from_a_storage_without_ranges() -> None:
    piece = _get(ScriptedPool(_answer(200, CONTENT)), 0, 150)

    assert (piece.content, piece.total) == (CONTENT, 100)


def should_take_an_empty_object() -> None:
    assert _get(ScriptedPool(_answer(416)), 0, 150).total == 0


@pytest.mark.parametrize(
    "answer",
    [
        _answer(206, CONTENT[:10]),
        _answer(206, CONTENT[:10], content_range="bytes 0-9/*"),
        _partial(11, 20),
        _partial(10, 18),
    ],
)
def should_refuse_an_answer_that_is_another_range(answer: urllib3.HTTPResponse) -> None:
    assert _get(ScriptedPool(answer), 10, 19).answer.outcome is StorageOutcome.REFUSED


def should_refuse_an_encoding_that_was_not_asked_for() -> None:
    answer = _partial(0, 9)
    answer.headers["Content-Encoding"] = "gzip"
    assert _get(ScriptedPool(answer), 0, 9).answer.outcome is StorageOutcome.REFUSED


def should_notice_another_object_when_the_storage_does_not_look_at_the_pin() -> None:
    assert _get(ScriptedPool(_partial(0, 9)), 0, 9, '"old"').answer.outcome is (
        StorageOutcome.CHANGED
    )


def should_repeat_a_range_that_came_short() -> None:
    short = _answer(206, CONTENT[10:15], content_range="bytes 10-19/100")

    assert _get(ScriptedPool(short, _partial(10, 19)), 10, 19).content == CONTENT[10:20]


def should_repeat_a_range_when_the_connection_was_lost() -> None:
    lost = urllib3.exceptions.ProtocolError("reset")

    assert _get(ScriptedPool(lost, lost, _partial(0, 9)), 0, 9).content == CONTENT[:10]


def should_stop_repeating_after_a_few_tries() -> None:
    pool = ScriptedPool(*[_answer(503)] * 4)

    assert _get(pool, 0, 9).answer.outcome is StorageOutcome.BUSY
    assert len(pool.asked) == 4


def should_refuse_another_host_before_asking() -> None:
    pool = ScriptedPool()
    with pytest.raises(AddressRefused) as refused:
        Downloader(pool, PresignedHosts(("other.example",)), SimulatedIo().clock).get(
            URL, 0, 9, None
        )
    assert pool.asked == []
    assert URL_CANARY not in str(refused.value)


class CompleteOperation:
    """Gives a URL with a new number at every call."""

    def __init__(self, **state: Any) -> None:
        self._state, self.calls = state, 0

    def __call__(self) -> OperationState:
        self.calls += 1
        urls = {"response_download_url": URL, "metadata_download_url": f"{URL}&n={self.calls}"}
        return OperationState(OperationStatus.COMPLETE, **(urls | self._state))


def _results(pool: ScriptedPool, state: CompleteOperation) -> ServiceResults:
    downloader = Downloader(pool, PresignedHosts(("good.example",)), SimulatedIo().clock)
    return ServiceResults(operation_id="op-1", state=state, downloader=downloader)


def _expired() -> urllib3.HTTPResponse:
    return _answer(403, b"<Code>AccessDenied</Code><Message>Request has expired</Message>")


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as ready:
        yield ready


def should_ask_the_service_once_for_many_ranges(executor: ThreadPoolExecutor) -> None:
    operation = CompleteOperation()
    results = _results(ScriptedPool(_partial(0, 9), _partial(10, 19)), operation)

    results.get(ResultFile.METADATA, 0, 9, None)
    results.get_ahead(executor, ResultFile.METADATA, 10, 19, ETAG)()

    assert operation.calls == 1


def should_ask_the_service_again_when_urls_have_expired(executor: ThreadPoolExecutor) -> None:
    operation = CompleteOperation()
    results = _results(ScriptedPool(_expired(), _partial(0, 9)), operation)

    piece = results.get_ahead(executor, ResultFile.METADATA, 0, 9, None)()

    assert piece.content == CONTENT[:10]
    assert operation.calls == 2


def should_not_ask_for_ever_when_fresh_urls_are_called_expired() -> None:
    operation = CompleteOperation()

    with pytest.raises(StorageBusy):
        _results(ScriptedPool(*[_expired() for _ in range(9)]), operation).get(
            ResultFile.METADATA, 0, 9, None
        )
    assert operation.calls == 3


def should_say_that_results_are_gone_when_no_url_comes() -> None:
    operation = CompleteOperation(response_download_url=None, error="the files were deleted")

    with pytest.raises(ResultsGone, match="the files were deleted"):
        _results(ScriptedPool(), operation).get(ResultFile.OUTPUT, 0, 9, None)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, ResultsMissing),
        (412, ResultsChanged),
        (403, StorageRefused),
        (502, StorageBusy),
        (501, StorageRefused),
    ],
)
def should_say_what_a_refusal_means(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        _results(ScriptedPool(*[_answer(status) for _ in range(4)]), CompleteOperation()).get(
            ResultFile.OUTPUT, 0, 9, ETAG
        )


def _whole(body: bytes = CONTENT, etag: str = ETAG, *, says_length: bool = True) -> Any:
    answer = _answer(200, body, etag=etag)
    if says_length:
        headers = {"ETag": etag, "Content-Length": str(len(CONTENT))}
        answer = urllib3.HTTPResponse(
            body=BytesIO(body), status=200, headers=headers, preload_content=False
        )
    return answer


def _in_tens(results: ServiceResults, *starts: int) -> bytes:
    found = [results.get(ResultFile.OUTPUT, at, at + 9, ETAG) for at in starts]
    assert {each.total for each in found} == {100}
    return b"".join(each.content for each in found)


def should_read_on_in_one_stream_when_the_storage_gives_no_ranges(
    executor: ThreadPoolExecutor,
) -> None:
    pool = ScriptedPool(_whole(), _whole())
    results = _results(pool, CompleteOperation())

    assert _in_tens(results, 0, 10) == CONTENT[:20]
    ahead = results.get_ahead(executor, ResultFile.OUTPUT, 20, 29, ETAG)
    assert ahead().content == CONTENT[20:30]
    assert _in_tens(results, 30, 90) == CONTENT[30:40] + CONTENT[90:]
    assert [sorted(each) for each in pool.asked] == [["If-Match", "Range"], ["If-Match"]]
    results.close()


def should_pass_over_what_was_read_when_a_stream_goes_on_elsewhere(
    executor: ThreadPoolExecutor,
) -> None:
    """As where a function goes on with another's copy, its ranges read ahead."""
    results = _results(ScriptedPool(_whole(), _whole(), _whole()), CompleteOperation())

    ahead = [results.get_ahead(executor, ResultFile.OUTPUT, at, at + 9, ETAG) for at in (50, 60)]
    assert b"".join(each().content for each in ahead) == CONTENT[50:70]


def should_begin_a_stream_anew_where_it_breaks_off() -> None:
    results = _results(ScriptedPool(_whole(), _whole(CONTENT[:15]), _whole()), CompleteOperation())

    assert _in_tens(results, 0, 10, 20) == CONTENT[:30]


def should_count_the_bytes_when_the_storage_gives_no_ranges_and_no_length() -> None:
    answers = [_whole(says_length=False) for _ in range(3)]
    pool = ScriptedPool(*answers)

    assert _in_tens(_results(pool, CompleteOperation()), 0, 10, 20) == CONTENT[:30]
    assert len(pool.asked) == 3


def should_notice_another_object_in_place_of_the_one_that_is_streamed() -> None:
    pool = ScriptedPool(_whole(), _whole(CONTENT[:15]), _whole(etag='"new"'))
    results = _results(pool, CompleteOperation())

    with pytest.raises(ResultsChanged):
        _in_tens(results, 0, 10)


def should_refresh_the_url_when_it_expires_in_the_middle_of_a_stream() -> None:
    operation = CompleteOperation()
    pool = ScriptedPool(_whole(), _whole(CONTENT[:15]), _expired(), _whole())

    assert _in_tens(_results(pool, operation), 0, 10) == CONTENT[:20]
    assert operation.calls == 2
