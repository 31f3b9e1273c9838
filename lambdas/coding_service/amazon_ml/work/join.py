"""The scored ranges of a file become its result in the user's bucket, in order, byte for byte."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, Any

from coding_service.amazon_ml.entities import BatchPrediction, Status
from coding_service.amazon_ml.s3_uris import ResultPlaces
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.work.data_files import in_owners_words
from coding_service.amazon_ml.work.predict import too_many_invalid
from coding_service.amazon_ml.work.ranges import Range, ScoredRange
from coding_service.amazon_ml.work.scoring import MOST_INVALID
from coding_service.amazon_ml.work.step import WorkDependencies, WorkStage
from coding_service.byte_ranges.join import PieceJoin
from coding_service.byte_ranges.multipart_writer import abort_upload
from shared.join_plan import JoinSource

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

AT_ONCE = (
    10  # S3 copies a part in about a second, whatever its size; botocore keeps ten connections
)
GZIP_TYPE = "application/gzip"


class Deleted(Exception):
    """The prediction was deleted while its results were being joined."""


def join_files(
    deps: WorkDependencies, state: Mapping[str, Any], *, time_remains: Callable[[], bool]
) -> dict[str, Any]:
    """Joins one file after the other, as many as the time allows. May be repeated.

    Returns the progress: counts so far, and which file is the next. Raises leaves of
    `WorkRefused`, `AwsBusy`.
    """
    progress = state["progress"]
    reached = {
        "status": str(WorkStage.JOINED),
        **{name: progress.get(name, 0) for name in ("file", "total", "invalid", "compute_ms")},
    }
    prediction = deps.find(BatchPrediction, state)
    if prediction is None or prediction.status is not Status.INPROGRESS:
        return {"status": str(WorkStage.UNWANTED)}
    abandon_upload(deps.s3, prediction)
    plan = groupby(deps.files.plan(prediction), key=lambda part: part.file)
    for place, ranges in plan:
        if place < reached["file"]:
            continue
        scored = _scored(deps, prediction, list(ranges))
        try:
            _join(deps, prediction, scored)
        except Deleted:
            return {"status": str(WorkStage.UNWANTED)}
        for _, each in scored:
            reached["total"] += each.counts.total
            reached["invalid"] += each.counts.invalid
            reached["compute_ms"] += each.compute_ms
        reached["file"] = place + 1
        if not time_remains():
            return {**reached, "status": str(WorkStage.JOINING)}
    return reached


def _scored(
    deps: WorkDependencies, prediction: BatchPrediction, ranges: list[Range]
) -> list[tuple[Range, ScoredRange]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        scored = list(pool.map(lambda part: deps.files.scored(prediction, part), ranges))
    found = list(zip(ranges, scored, strict=True))
    if sum(each.counts.invalid for each in scored) > MOST_INVALID:
        raise too_many_invalid(ranges[0].data.location)
    if faults := "".join(_faults(found, _first_line(deps, prediction))):
        deps.files.write_faults(prediction, ranges[0].file, faults)
    return found


def _first_line(deps: WorkDependencies, prediction: BatchPrediction) -> int:
    """The number that the first observation's line has for people."""
    source = deps.source_of(prediction)
    text = source.schema if source else None
    return 2 if text is not None and Schema.parse(text).has_header else 1


def _join(
    deps: WorkDependencies, prediction: BatchPrediction, scored: Sequence[tuple[Range, ScoredRange]]
) -> None:
    data = scored[0][0].data.location
    target = ResultPlaces.of(prediction.output_uri, prediction.entity_id).result(data)

    def note(upload_id: str) -> None:
        noted = json.dumps([target.bucket, target.key, upload_id])
        if not deps.store.note_upload(prediction, noted):
            raise Deleted

    join = PieceJoin(
        s3=deps.s3,
        pieces_bucket=deps.output_bucket,
        bucket=target.bucket,
        key=target.key,
        content_type=GZIP_TYPE,
        begun=note,
    )
    with in_owners_words(target, "s3:PutObject"):
        join.run([JoinSource(each.key, each.size) for _, each in scored])


def abandon_upload(s3: "S3Client", prediction: BatchPrediction) -> None:
    """Ends the upload that an earlier attempt began, should it not have ended."""
    if prediction.upload:
        abort_upload(s3, *json.loads(prediction.upload))


def _faults(found: Sequence[tuple[Range, ScoredRange]], first_line: int) -> Iterator[str]:
    before = first_line
    for part, scored in found:
        for line, why in scored.counts.faults:
            yield f"{part.data.location} line {before + line:,} {why}\n"
        before += scored.counts.total
