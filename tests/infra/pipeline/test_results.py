"""Of the results, each function may write and read what its code does, and nothing else."""

from typing import Any

import pytest

from pipeline.storage.dictionaries import DICTIONARIES
from pipeline.storage.results_bucket import METADATA_NAME, OUTPUT_NAME, PIECES
from pipeline.validation.rejection_report import REPORT_NAME as REJECTION
from tables.report.files import DESCRIPTION, MANIFEST, PAGE, REPORT, REVIEW, TABLES
from tests.infra.conftest import Deployment
from tests.infra.pipeline.test_stack import (
    FUNCTIONS,
    WRITES_IN_PARTS,
    actions,
    functions,
    role_of,
)

RESULTS = "ResultsBucket"
# By action, which objects of the results bucket a function may do it with: none but what its code
# writes, reads and removes.
REPORTED = {f"*/{REJECTION}"}
COLLECTED = {f"*/{OUTPUT_NAME}", f"*/{METADATA_NAME}"}
GIVEN = {f"*/{name}" for name in TABLES}
LEARNED = {f"{DICTIONARIES}*"}
BESIDE = {f"*/{name}" for name in (DESCRIPTION, REPORT, PAGE, REVIEW, MANIFEST)}
WRITTEN: dict[str, dict[str, set[str]]] = {
    "prepare": {"s3:PutObject": REPORTED},
    "receive": {"s3:PutObject": {f"{PIECES}*"}},
    "submit": {"s3:PutObject": REPORTED},
    "collect": dict.fromkeys(sorted(WRITES_IN_PARTS), COLLECTED),
    "finish": {
        "s3:GetObject": {f"*/{OUTPUT_NAME}", f"{PIECES}*", f"*/{REPORT}"}
        | {*REPORTED, *GIVEN, *LEARNED},
        "s3:GetObjectVersion": {f"*/{OUTPUT_NAME}"} | GIVEN,
        "s3:DeleteObject": {f"*/{OUTPUT_NAME}", f"{PIECES}*"},
        **dict.fromkeys(sorted(WRITES_IN_PARTS), REPORTED | COLLECTED | GIVEN | BESIDE),
        "s3:PutObject": REPORTED | COLLECTED | GIVEN | BESIDE | LEARNED,
    },
}


@pytest.mark.parametrize("name", FUNCTIONS)
def should_let_a_function_touch_of_the_results_what_its_code_writes_and_reads(
    aws: Deployment, name: str
) -> None:
    found: dict[str, set[str]] = {}
    for action, granted in actions(aws, role_of(functions(aws)[name])).items():
        for resource in (each for all_of in granted for each in _listed(all_of)):
            bucket, keys = _objects(resource)
            if bucket.startswith(RESULTS) and action != "s3:ListBucket":
                found.setdefault(action, set()).add(keys)
    assert found == WRITTEN.get(name, {})


def should_let_finish_keep_checkpoints_of_its_own_in_the_bucket_of_prepared_files_alone(
    aws: Deployment,
) -> None:
    allowed = actions(aws, role_of(functions(aws)["finish"]))
    for action in ("s3:PutObject", "s3:DeleteObject"):
        resources = [each for all_of in allowed[action] for each in _listed(all_of)]
        prepared = [keys for bucket, keys in map(_objects, resources) if "Prepared" in bucket]
        assert prepared == ["*/finish/*.checkpoint"]


def _objects(resource: Any) -> tuple[str, str]:
    """The logical id of the bucket of objects, and the pattern of their keys."""
    match resource:
        case {"Fn::Join": [_, [{"Fn::GetAtt": [bucket, _]}, keys]]}:
            return bucket, keys.removeprefix("/")
    return "", ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
