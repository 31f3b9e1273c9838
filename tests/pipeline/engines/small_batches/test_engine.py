"""Texts coded in small batches: what is sent, when, and what comes of a service that fails."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.progress import PartStatus
from pipeline.engines.coding_service.http import HttpAnswer
from pipeline.engines.small_batches import coding, distinct_texts
from pipeline.errors import (
    OperatorNeeded,
    ResultsMismatch,
    ServiceBusy,
    ServiceThrottled,
    StorageBusy,
)
from pipeline.rate_limit.limiter import MOST_THROTTLES
from protocol.errors import ServiceAnswer
from protocol.real_time import MOST_CHARACTERS, MOST_RECORDS
from tests.support.pipeline.builders import lines
from tests.support.pipeline.engines_under_test import (
    Bench,
    SmallBatchesUnderTest,
    bench_of,
    small_batches,
)
from tests.support.pipeline.memory_service import MemoryService, coded


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_of(small_batches, tmp_path) as ready:
        yield ready


def memory_of(bench: Bench) -> MemoryService:
    assert isinstance(bench.under_test, SmallBatchesUnderTest)
    return bench.under_test.memory


def file_of(texts: list[str]) -> bytes:
    records = (
        {"recordId": f"id {n}", "occp_text": text, "tasks_text": ""} for n, text in enumerate(texts)
    )
    return b"".join(json.dumps(each).encode() + b"\n" for each in records)


def numbered(count: int) -> list[str]:
    return [f"job number {n}" for n in range(count)]


def begun(bench: Bench, content: bytes) -> Callable[[], Any]:
    """A collection that goes on with each call, waiting as long as it says."""
    drop = bench.drop(content)
    part = bench.part(drop)
    progress = bench.check(part, bench.submit(part))

    def go_on() -> Any:
        nonlocal progress
        bench.io.time += progress.wait_seconds
        progress = bench.collect(part, progress)
        if progress.status is PartStatus.COLLECTED:
            return bench.output(drop)
        return progress

    return go_on


def codings(bench: Bench) -> int:
    return sum(path.endswith("/code") for _, path in memory_of(bench).calls)


def should_send_each_text_once_three_hundred_at_a_time_in_slots_of_their_own(bench: Bench) -> None:
    texts = numbered(2 * MOST_RECORDS + 1)
    content = file_of(texts + texts[:50] + texts)
    before = bench.io.time
    assert begun(bench, content)().splitlines() == _as_written(content)
    sent = memory_of(bench).batches
    assert [len(batch) for batch in sent] == [MOST_RECORDS, MOST_RECORDS, 1]
    assert [each["occp_text"] for batch in sent for each in batch] == texts
    assert bench.io.time - before >= len(sent) - 1  # a second between calls


def _as_written(content: bytes) -> list[bytes]:
    """The documented output in the compact form in which CodingService writes it."""
    found = map(json.loads, coded(content).splitlines())
    return [json.dumps(e, separators=(",", ":"), ensure_ascii=False).encode() for e in found]


def should_send_what_the_guide_lets_a_service_take(bench: Bench) -> None:
    texts = [
        "médecin “senior” – 医者",
        "x" * 80 + " " + "y" * 60,
        "tab\tand\nline",
        "",
        "\u2026" * 99,
    ]
    content = file_of(texts)
    assert begun(bench, content)().splitlines() == _as_written(content)
    (batch,) = memory_of(bench).batches
    assert len(batch) == len(texts) - 1
    sent = [each["occp_text"] for each in batch]
    assert sent[:3] == ['medecin "senior" -', "x" * 80, "tab and line"]
    assert max(map(len, sent)) <= MOST_CHARACTERS


@pytest.mark.parametrize("others", [[], ["chef"]])
def should_send_no_record_of_which_nothing_is_left(bench: Bench, others: list[str]) -> None:
    nothing = ["", "  ", "医者", "\u0085\u0001", "," * 200]
    made = begun(bench, file_of([*nothing, *others]))().splitlines()
    sent = [each["occp_text"] for batch in memory_of(bench).batches for each in batch]
    assert sent == others
    assert codings(bench) == len(others)
    answers = [json.loads(line) for line in made]
    assert [each["recordId"] for each in answers] == [f"id {n}" for n in range(len(made))]
    assert [each.get("suggestions") for each in answers[: len(nothing)]] == [[]] * len(nothing)
    assert all("result" in each for each in answers[len(nothing) :])


def should_say_what_changed_and_code_all_texts_again_when_they_were_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engines.exchange_bucket.RANGE_BYTES", 8_000)
    go_on = begun(bench, file_of(numbered(3 * MOST_RECORDS)))
    service, under_test = memory_of(bench), bench.under_test
    assert isinstance(under_test, SmallBatchesUnderTest)
    exchange, (key,) = under_test.engine.exchange, under_test.inputs

    def then_sent_again(given: Any) -> Any:
        other = exchange.objects.get(key) or b""
        exchange.files.put(key, other.replace(b"job number", b"other job number"))
        return given

    service.alter = then_sent_again
    with pytest.raises(StorageBusy, match=r"texts\.jsonl changed while its texts were coded"):
        go_on()
    service.alter = lambda given: given
    sent = len(service.batches)
    go_on()
    again = [each["occp_text"] for batch in service.batches[sent:] for each in batch]
    assert len(again) == 3 * MOST_RECORDS
    assert all(each.startswith("other") for each in again)


def should_wait_for_the_days_quota_and_ask_nothing_twice(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3 * MOST_RECORDS)))
    service = memory_of(bench)
    answers: list[int] = []

    def once(given: list[dict[str, Any]]) -> Any:
        answers.append(len(given))
        service.codes_at_once = len(answers) < 2
        return given

    service.alter = once
    waiting = go_on()
    assert waiting.status is PartStatus.AWAITING_SLOT
    assert waiting.wait_seconds > 3_600
    service.codes_at_once = True
    service.alter = lambda given: given
    output = go_on()
    assert output.splitlines() == _as_written(file_of(numbered(3 * MOST_RECORDS)))
    assert len(service.batches) == 3


def should_go_on_where_the_time_ran_out(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3 * MOST_RECORDS)))
    bench.seconds = [900.0, 0.0]
    assert go_on().status is PartStatus.COLLECTING
    assert len(memory_of(bench).batches) == 1
    assert len(go_on().splitlines()) == 3 * MOST_RECORDS
    assert len(memory_of(bench).batches) == 3


def should_try_again_with_all_its_retries_where_some_calls_went_well(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3 * MOST_RECORDS)))
    service = memory_of(bench)
    service.alter = _and_then(service, ServiceAnswer.INTERNAL)
    assert go_on().status is PartStatus.COLLECTING
    service.alter = lambda given: given
    service.refuse_next("/code", ServiceAnswer.INTERNAL)
    with pytest.raises(ServiceBusy):
        go_on()
    assert len(go_on().splitlines()) == 3 * MOST_RECORDS
    assert len(service.batches) == 3


def should_keep_what_was_answered_when_an_operator_is_needed(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3 * MOST_RECORDS)))
    service = memory_of(bench)
    service.alter = _and_then(service, ServiceAnswer.DENIED)
    with pytest.raises(OperatorNeeded):
        go_on()
    service.alter = lambda given: given
    assert len(go_on().splitlines()) == 3 * MOST_RECORDS
    assert len(service.batches) == 3


def _and_then(service: MemoryService, refusal: ServiceAnswer) -> Callable[[Any], Any]:
    """Gives a batch's answer as it is, and refuses the next call."""

    def given_as_it_is(given: Any) -> Any:
        service.refuse_next("/code", refusal)
        return given

    return given_as_it_is


def should_slow_down_and_not_count_refusals_between_which_calls_went_well(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(20 * MOST_RECORDS)))
    service = memory_of(bench)
    service.alter = _and_then(service, ServiceAnswer.TOO_MANY_REQUESTS)
    found = go_on()
    while not isinstance(found, bytes):
        assert found.status is PartStatus.AWAITING_SLOT
        found = go_on()
    assert len(service.batches) == 20


def should_give_up_when_a_service_refuses_every_call_for_too_many(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3)))
    memory_of(bench).refuse_next("/code", ServiceAnswer.TOO_MANY_REQUESTS, times=99)
    for _ in range(MOST_THROTTLES):
        assert go_on().status is PartStatus.AWAITING_SLOT
    with pytest.raises(ServiceThrottled):
        go_on()


def should_keep_what_was_answered_every_few_calls(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = begun(bench, file_of(numbered((coding.KEPT_CALLS + 3) * MOST_RECORDS)))
    service = memory_of(bench)

    def killed(given: Any) -> Any:
        if len(service.batches) == coding.KEPT_CALLS + 2:
            raise MemoryError  # as Lambda ends a function, without a word
        return given

    service.alter = killed
    with pytest.raises(MemoryError):
        go_on()
    service.alter = lambda given: given
    go_on()
    assert len(service.batches) == coding.KEPT_CALLS + 2 + 3  # two calls were made again


ALTERED: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "an answer is missing": lambda given: given[:-1],
    "one is too many": lambda given: [*given, given[0]],
    "ids are swapped": lambda given: [given[1], given[0], *given[2:]],
    "an id is missing": lambda given: [{**given[0], "recordId": None}, *given[1:]],
    "it is no list": lambda given: {"message": "fine", "count": len(given)},
    "there are two lists": lambda given: {"a": given, "b": given},
    "an answer is no object": lambda given: [None, *given[1:]],
    "an answer has no code": lambda given: [
        {k: v for k, v in given[0].items() if k != "result"},
        *given[1:],
    ],
    "a code is none": lambda given: [{**given[0], "result": {"codeCategory": 7}}, *given[1:]],
}


@pytest.mark.parametrize("how", ALTERED)
def should_trust_no_answers_when(bench: Bench, how: str) -> None:
    go_on = begun(bench, file_of(numbered(5)))
    memory_of(bench).alter = ALTERED[how]
    with pytest.raises(ResultsMismatch, match="small batch's results can't be trusted"):
        go_on()


@pytest.mark.parametrize(
    "alter",
    [
        lambda given: {"results": given},
        lambda given: [{f" {name}": value for name, value in e.items()} for e in given],
        lambda given: [{**e, "result": [e["result"], e["result"]]} for e in given],
        lambda given: [{"id" if n == "recordId" else n: v for n, v in e.items()} for e in given],
    ],
)
def should_read_answers_however_the_guide_may_mean_them(
    bench: Bench, alter: Callable[[list[dict[str, Any]]], Any]
) -> None:
    content = file_of(numbered(3))
    go_on = begun(bench, content)
    memory_of(bench).alter = alter
    assert go_on().splitlines() == _as_written(content)


@pytest.mark.parametrize("found", [{}, {"result": []}, {"suggestions": None}])
def should_suggest_nothing_when_a_record_is_unsuccessful_without_codes(
    bench: Bench, found: dict[str, Any]
) -> None:
    go_on = begun(bench, file_of(numbered(1)))
    memory_of(bench).alter = lambda given: [
        {"recordId": each["recordId"], "codeStatus": "unsuccessful", **found} for each in given
    ]
    assert [json.loads(line)["suggestions"] for line in go_on().splitlines()] == [[]]


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b'[{"recordId": "0", "codeSt'])
def should_fail_with_the_reason_when_the_answer_is_no_json(bench: Bench, body: bytes) -> None:
    go_on = begun(bench, file_of(numbered(3)))
    memory_of(bench).fail_next("/code", lambda: HttpAnswer(200, body))
    failed = go_on()
    assert failed.status is PartStatus.FAILED
    assert "not JSON" in failed.reason


def should_try_again_when_the_service_hangs(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3)))

    def hangs() -> HttpAnswer:
        raise ServiceBusy("nothing for 12 s", may_be_done=True)

    memory_of(bench).fail_next("/code", hangs)
    with pytest.raises(ServiceBusy):
        go_on()
    assert len(go_on().splitlines()) == 3


def should_code_to_the_end_with_the_model_that_it_began_with(bench: Bench) -> None:
    go_on = begun(bench, file_of(numbered(3)))
    go_on()
    (path,) = {path for _, path in memory_of(bench).calls if path.endswith("/code")}
    assert path == f"/v1/topics/anzsco/models/{bench.under_test.model_id}/code"


def should_refuse_more_texts_than_days_of_calls_can_code(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distinct_texts, "MOST_TEXTS", 9)
    part = bench.part(bench.drop(file_of(numbered(10))))
    with pytest.raises(Exception, match="more than 9 different texts") as refused:
        bench.submit(part)
    assert type(refused.value).__name__ == "ServiceRefused"
    assert bench.under_test.taken() == 0


def should_start_over_when_the_records_changed_meanwhile(bench: Bench) -> None:
    content = lines(3)
    drop = bench.drop(content)
    part = bench.part(drop)
    checked = bench.check(part, bench.submit(part))
    engine = bench.under_test.engine
    results = engine.results(part.topic, checked.operation_id or "")
    kept: list[Any] = []
    other = {"coded": 0, "offset": 0, "output": {"etag": '"old"', "upload_id": "u"}}
    assert results.prepared(other, kept.append, lambda: True)
    assert bench.collect(part, checked).status is PartStatus.COLLECTED
    assert len(bench.output(drop).splitlines()) == 3
