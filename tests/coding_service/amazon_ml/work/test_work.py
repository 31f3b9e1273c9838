"""The work on data sources and predictions: files, ranges, results, refusals, repeats."""

import gzip
import json
import random
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from coding_service.amazon_ml.entities import BatchPrediction
from coding_service.amazon_ml.errors import AccessDenied, DataRefused
from coding_service.amazon_ml.s3_uris import Location
from coding_service.amazon_ml.work.data_files import DataFile, in_owners_words
from coding_service.amazon_ml.work.ranges import Range, WorkFiles, ranges_of
from coding_service.amazon_ml.work.scoring import MOST_INVALID, Counts
from tests.support.coding_service.amazon_ml import (
    ALICE,
    DATA,
    HEADER,
    MAX_FILE_BYTES,
    OUTPUTS,
    SCHEMA,
    TOPIC,
    World,
)

RESULT = f"s3://{DATA}/out/batch-prediction/result/bp-"
TITLES = ["school bus driver", "glassblower", "night baker", '"driver, bus"']


def observations(count: int) -> str:
    return HEADER + "".join(f"{n},{TITLES[n % 4]},\n" for n in range(count))


def shown(world: World, prediction_id: str = "bp") -> dict[str, Any]:
    found: dict[str, Any] = world.client().get_batch_prediction(BatchPredictionId=prediction_id)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


def shown_source(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.client().get_data_source(DataSourceId="ds")
    return found


def predicted(world: World, range_bytes: int | None = None, **request: str) -> dict[str, Any]:
    world.predict(**request)
    world.work(range_bytes)
    return shown(world)


def should_write_results_and_a_manifest_as_the_developer_guide_has_them(world: World) -> None:
    location = world.put("in.csv", observations(3) + "too,few\n")
    world.source(location=location)
    done = predicted(world)
    assert done["Status"] == "COMPLETED"
    manifest = json.loads(world.get(f"s3://{DATA}/out/batch-prediction/bp.manifest"))
    assert manifest == {location: RESULT + "in.csv.gz"}
    header, *lines, blank = world.result_lines(RESULT + "in.csv.gz")
    codes = world.catalogue.load(world.catalogue.latest(TOPIC)).hierarchy.leaves
    assert header == "tag," + ",".join(codes)
    assert [line.partition(",")[0] for line in lines] == ["0", "1", "2"]
    assert blank == ""
    for line in lines:
        scores = [float(score) for score in line.split(",")[1:]]
        assert len(scores) == len(codes)
        assert 0 < sum(scores) <= 1 + 1e-5 * len(codes)
    # Nothing is left of the work but the log.
    assert [key.rpartition("/")[2] for key in world.keys(OUTPUTS)] == ["log.txt"]


def should_score_as_the_model_does(world: World) -> None:
    world.source(location=world.put("in.csv", HEADER + "x,glassblower,\n"))
    predicted(world)
    model = world.catalogue.load(world.catalogue.latest(TOPIC))
    wanted = model.probabilities([{"occp_text": "glassblower", "tasks_text": ""}])[0]
    line = world.result_lines(RESULT + "in.csv.gz")[1]
    assert [float(each) for each in line.split(",")[1:]] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("range_bytes", [30, 1000])
def should_give_the_same_result_whatever_the_ranges(world: World, range_bytes: int) -> None:
    world.source(location=world.put("in.csv", observations(40) + "\n"))
    predicted(world, output=f"s3://{DATA}/whole")
    whole = world.result_lines(f"s3://{DATA}/whole/batch-prediction/result/bp-in.csv.gz")
    world.client().create_batch_prediction(
        BatchPredictionId="cut",
        MLModelId=world.catalogue.latest(TOPIC).model_id,
        BatchPredictionDataSourceId="ds",
        OutputUri=f"s3://{DATA}/cut",
    )
    world.work(range_bytes)
    cut = shown(world, "cut")
    assert (cut["TotalRecordCount"], cut["InvalidRecordCount"]) == (41, 1)
    assert world.result_lines(f"s3://{DATA}/cut/batch-prediction/result/cut-in.csv.gz") == whole


def should_cut_five_gigabytes_into_ranges_that_an_upload_has_room_for() -> None:
    file = DataFile(DATA, "large.csv", '"etag"', 5_000_000_000)
    small = DataFile(DATA, "small.csv", '"etag"', 1)
    ranges = list(ranges_of([file, small]))
    assert ranges[-1] == Range(small, 1, 0, 0, 1)
    large = ranges[:-1]
    assert [part.number for part in large] == list(range(len(large)))
    assert len(large) <= 10_000  # parts of a multipart upload
    assert [part.start for part in large] == [0, *(part.end for part in large[:-1])]
    assert large[-1].end == file.size


def should_take_the_files_of_a_folder_and_not_those_below_it(world: World) -> None:
    for key in ("in/b.csv", "in/a.csv"):
        world.put(key, observations(2))
    for key in ("in/", "in/empty.csv"):
        world.put(key, "")
    for key in ("in/below/c.csv", "in/a.csv.schema", "inside.csv"):
        world.put(key, "nothing of it\n")
    world.source(location=f"s3://{DATA}/in/")
    assert shown_source(world)["NumberOfFiles"] == 2
    predicted(world)
    manifest = json.loads(world.get(f"s3://{DATA}/out/batch-prediction/bp.manifest"))
    assert list(manifest) == [f"s3://{DATA}/in/a.csv", f"s3://{DATA}/in/b.csv"]
    assert shown(world)["TotalRecordCount"] == 4


def should_take_a_folder_without_its_slash_and_a_whole_bucket(world: World) -> None:
    world.put("one.csv", observations(1))
    world.put("in/two.csv", observations(2))
    world.source(location=f"s3://{DATA}/in")
    assert shown_source(world)["DataSizeInBytes"] == len(observations(2))
    world.source("all", location=f"s3://{DATA}")
    found = world.client().get_data_source(DataSourceId="all")
    assert found["DataSizeInBytes"] == len(observations(1))


def should_read_the_schema_from_its_location(world: World) -> None:
    location = world.put("in.csv", observations(1))
    place = world.put("in.csv.schema", "\ufeff" + json.dumps(SCHEMA))
    spec = {"DataLocationS3": location, "DataSchemaLocationS3": place}
    world.client().create_data_source_from_s3(DataSourceId="ds", DataSpec=spec)
    world.work()
    assert shown_source(world)["Status"] == "COMPLETED"
    assert predicted(world)["Status"] == "COMPLETED"
    # Asked for again, it is the same, though the schema is known by now.
    world.client().create_data_source_from_s3(DataSourceId="ds", DataSpec=spec)


def should_read_a_file_without_a_header_that_begins_with_a_byte_order_mark(world: World) -> None:
    location = world.put("in.csv", "\ufeff1,glassblower,\r\n2,night baker,")
    schema = json.dumps({**SCHEMA, "dataFileContainsHeader": False})
    world.client().create_data_source_from_s3(
        DataSourceId="ds", DataSpec={"DataLocationS3": location, "DataSchema": schema}
    )
    world.work()
    assert predicted(world)["TotalRecordCount"] == 2
    lines = world.result_lines(RESULT + "in.csv.gz")
    assert [line.partition(",")[0] for line in lines] == ["tag", "1", "2"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no data files"),
        ("", "no data files"),
        ("other,names,here\n1,a,b\n", "header line"),
        ("id,occp_text\n", "header line"),
        (b"\xff\xfe\n", "header line"),
        (HEADER + "x" * MAX_FILE_BYTES, "at most 1,000,000"),
    ],
    ids=["missing", "empty", "names", "too few", "encoding", "too large"],
)
def should_fail_a_data_source_with_the_reason(
    world: World, content: str | bytes | None, why: str
) -> None:
    if content is not None:
        world.put("in.csv", content)
    world.source(location=f"s3://{DATA}/in.csv")
    failed = shown_source(world)
    assert failed["Status"] == "FAILED"
    assert why in failed["Message"]
    assert "FinishedAt" in failed
    with pytest.raises(ClientError, match="FAILED and cannot be used"):
        world.predict()


def should_fail_a_data_source_when_its_schema_is_none(world: World) -> None:
    location = world.put("in.csv", observations(1))
    for number, place in enumerate((location, f"s3://{DATA}/missing", "s3://no-such-bucket/x")):
        name = f"ds{number}"
        spec = {"DataLocationS3": location, "DataSchemaLocationS3": place}
        world.client().create_data_source_from_s3(DataSourceId=name, DataSpec=spec)
        world.work()
        assert world.client().get_data_source(DataSourceId=name)["Status"] == "FAILED"


def should_fail_when_the_schema_lacks_a_field_of_the_model(world: World) -> None:
    location = world.put("in.csv", "id,occp_text\n1,baker\n")
    schema = json.dumps({**SCHEMA, "attributes": SCHEMA["attributes"][:2]})
    world.client().create_data_source_from_s3(
        DataSourceId="ds", DataSpec={"DataLocationS3": location, "DataSchema": schema}
    )
    world.work()
    failed = predicted(world)
    assert failed["Status"] == "FAILED"
    assert "'tasks_text'" in failed["Message"]
    assert "TotalRecordCount" not in failed


def should_wait_for_a_data_source_that_is_on_its_way(world: World) -> None:
    location = world.put("in.csv", observations(1))
    world.client().create_data_source_from_s3(
        DataSourceId="ds", DataSpec={"DataLocationS3": location, "DataSchema": json.dumps(SCHEMA)}
    )
    world.predict()
    (source, prediction) = world.states.started.values()
    begun = world.step({"step": "begin", **prediction})
    assert begun == {"status": "waiting"}
    assert shown(world)["Status"] == "PENDING"
    assert source["kind"] == "DataSource"
    world.work()
    assert shown(world)["Status"] == "COMPLETED"


def should_fail_when_the_place_for_results_is_none(world: World) -> None:
    world.source(location=world.put("in.csv", observations(1)))
    failed = predicted(world, output="s3://no-such-bucket/out")
    assert failed["Status"] == "FAILED"
    assert "no-such-bucket" in failed["Message"]


def should_reject_a_file_with_more_than_ten_thousand_invalid_lines(world: World) -> None:
    world.source(location=world.put("in.csv", HEADER + "x\n" * MOST_INVALID))
    assert predicted(world, range_bytes=5_000)["InvalidRecordCount"] == MOST_INVALID
    world.put("in.csv", HEADER + "x\n" * (MOST_INVALID + 1))
    for name, range_bytes in (("more", 5_000), ("many", None)):
        world.predict(name)
        world.work(range_bytes)
        failed = shown(world, name)
        assert failed["Status"] == "FAILED"
        assert "10,000" in failed["Message"]
    assert f"s3://{DATA}/out/batch-prediction/more.manifest" not in world.keys(DATA)


def should_say_where_invalid_lines_are_in_a_log_for_less_than_a_day(world: World) -> None:
    world.source(location=world.put("in.csv", observations(3) + "secret text\n" + '4,"a,\n'))
    link = predicted(world, range_bytes=30)["LogUri"]
    assert link.startswith("https://outputs.s3.")
    (key,) = world.keys(OUTPUTS)
    log = world.get(f"s3://{OUTPUTS}/{key}").decode()
    assert "5 records, 2 of them invalid" in log
    assert f"s3://{DATA}/in.csv line 5 has 1 values; the schema has 3 attributes" in log
    assert f"s3://{DATA}/in.csv line 6 has quotes" in log
    assert "secret" not in log
    world.ahead_seconds = timedelta(hours=23).total_seconds()
    prediction = world.operations.predictions.get(ALICE, {"BatchPredictionId": "bp"})
    assert "LogUri" not in prediction


def started(world: World, range_bytes: int = 1_000) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A prediction that has begun: its state, and the ranges of its plan."""
    world.source(location=world.put("in.csv", observations(100)))
    world.predict()
    (state,) = world.states.started.values()
    begun = world.step({"step": "begin", **state}, range_bytes=range_bytes)
    return state, json.loads(world.get(f"s3://{begun['bucket']}/{begun['key']}"))


def step(world: World, name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return world.step({"step": name, **state, **more}, range_bytes=1_000)


def should_come_to_the_same_end_when_every_step_runs_twice(world: World) -> None:
    state, plan = started(world)
    step(world, "begin", state)
    for part in plan * 2:
        step(world, "predict", state, range=part)
    joined = step(world, "join", state, progress={"status": "begun"})
    assert step(world, "join", state, progress={"status": "begun"}) == joined
    step(world, "complete", state, progress=joined)
    done = shown(world)
    step(world, "complete", state, progress=joined)
    assert shown(world) | {"LogUri": ""} == done | {"LogUri": ""}
    assert done["TotalRecordCount"] == 100
    assert done["ComputeTime"] == 0


def should_do_nothing_more_when_it_is_deleted_while_it_runs(world: World) -> None:
    state, plan = started(world)
    step(world, "predict", state, range=plan[0])
    world.client().delete_batch_prediction(BatchPredictionId="bp")
    before = world.keys(OUTPUTS)
    step(world, "predict", state, range=plan[1])
    assert step(world, "join", state, progress={"status": "begun"}) == {"status": "unwanted"}
    assert step(world, "begin", state) == {"status": "unwanted"}
    assert world.keys(OUTPUTS) == before
    assert [key for key in world.keys(DATA) if key.startswith("out/")] == []
    assert shown(world)["Status"] == "DELETED"


def should_fail_when_the_data_change_while_they_are_read(world: World) -> None:
    state, plan = started(world)
    world.put("in.csv", observations(101))
    with pytest.raises(Exception, match="changed while it was read"):
        step(world, "predict", state, range=plan[0])
    # Of a range's failure the state machine says only that there was one.
    cause = "The specified tolerated failure threshold was exceeded"
    told = step(world, "fail", state, error="States.ExceedToleratedFailureThreshold", cause=cause)
    assert told == {"status": "failed"}
    failed = shown(world)
    assert failed["Status"] == "FAILED"
    assert "changed while it was read" in failed["Message"]


def should_tell_no_internals_when_the_service_is_broken(world: World) -> None:
    state, _ = started(world)
    cause = json.dumps({"errorMessage": "a secret detail"})
    assert step(world, "fail", state, error="KeyError", cause=cause) == {"status": "broken"}
    failed = shown(world)
    assert failed["Status"] == "FAILED"
    assert "operators have been told" in failed["Message"]
    assert step(world, "fail", state, error="KeyError", cause="no JSON") == {"status": "broken"}


def should_go_on_with_the_next_file_when_time_is_up(world: World) -> None:
    for name in ("a", "b", "c"):
        world.put(f"in/{name}.csv", observations(1))
    world.source(location=f"s3://{DATA}/in/")
    world.predict()
    (state,) = world.states.started.values()
    begun = step(world, "begin", state)
    for part in json.loads(world.get(f"s3://{begun['bucket']}/{begun['key']}")):
        step(world, "predict", state, range=part)
    files: list[int] = []
    progress: dict[str, Any] = {"status": "begun"}
    while progress["status"] in ("begun", "joining"):
        event = {"step": "join", **state, "progress": progress}
        progress = world.step(event, time_remains=False)
        files.append(progress["file"])
    assert files == [1, 2, 3, 3]
    assert (progress["status"], progress["total"]) == ("joined", 3)


@pytest.mark.slow
def should_join_large_pieces_inside_s3_and_clear_up_an_upload_that_broke_off(
    world: World,
) -> None:
    state, plan = started(world, range_bytes=1 << 20)
    files = WorkFiles(world.s3, OUTPUTS)
    prediction = world.store.find(
        BatchPrediction, state["client"], state["entity_id"], now_ms=world.now_ms()
    )
    assert prediction is not None
    data = Range.from_state(plan[0]).data
    noise = random.Random(1)  # noqa: S311  bytes that do not shrink, and nothing more
    sizes = [6 << 20, 1 << 20, 1 << 20, 5 << 20, 100]
    parts = [Range(data, 0, number, number, number + 1) for number in range(len(sizes))]
    files.write_plan(prediction, parts)
    contents = [gzip.compress(noise.randbytes(size), 1) for size in sizes]
    for part, content in zip(parts, contents, strict=True):
        files.write_scored(prediction, part, content, Counts(1), 1)
    broken = world.s3.create_multipart_upload(Bucket=DATA, Key="broken")["UploadId"]
    world.store.note_upload(prediction, json.dumps([DATA, "broken", broken]))
    joined = step(world, "join", state, progress={})
    assert joined["total"] == len(sizes)
    assert world.get(RESULT + "in.csv.gz") == b"".join(contents)
    assert "Uploads" not in world.s3.list_multipart_uploads(Bucket=DATA)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDenied", AccessDenied),
        ("403", AccessDenied),
        ("KMS.DisabledException", AccessDenied),
        ("NoSuchBucket", DataRefused),
        ("PermanentRedirect", DataRefused),
    ],
)
def should_say_in_the_owners_words_what_s3_refused(code: str, error: type[Exception]) -> None:
    with (
        pytest.raises(error, match="s3://b/k"),
        in_owners_words(Location("b", "k"), "s3:GetObject"),
    ):
        raise ClientError({"Error": {"Code": code}}, "GetObject")
