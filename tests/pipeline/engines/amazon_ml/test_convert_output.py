"""The conversion of scores that change while it goes on, over what stands in for S3."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.engines.amazon_ml.convert_output import OutputConversion
from pipeline.engines.base import MAX_RESTARTS
from pipeline.errors import ResultsMismatch, StorageBusy
from pipeline.storage.results_bucket import FileChanged


def exchange(etags: Iterator[str]) -> Any:
    """A bucket whose scores have the next ETag at each look, and can't be read."""

    def changed(*_: object) -> None:
        raise FileChanged

    return SimpleNamespace(
        objects=SimpleNamespace(get_json=lambda _: {"in": "out"}),
        blocks=changed,
        uri=lambda *_: "in",
        key_of=lambda uri, _: uri,
        length=lambda _: (1, next(etags)),
        files=SimpleNamespace(abort=lambda *_: None),
    )


def run(kept: Mapping[str, Any] | None, keep: list[Mapping[str, Any]], etag: str) -> None:
    OutputConversion(
        exchange=exchange(iter([etag])),
        prediction_id="p",
        rollup_of=lambda _: pytest.fail("nothing was read"),
        keep=keep.append,
        has_time=lambda: True,
    ).run(kept)


def should_give_up_when_scores_keep_changing_while_they_are_read() -> None:
    kept: list[Mapping[str, Any]] = []
    for _ in range(MAX_RESTARTS):
        with pytest.raises(StorageBusy, match="starting over"):
            run(kept[-1] if kept else None, kept, '"e"')
    with pytest.raises(ResultsMismatch, match="kept changing"):
        run(kept[-1], kept, '"e"')
    assert kept == [{"restarts": number} for number in range(1, MAX_RESTARTS + 1)]


def should_give_up_when_scores_are_others_each_time_they_are_taken_up() -> None:
    kept: list[Mapping[str, Any]] = []
    begun = {"etag": '"old"', "upload_id": "u", "restarts": MAX_RESTARTS}
    with pytest.raises(ResultsMismatch, match="kept changing"):
        run(begun, kept, '"new"')
    with pytest.raises(StorageBusy):
        run({**begun, "restarts": 1}, kept, '"new"')
    assert kept == [{"restarts": 3}]
