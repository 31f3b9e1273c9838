"""What a trained model makes of records, known and unknown."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder import model as models
from coding_service.coder.errors import ModelError
from coding_service.coder.model import (
    BATCH_RECORDS,
    UNSEEN_WORDS,
    CodedLabel,
    Coding,
    TrainedModel,
)
from infra.project_files import LAMBDAS, PROJECT

ANY_TEXT = st.text(alphabet=st.characters(), max_size=300)


def should_assert_the_code_when_the_text_is_known(trades: TrainedModel) -> None:
    [coding] = trades.code([{"recordId": "7", "occp_text": "school bus driver", "tasks_text": ""}])

    assert coding.record_id == "7"
    assert coding.result is not None
    assert (coding.result.category, coding.result.label) == ("21", "Bus driver")
    assert 0.7 <= coding.result.confidence <= 1.0
    assert coding.suggestions == ()


def should_assert_the_parent_when_the_text_fits_several_of_its_codes(trades: TrainedModel) -> None:
    [coding] = trades.code([{"occp_text": "driver", "tasks_text": ""}])

    assert coding.result is not None
    assert (coding.result.category, coding.result.label) == ("2", "Roads")


@pytest.mark.parametrize(
    "text", ["xqzvw kkjhg 99", "astronomie", "x", "cook?! 😀 xqzvw kkjhg 99 zz"]
)
def should_suggest_when_the_text_is_unknown(trades: TrainedModel, text: str) -> None:
    [coding] = trades.code([{"occp_text": text, "tasks_text": ""}])

    assert coding.result is None
    assert 1 <= len(coding.suggestions) <= 3
    assert all(len(each.category) == 2 for each in coding.suggestions)


def should_be_less_sure_the_more_of_a_text_is_unknown(trades: TrainedModel) -> None:
    sure, less, least = (
        row.max()
        for row in trades.probabilities(
            [{"occp_text": text} for text in ("cook", "cook zyqw", "cook zyqw plumbum exegete")]
        )
    )

    assert sure > less > least


def should_give_an_empty_record_id_when_there_is_none(trades: TrainedModel) -> None:
    with_none, with_empty = trades.code(
        [{"occp_text": "cook", "tasks_text": ""}, {"recordId": "", "occp_text": "cook"}]
    )

    assert with_none == with_empty
    assert with_none.to_json()["recordId"] == ""


def should_write_a_result_or_suggestions_as_the_service_does() -> None:
    label = CodedLabel("261313", "Software Engineer", 0.98)
    shown = {"codeCategory": "261313", "codeLabel": "Software Engineer", "codeConfidence": 0.98}

    assert Coding("1", label, ()).to_json() == {"recordId": "1", "result": shown}
    assert Coding("", None, (label,)).to_json() == {"recordId": "", "suggestions": [shown]}


def should_code_the_same_when_records_come_alone_or_in_batches(trades: TrainedModel) -> None:
    texts = ["cook", "bus", "poet", "", "night baker and truck driver"]
    records = [
        {"recordId": str(number), "occp_text": texts[number % len(texts)], "tasks_text": "bread"}
        for number in range(BATCH_RECORDS + 3)
    ]

    together = trades.code(records)

    assert [each.record_id for each in together] == [record["recordId"] for record in records]
    for number in (0, 1, 2, 3, 4, BATCH_RECORDS - 1, BATCH_RECORDS, BATCH_RECORDS + 2):
        assert trades.code([records[number]]) == [together[number]]
    np.testing.assert_array_equal(
        trades.probabilities(records[:5]),
        np.vstack([trades.probabilities([each]) for each in records[:5]]),
    )


def should_code_fewer_records_at_once_when_there_are_very_many_codes(
    monkeypatch: pytest.MonkeyPatch, trades_directory: Path
) -> None:
    texts = ["cook", "bus", "poet", "nurse", "night baker and truck driver"]
    records = [{"occp_text": text, "tasks_text": "bread"} for text in texts]
    model, apart = TrainedModel.load(trades_directory), TrainedModel.load(trades_directory)
    together = model.code(records)

    monkeypatch.setattr(models, "BATCH_ODDS", 2 * len(model.engine.classifiers.codes))

    assert apart.batch_records == 2
    assert apart.code(records) == together


def should_say_exactly_the_same_whatever_unseen_words_were_met_before(
    trades_directory: Path,
) -> None:
    unseen = [f"coo{first}{second}ker" for first in "aeiou" for second in "bdfgk"]
    records = [
        {"occp_text": " ".join(unseen[first : first + 6]), "tasks_text": ""}
        for first in range(len(unseen) - 6)
    ]
    fresh, used = TrainedModel.load(trades_directory), TrainedModel.load(trades_directory)

    for word in reversed(unseen):
        used.code([{"occp_text": word, "tasks_text": ""}])

    assert (fresh.probabilities(records) == used.probabilities(records)).all()


def should_say_the_same_when_a_batch_has_more_unseen_words_than_there_is_room_for(
    trades_directory: Path,
) -> None:
    words = [f"coo{number:05}ker" for number in range(UNSEEN_WORDS + 900)]
    records = [
        {"occp_text": " ".join(words[first : first + 25])} for first in range(0, len(words), 25)
    ]
    model = TrainedModel.load(trades_directory)

    together = model.code(records)

    alone = TrainedModel.load(trades_directory)
    for number in (0, 1, 50, 99, 100, 150, len(records) - 1):
        assert alone.code([records[number]]) == [together[number]]


def should_say_the_same_when_threads_meet_unseen_words_at_once(
    monkeypatch: pytest.MonkeyPatch, trades_directory: Path
) -> None:
    monkeypatch.setattr(models, "UNSEEN_WORDS", 40)
    words = [f"coo{number:05}ker" for number in range(4_000)]
    batches = [
        [{"occp_text": " ".join(words[first : first + 5])} for first in range(start, 4_000, 400)]
        for start in range(0, 400, 5)
    ]
    expected = [TrainedModel.load(trades_directory).code(batch) for batch in batches]
    shared, interval = TrainedModel.load(trades_directory), sys.getswitchinterval()

    sys.setswitchinterval(1e-6)  # so that threads meet everywhere
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(shared.code, batches))
    finally:
        sys.setswitchinterval(interval)

    assert found == expected


def should_give_nothing_when_there_is_no_record(trades: TrainedModel) -> None:
    assert trades.code([]) == []


@settings(max_examples=60)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=5))
def should_give_a_result_or_no_more_than_three_suggestions_when_any_text_comes(
    trades: TrainedModel, texts: list[tuple[str, str]]
) -> None:
    codings = trades.code([{"occp_text": first, "tasks_text": second} for first, second in texts])

    assert len(codings) == len(texts)
    for coding in codings:
        assert coding.result is None or coding.suggestions == ()
        assert len(coding.suggestions) <= 3
        labels = [coding.result] if coding.result else coding.suggestions
        odds = [each.confidence for each in labels if each]
        assert odds == sorted(odds, reverse=True)
        assert all(0.0 <= odd <= 1.0 for odd in odds)
        json.loads(json.dumps(coding.to_json()))


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.7, 0.95, 1.0])
def should_split_results_from_suggestions_at_the_threshold(
    trades: TrainedModel, threshold: float
) -> None:
    model = replace(trades, card=replace(trades.card, threshold=threshold))
    texts = ["hospital cook", "driver", "baker cook", "tram drivers", "poet", "zz", "cooked zz", ""]
    records = [{"occp_text": text, "tasks_text": ""} for text in texts]
    # The top level sums the most, so it alone decides whether anything is asserted.
    most = (model.probabilities(records) @ model.hierarchy.levels[-1].gathers).max(axis=1)

    asserted = [coding.result is not None for coding in model.code(records)]

    assert asserted == [bool(odds >= threshold) for odds in most]
    assert not all(asserted)
    assert any(asserted) or threshold == 1.0


@pytest.mark.parametrize(
    "module", ["coding_service.coder.model", "coding_service.coder.catalogue", "training.cli"]
)
def should_need_numpy_alone_when_it_only_codes(module: str) -> None:
    script = (
        f"import sys; sys.path[:0] = [{str(PROJECT)!r}, {str(LAMBDAS)!r}]; import {module}; "
        "print(sorted({'sklearn', 'scipy', 'yaml', 'boto3'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["model.json", "codes.json", "weights.npz"])
@pytest.mark.parametrize("content", [None, b"", b"not what it should be"])
def should_ask_for_training_when_a_file_of_the_model_is_lost_or_damaged(
    tmp_path: Path, trades_directory: Path, name: str, content: bytes | None
) -> None:
    for file in trades_directory.iterdir():
        if file.name != name or content is not None:
            (tmp_path / file.name).write_bytes(
                file.read_bytes() if file.name != name else content or b""
            )

    with pytest.raises(ModelError, match="Train the topic again") as caught:
        TrainedModel.load(tmp_path)

    assert caught.value.path == tmp_path / name


def should_refuse_the_weights_when_they_belong_to_other_codes(
    tmp_path: Path, trades_directory: Path
) -> None:
    for file in trades_directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    codes = json.loads((tmp_path / "codes.json").read_bytes())
    (tmp_path / "codes.json").write_text(json.dumps(codes[:-1]), encoding="utf-8")

    with pytest.raises(ModelError, match="the weights are not for"):
        TrainedModel.load(tmp_path)
