"""Objects as S3 announces them, to drops whose rows a service takes."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from bench.streams.function_variables import VARIABLES
from pipeline.clock import Clock
from pipeline.config import Environment
from pipeline.dependencies import Dependencies
from pipeline.domain.drop import Drop, Failure
from pipeline.errors import (
    CredentialsMissing,
    ServiceBusy,
    ServiceRefused,
    SettingInvalid,
    TopicUnknown,
)
from pipeline.ledger.drops import Drops
from pipeline.prepare import conversion, options
from pipeline.prepare.handler import (
    MOST_DEATHS,
    MOST_UNFORESEEN,
    Batch,
    Preparer,
    prepare_queues,
    preparer,
)
from pipeline.prepare.message import LONGEST_DELAY, MOST_TRIES, PrepareMessage
from pipeline.prepare.queues import PrepareQueues, smallest_first
from pipeline.rate_limit.limiter import RateLimited, Throttled
from pipeline.storage.chunked_file import CHUNK_BYTES
from pipeline.storage.dictionaries import DICTIONARIES
from pipeline.storage.prepared_table import PreparedTable
from protocol.messages import Model
from tables.dictionary.dictionary_file import dictionary_bytes, name_of
from tables.plan import TableFormat
from tests.support.pipeline.builders import SimulatedIo, lines
from tests.support.pipeline.clouds import DROPS, PREPARED, RESULTS, Cloud, cloud
from tests.support.pipeline.memory_service import a_model
from tests.support.state_machine import ACCOUNT, function_arn
from tests.support.tables.dictionaries import a_dictionary, an_entry

CSV = b"Case,Job title,Main tasks\n7,nurse,wards\n8,cook,\n9,,\n"
SENT = (
    b'{"recordId":"7","occp_text":"nurse","tasks_text":"wards"}\n'
    b'{"recordId":"8","occp_text":"cook","tasks_text":""}\n'
)


class Models:
    """Stands for the engine: prepare asks it for the model, and how long texts may be."""

    def __init__(self) -> None:
        self.most_characters = 300
        self.error: Exception | None = None
        self.turns: list[str | None] = []

    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        self.turns.append(turn)
        if self.error is not None:
            raise self.error
        return a_model()


class PrepareFixture:
    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.models = Models()
        self.seconds_left = 600.0
        self.settings: dict[str, str] = {}

    @property
    def drops(self) -> Drops:
        return Drops(self.aws.ledger, SimulatedIo().clock)

    @property
    def worker(self) -> Preparer:
        names = {"DROP_BUCKET": DROPS, "PREPARED_BUCKET": PREPARED, "RESULTS_BUCKET": RESULTS}
        environment = Environment.read({**VARIABLES, **names, **self.settings})
        deps = Dependencies(environment, Clock())
        deps.__dict__.update(s3=self.aws.s3, ledger=self.aws.ledger)
        return replace(preparer(deps, function_arn("prepare")), engine_of=lambda _: self.models)  # type: ignore[arg-type, return-value]

    def put(self, content: bytes, key: str = "anzsco/jobs.csv", **metadata: str) -> PrepareMessage:
        """Drops a file; the message of its event."""
        stored = self.aws.s3.put_object(Bucket=DROPS, Key=key, Body=content, Metadata=metadata)
        described = {
            "key": key,
            "size": len(content),
            "etag": stored["ETag"].strip('"'),
            "version-id": stored["VersionId"],
        }
        event = {
            "account": ACCOUNT,
            "time": "2026-11-21T12:00:00Z",
            "detail": {"bucket": {"name": DROPS}, "object": described},
        }
        return PrepareMessage.from_body(json.dumps(event))

    def prepare(self, message: PrepareMessage, *, deaths: int = 0) -> Drop | PrepareMessage | None:
        return self.worker.prepare(message, deaths=deaths, has_time=self.has_time)

    def has_time(self) -> bool:
        self.seconds_left -= 1
        return self.seconds_left > 0

    def drop(self, content: bytes, key: str = "anzsco/jobs.csv", **metadata: str) -> Drop:
        found = self.prepare(self.put(content, key, **metadata))
        assert isinstance(found, Drop)
        return found

    def retried(self, message: PrepareMessage) -> tuple[list[PrepareMessage], Drop]:
        """The messages that it went on with, until there was a drop."""
        again: list[PrepareMessage] = []
        while isinstance(found := self.prepare(message), PrepareMessage):
            again.append(found)
            message = PrepareMessage.from_body(found.to_body())
        assert found is not None
        return again, found

    def prepared_nothing(self) -> bool:
        return not self.aws.prepared_keys() and not self.models.turns

    def sent(self, drop: Drop) -> bytes:
        """The bytes that would be sent."""
        sent = drop.sent
        return self.aws.s3.get_object(Bucket=sent.bucket, Key=sent.key)["Body"].read()

    def table(self, drop: Drop) -> PreparedTable:
        assert drop.table is not None
        return msgspec.json.decode(self.aws.prepared(drop.table), type=PreparedTable)


@pytest.fixture
def fixture() -> Iterator[PrepareFixture]:
    with cloud() as aws:
        yield PrepareFixture(aws)


def should_write_the_rows_as_the_service_takes_them(fixture: PrepareFixture) -> None:
    drop = fixture.drop(CSV)
    assert fixture.sent(drop) == SENT
    assert drop.prepared is not None
    assert (drop.prepared.bucket, drop.prepared.size) == (PREPARED, len(SENT))
    table = fixture.table(drop)
    assert table.source == drop.dropped
    assert table.plan.format is TableFormat.CSV
    assert (table.plan.counts.rows, table.plan.counts.blank) == (3, 1)


def should_not_copy_json_lines_that_the_service_takes_as_they_are(fixture: PrepareFixture) -> None:
    drop = fixture.drop(lines(3), "anzsco/jobs.jsonl")
    assert drop.prepared is None
    assert drop.sent == drop.dropped
    assert not fixture.table(drop).plan.prepared


@pytest.mark.parametrize("key", ["anzsco/jobs.csv", "anzsco/jobs.jsonl"])
def should_shorten_to_what_the_engine_takes(fixture: PrepareFixture, key: str) -> None:
    fixture.models.most_characters = 20
    content = (
        lines(1, text="nurse in charge of wards")
        if key.endswith("jsonl")
        else (b"Job title\nnurse in charge of wards\n")
    )
    drop = fixture.drop(content, key)
    assert json.loads(fixture.sent(drop))["occp_text"] == "nurse in charge of"
    plan = fixture.table(drop).plan
    assert (plan.max_text_characters, plan.counts.shortened) == (20, 1)


def should_send_what_is_unpacked_when_it_is_as_the_service_takes_it(
    fixture: PrepareFixture,
) -> None:
    drop = fixture.drop(gzip.compress(lines(3)), "anzsco/jobs.jsonl.gz")
    assert fixture.sent(drop) == lines(3)
    assert fixture.table(drop).source == drop.prepared


def numbered(row: bytes, count: int) -> bytes:
    """Rows with texts that no other has."""
    return b"".join(row % number for number in range(count))


def should_read_it_again_with_the_fallback_when_it_is_no_utf8(fixture: PrepareFixture) -> None:
    rows = numbered(b"cook %d\n", 400_000)  # the first chunk is read as UTF-8 before that comes
    drop = fixture.drop(b"Job title\n" + rows + "Bäcker\n".encode("cp1252"))
    plan = fixture.table(drop).plan
    assert (plan.encoding, plan.encoding_assumed, plan.assumed_examples) == (
        *("cp1252", True),
        ("Bäcker",),
    )
    assert fixture.sent(drop).endswith("Bäcker".encode() + b'","tasks_text":""}\n')


def should_not_mix_encodings_when_a_message_comes_again_that_knows_of_none(
    fixture: PrepareFixture,
) -> None:
    content = b"Job title\n" + numbered(b"cook %d\n", 400_000) + b"B\xe4cker\n"
    fixture.seconds_left = 2.0  # is asked for once while it is read as UTF-8, and once again
    again = fixture.prepare(fixture.put(content))
    assert isinstance(again, PrepareMessage)
    assert again.encoding == "cp1252"
    # The function died before it could send that message: the earlier one comes again.
    fixture.seconds_left = 600.0
    found = fixture.prepare(replace(again, encoding=None))
    assert isinstance(found, Drop)
    assert fixture.table(found).plan.encoding == "cp1252"
    assert fixture.sent(found).endswith('"Bäcker","tasks_text":""}\n'.encode())
    assert fixture.sent(found).count(b"\n") == 400_001


def should_not_mix_encodings_when_the_byte_that_tells_lies_before_the_checkpoint(
    fixture: PrepareFixture,
) -> None:
    first = numbered(
        b"cook %d," + b"x" * 80 + b"\n", 15_000
    )  # more than is looked at for the header
    rows = first + b"B\xe4cker,\n" + numbered("Köchin %d,\n".encode(), 300_000)
    fixture.seconds_left = 1.0  # a checkpoint is kept behind the first chunk
    again = fixture.prepare(fixture.put(b"Job title,Notes\n" + rows))
    assert isinstance(again, PrepareMessage)
    assert again.encoding == "cp1252"
    fixture.seconds_left = 600.0
    _, found = fixture.retried(replace(again, encoding=None))
    assert fixture.table(found).plan.encoding == "cp1252"
    kept = fixture.sent(found).decode()
    assert (kept.count("KÃ¶chin"), kept.count("Köchin")) == (300_000, 0)


def should_begin_anew_when_columns_yaml_changes_between_two_invocations(
    fixture: PrepareFixture,
) -> None:
    fixture.aws.s3.put_object(Bucket=DROPS, Key="anzsco/columns.yaml", Body=b"columns: occp_text=A")
    fixture.seconds_left = 1.0
    rows = b"".join(b"nurse %d,cook %d\n" % (n, n) for n in range(400_000))
    again = fixture.prepare(fixture.put(b"A,B\n" + rows))
    assert isinstance(again, PrepareMessage)
    fixture.aws.s3.put_object(Bucket=DROPS, Key="anzsco/columns.yaml", Body=b"columns: occp_text=B")
    fixture.seconds_left = 600.0
    _, found = fixture.retried(again)
    sent = fixture.sent(found)
    assert (sent.count(b"nurse"), sent.count(b"cook")) == (0, 400_000)


@pytest.mark.parametrize(
    ("file", "metadata", "settings", "column"),
    [
        (None, {}, {"COLUMNS": '{"anzsco": {"occp_text": ["A"]}}'}, "A"),
        (b"columns: {occp_text: B}", {}, {"COLUMNS": '{"anzsco": {"occp_text": ["A"]}}'}, "B"),
        (b"columns: {occp_text: B}", {"columns": "occp_text=C"}, {}, "C"),
    ],
    ids=["setting", "file before setting", "metadata before file"],
)
def should_take_the_mapping_that_stands_nearest_to_the_file(
    fixture: PrepareFixture,
    file: bytes | None,
    metadata: dict[str, str],
    settings: dict[str, str],
    column: str,
) -> None:
    fixture.settings = settings
    if file is not None:
        fixture.aws.s3.put_object(Bucket=DROPS, Key="anzsco/columns.yaml", Body=file)
    drop = fixture.drop(b"A,B,C\na,b,c\n", **metadata)
    plan = fixture.table(drop).plan
    assert [plan.columns[place] for place in plan.mapping.fields["occp_text"]] == [column]


def should_map_the_ids_by_a_setting_too(fixture: PrepareFixture) -> None:
    fixture.settings = {"COLUMNS": '{"anzsco": {"recordId": ["Q1"], "no field": ["Q2"]}}'}
    plan = fixture.table(fixture.drop(b"Q1,Q2,Job title\n7,x,nurse\n")).plan
    assert plan.mapping.record_id == 0


def should_look_for_columns_yaml_in_the_folder_of_a_key_that_begins_with_a_slash(
    fixture: PrepareFixture,
) -> None:
    fixture.settings = {"DEFAULT_TOPIC": "anzsco"}
    for key, column in (("x/columns.yaml", b"A"), ("/x/columns.yaml", b"B")):
        content = b"columns: {occp_text: %b}" % column
        fixture.aws.s3.put_object(Bucket=DROPS, Key=key, Body=content)
    plan = fixture.table(fixture.drop(b"A,B\na,b\n", "/x/jobs.csv")).plan
    assert plan.mapping.fields["occp_text"] == (1,)


def should_say_why_when_a_table_is_refused(fixture: PrepareFixture) -> None:
    drop = fixture.drop(b"Age,Town\n7,Perth\n")
    assert drop.rejection is not None
    assert "occp_text" in drop.rejection.reason
    assert "--metadata" in drop.rejection.next_step
    assert drop.rejection.has_report is None
    assert fixture.aws.result_keys() == []


def should_report_the_rows_when_too_many_can_not_be_read(fixture: PrepareFixture) -> None:
    drop = fixture.drop(b'{"Job title": "nurse"}\n{nurse\n', "anzsco/jobs.jsonl")
    assert drop.rejection is not None
    assert drop.rejection.has_report
    report = json.loads(fixture.aws.result(f"{drop.results_prefix}rejection.json"))
    assert [fault["line"] for fault in report["faults"]] == [2]
    assert (report["faultCount"], report["lineCount"]) == (1, 2)


def should_pass_over_a_file_of_columns_a_marker_and_a_drop_that_is_known(
    fixture: PrepareFixture,
) -> None:
    assert fixture.prepare(fixture.put(b"columns: {}", "anzsco/columns.yaml")) is None
    assert fixture.prepare(fixture.put(b"", "anzsco/")) is None
    message = fixture.put(CSV)
    drop = fixture.prepare(message)
    assert isinstance(drop, Drop)
    fixture.drops.accept(drop)
    assert fixture.prepare(message) is None
    assert fixture.drops.known([drop.drop_id])[drop.drop_id] == drop


@pytest.mark.parametrize("told", [{"bucket": RESULTS}, {"account": "999999999999"}])
def should_leave_alone_what_was_created_in_another_bucket_or_account(
    fixture: PrepareFixture, caplog: pytest.LogCaptureFixture, told: dict[str, str]
) -> None:
    message = fixture.put(CSV)
    other = replace(message, created=replace(message.created, **told))  # type: ignore[arg-type]
    assert fixture.prepare(other) is None
    assert fixture.prepared_nothing()
    (logged,) = caplog.records
    assert logged.getMessage() == "left alone an event of another bucket or account"
    assert {**logged.__dict__, **told} == logged.__dict__


def should_hand_back_no_message_when_its_event_is_of_another_account(
    fixture: PrepareFixture,
) -> None:
    """It is deleted then: SQS does not deliver it again."""
    message = fixture.put(CSV)
    body = json.dumps({**message.event, "account": "999999999999"})
    batch = Batch(fixture.worker, PrepareQueues(None, "", ""), fixture.has_time)  # type: ignore[arg-type]
    batch.handle(smallest_first([{"messageId": "1", "body": body}], unreadable=batch.failed))
    assert batch.failed == []
    assert fixture.prepared_nothing()


def should_come_back_with_its_turn_when_no_call_is_free(fixture: PrepareFixture) -> None:
    fixture.models.error = RateLimited(7, "turn-1")
    message = fixture.put(CSV)
    again = fixture.prepare(message)
    assert isinstance(again, PrepareMessage)
    assert (again.delay, again.turn, again.tries) == (7, "turn-1", 0)
    fixture.models.error = None
    assert isinstance(fixture.prepare(PrepareMessage.from_body(again.to_body())), Drop)
    assert fixture.models.turns == [None, "turn-1"]


@pytest.mark.parametrize("error", [ServiceBusy("the service is away"), Throttled(6, "said")])
def should_try_again_for_an_hour_and_then_tell_when_the_service_is_busy(
    fixture: PrepareFixture, error: ServiceBusy | Throttled
) -> None:
    fixture.models.error = error
    again, drop = fixture.retried(fixture.put(CSV))
    delays = [each.delay for each in again]
    assert len(delays) == MOST_TRIES
    assert delays == sorted(delays)
    assert max(delays) <= LONGEST_DELAY
    assert 3_000 < sum(delays) < 7_200
    assert drop.failure == Failure("ServiceBusy", getattr(error, "said", str(error)))


@pytest.mark.parametrize("error", [ServiceRefused("no"), CredentialsMissing("the secret is empty")])
def should_fail_the_drop_with_the_error_when_nothing_passes_by_itself(
    fixture: PrepareFixture, error: Exception
) -> None:
    fixture.models.error = error
    drop = fixture.drop(CSV)
    assert drop.failure == Failure(type(error).__name__, str(error))


def should_leave_json_lines_to_submit_when_an_operator_is_needed(fixture: PrepareFixture) -> None:
    fixture.models.error = CredentialsMissing("the secret is empty")
    drop = fixture.drop(lines(2), "anzsco/jobs.jsonl")
    assert drop.failure is None
    assert drop.sent == drop.dropped


def should_reject_what_is_no_table_when_an_operator_is_needed(fixture: PrepareFixture) -> None:
    fixture.models.error = CredentialsMissing("the secret is empty")
    drop = fixture.drop(b"%PDF-1.7\n", "anzsco/jobs.pdf")
    assert drop.rejection is not None
    assert "PDF" in drop.rejection.reason


def should_leave_the_rows_alone_when_a_drop_that_was_sent_on_is_gone_on_with_again(
    fixture: PrepareFixture,
) -> None:
    again = replace(fixture.put(CSV), attempt="a1")
    drop = fixture.prepare(again)
    assert isinstance(drop, Drop)
    fixture.drops.accept(drop)
    assert fixture.prepare(again) is None


def should_reject_when_the_service_knows_no_such_topic(fixture: PrepareFixture) -> None:
    fixture.models.error = TopicUnknown("no such topic", next_step="use another folder")
    drop = fixture.drop(CSV)
    assert drop.rejection is not None
    assert (drop.rejection.reason, drop.rejection.next_step) == (
        *("no such topic", "use another folder"),
    )


def should_tell_in_the_end_when_something_unforeseen_happens(fixture: PrepareFixture) -> None:
    fixture.models.error = RuntimeError("a defect")
    again, drop = fixture.retried(fixture.put(CSV))
    assert len(again) == MOST_UNFORESEEN
    assert drop.failure == Failure("RuntimeError", "")


def should_tell_when_the_function_dies_on_a_file_each_time(fixture: PrepareFixture) -> None:
    message = fixture.put(CSV)
    dead = fixture.prepare(message, deaths=MOST_DEATHS)
    assert isinstance(dead, Drop)
    assert dead.failure is not None
    assert dead.failure.error == "PrepareDied"
    alive = fixture.prepare(message, deaths=MOST_DEATHS - 1)
    assert isinstance(alive, Drop)
    assert alive.failure is None


def should_go_on_where_it_ended_when_a_file_takes_several_invocations(
    fixture: PrepareFixture,
) -> None:
    rows = b"".join(
        b"%d,registered nurse on ward %d,night shifts\n" % (n, n) for n in range(400_000)
    )
    content = b"Id,Job title,Main tasks\n" + rows
    whole = fixture.sent(fixture.drop(content, "anzsco/whole.csv"))
    assert len(whole) > 3 * CHUNK_BYTES
    fixture.seconds_left = 1.0  # each call ends behind its first chunk
    again, drop = fixture.retried(fixture.put(content))
    assert len(again) > 2
    fixture.seconds_left = 600.0
    assert fixture.sent(drop) == whole
    assert fixture.table(drop).plan == fixture.table(fixture.drop(content, "anzsco/x.csv")).plan


def should_look_at_the_whole_file_before_it_goes_uncopied(
    fixture: PrepareFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = lines(2) + b'{"recordId": "r3", "occp_text": " ", "tasks_text": ""}\n'
    drop = fixture.drop(content, "anzsco/jobs.jsonl")
    assert fixture.sent(drop).count(b"\n") == 2
    monkeypatch.setattr(conversion, "WANTED_BYTES", 10)  # more is not looked through
    assert fixture.drop(lines(2), "anzsco/large.jsonl").prepared is not None
    monkeypatch.setattr(conversion, "MAX_TABLE_BYTES", 10)  # Submit checks so large a file itself
    huge = fixture.drop(content, "anzsco/huge.jsonl")
    assert (huge.prepared, huge.table) == (None, None)


def should_name_the_variable_when_a_queue_is_missing() -> None:
    deps = Dependencies(Environment.read(VARIABLES), Clock())
    with pytest.raises(SettingInvalid, match="ARRIVALS_QUEUE"):
        prepare_queues(deps)


def _learned(fixture: PrepareFixture, version: int, *titles: str) -> None:
    content = dictionary_bytes(a_dictionary(*map(an_entry, titles), version=version))
    key = f"{DICTIONARIES}anzsco/{name_of(version)}"
    fixture.aws.s3.put_object(Bucket=RESULTS, Key=key, Body=content)


def should_not_prepare_what_the_dictionary_has(fixture: PrepareFixture) -> None:
    _learned(fixture, 4, "COOK", "bus driver")
    assert fixture.sent(fixture.drop(CSV)) == SENT, "unless it is asked for"
    fixture.settings = {"USE_DICTIONARY": "anzsco"}
    drop = fixture.drop(CSV)
    assert fixture.sent(drop) == SENT.splitlines(keepends=True)[0]
    plan = fixture.table(drop).plan
    assert (plan.dictionary, plan.counts.known) == (4, 1)
    assert drop.is_to_be_coded
    lines_alone = fixture.drop(b'{"occp_text":"cook","tasks_text":""}\n', "anzsco/jobs.jsonl")
    assert lines_alone.is_known
    assert not lines_alone.is_to_be_coded
    assert Drop.from_state(lines_alone.to_state()) == lines_alone
    other = fixture.drop(CSV, "osca/jobs.csv")
    assert fixture.sent(other) == SENT


def should_send_texts_once_unless_the_file_is_too_large_to_expand_what_comes_out(
    fixture: PrepareFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"Job title\ncook\ncook\n"
    assert fixture.sent(fixture.drop(content)).count(b"cook") == 1
    monkeypatch.setattr(options, "MOST_SENT_ONCE_BYTES", len(content) - 1)
    assert fixture.sent(fixture.drop(content, "anzsco/again.csv")).count(b"cook") == 2


@pytest.mark.parametrize(("is_told", "by"), [(True, 1), (False, 2)])
def should_look_up_all_rows_in_one_version_of_which_the_next_invocation_is_told(
    fixture: PrepareFixture, monkeypatch: pytest.MonkeyPatch, is_told: bool, by: int
) -> None:
    """A fault in the first one leaves the message as it was: all begins anew, with the newest."""
    fixture.settings = {"USE_DICTIONARY": "anzsco", "DISTINCT_TEXTS": "false"}
    monkeypatch.setattr(conversion, "chunk_bytes_for", lambda _: 5 << 20)
    _learned(fixture, 1, "cook")
    rows = 300_000
    content = b"Job title\n" + b"cook\nnurse of a ward\n" * (rows // 2)
    message = fixture.put(content)
    fixture.seconds_left = 1
    found = fixture.prepare(message)
    assert isinstance(found, PrepareMessage), "it takes more than one invocation"
    _learned(fixture, 2, "cook", "nurse of a ward")
    fixture.seconds_left = 600
    again = PrepareMessage.from_body(found.to_body())
    drop = fixture.prepare(again if is_told else replace(again, dictionary=None))
    assert isinstance(drop, Drop)
    plan, known = fixture.table(drop).plan, by * rows // 2
    assert (plan.dictionary, plan.counts.known, plan.counts.sent) == (by, known, rows - known)
    assert fixture.sent(drop).count(b"\n") == rows - known


def should_send_no_lines_unprepared_that_the_dictionary_may_have(fixture: PrepareFixture) -> None:
    fixture.models.error = CredentialsMissing("no credentials")
    assert fixture.drop(lines(2), "anzsco/jobs.jsonl").is_to_be_coded
    fixture.settings = {"USE_DICTIONARY": "anzsco"}
    failed = fixture.drop(lines(2), "anzsco/jobs.jsonl")
    assert failed.failure is not None
    assert failed.failure.error == "CredentialsMissing"


def should_reject_with_the_reason_when_the_dictionary_is_damaged(fixture: PrepareFixture) -> None:
    fixture.settings = {"USE_DICTIONARY": "anzsco"}
    key = f"{DICTIONARIES}anzsco/{name_of(3)}"
    fixture.aws.s3.put_object(Bucket=RESULTS, Key=key, Body=b"decision,label\n")
    rejection = fixture.drop(CSV).rejection
    assert rejection is not None
    assert "dictionary-0003.csv lacks the column by" in rejection.reason
