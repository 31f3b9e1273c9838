"""What the tests of finishing share: a ledger, buckets, and what the state machine hands over."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import jsonschema

from bench.streams.function_variables import VARIABLES
from infra.project_files import PROJECT
from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution, Outcome
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.domain.progress import PartStatus, Progress
from pipeline.executions.compact_input import compact_input
from pipeline.executions.pieces import PieceLists
from pipeline.executions.starter import ExecutionStarter
from pipeline.finish.coded_tables import CodedTables
from pipeline.finish.drop_result import DropResults
from pipeline.finish.expanded_outputs import ExpandedOutputs
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.handler import Finisher
from pipeline.finish.join_output import JoinedOutputs
from pipeline.finish.outcomes import Outcomes
from pipeline.finish.reviewed_tables import ReviewedTables
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import ExecutionGroups
from pipeline.ledger.parts import AttemptState, PartRecord, Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.ledger.topic_reports import TopicReports
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.dictionaries import Dictionaries
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.prepared_bucket import PreparedBucket
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.table_settings import TableSettings
from pipeline.validation.digest import SequenceDigest
from tests.support.pipeline.builders import Measured, SimulatedIo, a_drop, a_part
from tests.support.pipeline.clouds import (
    PREPARED,
    REGION,
    RESULTS,
    Cloud,
    stepfunctions,
    waiting_machine,
)
from tests.support.pipeline.memory_service import a_model

MACHINE = f"arn:aws:states:{REGION}:123456789012:stateMachine:drop"
DROP = a_drop()
IDS = SequenceDigest().extended(["a", "b", "c"]).to_text()
COLLECTED = Progress(status=PartStatus.COLLECTED, operation_id="op-1", attempt=2)
CAUSE = '{"errorMessage": "the secret c has no credentials", "errorType": "CredentialsMissing"}'


def schema(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads((PROJECT / "docs" / "schemas" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def a_record(drop: Drop = DROP, **output: Any) -> PartRecord:
    facts = OutputFacts(
        key=f"{drop.results_prefix}output.jsonl",
        bytes=200,
        records=3,
        crc32="0000abcd",
        record_id_digest=IDS,
        coded=2,
        suggested=1,
    )
    return PartRecord(
        part_id=a_part(drop).part_id,
        attempt=2,
        operation_id="op-1",
        input=InputFacts(
            bytes=100,
            records=3,
            sha256="ab" * 32,
            record_id_digest=IDS,
            first_byte=0,
            last_byte=99,
        ),
        output=replace(facts, **output),
        metadata=MetadataFacts(
            key=f"{drop.results_prefix}metadata.json",
            bytes=50,
            sha256="cd" * 32,
            model=a_model().to_json(),
        ),
    )


def write_record(aws: Cloud, record: PartRecord) -> None:
    """As claims leave it in the ledger."""
    facts = {"input": record.input, "output": record.output, "metadata": record.metadata}
    aws.ledger.put(
        {
            "pk": f"part#{record.part_id}",
            "sk": "part",
            "state": AttemptState.UPLOADED.value,
            "attempt": record.attempt,
            "operation_id": record.operation_id,
            **{name: json.dumps(asdict(each)) for name, each in facts.items() if each is not None},
        }
    )


class FinishFixture:
    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.io = SimulatedIo()
        self.measured = Measured()
        self.drops = Drops(aws.ledger, self.io.clock)
        self.record = a_record()
        self.executions = stepfunctions()
        waiting_machine()

    @property
    def finisher(self) -> Finisher:
        bucket, clock = ResultsBucket(self.aws.s3, RESULTS), self.io.clock
        outcomes = Outcomes(
            parts=Parts(self.aws.ledger, clock), shared_files=SharedFiles(self.aws.ledger, clock)
        )
        joined_outputs = JoinedOutputs(
            drops=self.drops, files=MultipartFiles(self.aws.s3, RESULTS), results=bucket
        )
        return Finisher(
            drops=self.drops,
            outcomes=outcomes,
            drop_results=DropResults(
                outcomes=outcomes,
                joined_outputs=joined_outputs,
                expanded_outputs=self.expanded_outputs,
                coded_tables=self.coded_tables,
                reviewed_tables=ReviewedTables(
                    s3=self.aws.s3,
                    reader=BlockReader(self.aws.s3, sleep=self.io.sleep),
                    files=MultipartFiles(self.aws.s3, RESULTS),
                    drops=self.drops,
                    results=bucket,
                    dictionaries=Dictionaries(self.aws.s3, RESULTS),
                    settings=self.coded_tables.settings,
                ),
                results=bucket,
            ),
            starter=self._starter,
            clock=clock,
            measure=self.measured,
        )

    @property
    def expanded_outputs(self) -> ExpandedOutputs:
        return ExpandedOutputs(
            s3=self.aws.s3,
            reader=BlockReader(self.aws.s3, sleep=self.io.sleep),
            files=MultipartFiles(self.aws.s3, RESULTS),
            prepared=PreparedBucket(self.aws.s3, PREPARED),
            drops=self.drops,
            dictionaries=Dictionaries(self.aws.s3, RESULTS),
        )

    @property
    def coded_tables(self) -> CodedTables:
        return CodedTables(
            s3=self.aws.s3,
            reader=BlockReader(self.aws.s3, sleep=self.io.sleep),
            files=MultipartFiles(self.aws.s3, RESULTS),
            prepared=PreparedBucket(self.aws.s3, PREPARED),
            reports=TopicReports(self.aws.ledger, self.io.clock),
            dictionaries=Dictionaries(self.aws.s3, RESULTS),
            settings=TableSettings.read({**VARIABLES, "PREPARED_BUCKET": PREPARED}),
        )

    def _starter(self, state_machine_arn: str) -> ExecutionStarter:
        return ExecutionStarter(
            drops=self.drops,
            groups=ExecutionGroups(self.aws.ledger, self.io.clock),
            pieces=PieceLists(ResultsBucket(self.aws.s3, RESULTS)),
            executions=self.executions,
            state_machine_arn=state_machine_arn,
        )

    def finish(
        self, drop: Drop = DROP, progress: Progress | None = COLLECTED, *, name: str = "jobs"
    ) -> dict[str, Any]:
        """No progress: the drop has no part."""
        part = a_part(drop)
        outcomes = () if progress is None else (Outcome(part.part_id, progress),)
        parts = () if progress is None else (part,)
        return self.ended(Execution(drops=(drop,), parts=parts), outcomes, name=name)

    def ended(
        self,
        execution: Execution,
        outcomes: Iterable[Outcome] = (),
        *,
        cursor: Any = None,
        name: str = "jobs",
        has_time: bool = True,
    ) -> dict[str, Any]:
        """Through JSON, as the state machine does."""
        write_record(self.aws, self.record)
        state = {
            **compact_input(execution),
            "outcomes": [outcome.to_state() for outcome in outcomes],
            "execution": MACHINE.replace(":stateMachine:", ":execution:") + f":{name}",
            "ended": cursor or {"at": 0, "status": "complete", "cause": ""},
        }
        ended = self.finisher.finish(
            EndedExecution.from_state(json.loads(json.dumps(state))), has_time=lambda: has_time
        )
        page: dict[str, Any] = json.loads(json.dumps(ended))
        return page

    def document(self, name: str, drop: Drop = DROP) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.aws.result(f"{drop.results_prefix}{name}"))
        return document


def body_of(ended: dict[str, Any]) -> dict[str, Any]:
    """The one notification's body, once both of its forms and its schema agree."""
    (notification,) = ended["announcements"]
    body: dict[str, Any] = json.loads(notification["detail"])
    assert json.loads(json.loads(notification["message"])["default"]) == body
    schema("notification").validate(body)
    return body


def email_of(ended: dict[str, Any]) -> str:
    return str(json.loads(ended["announcements"][0]["message"])["email"])
