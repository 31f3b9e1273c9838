"""Function prepare: each created object becomes a drop, with rows as the service takes them.

Whatever happens, each drop goes on to receive: prepared, rejected with the reason, or failed. So
there is one way in which people are told.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.drop import Drop, Failure, Rejection
from pipeline.domain.identity import guid
from pipeline.engines.base import EngineOf
from pipeline.errors import (
    DropcoderError,
    OperatorNeeded,
    Rejected,
    ServiceBusy,
    SettingInvalid,
    TryAgain,
)
from pipeline.ledger.drops import Drops
from pipeline.observability import logger, observed, quoted
from pipeline.prepare.conversion import Conversion, PreparationUnfinished
from pipeline.prepare.message import PrepareMessage
from pipeline.prepare.options import COLUMNS_FILE, OptionsOfDrops
from pipeline.prepare.queues import PrepareQueues, PrepareRecord, smallest_first
from pipeline.prepare.reviewed import ReviewedFiles
from pipeline.prepare.s3_event import drop_from_event
from pipeline.rate_limit.limiter import RateLimited, Throttled
from pipeline.storage.dictionaries import Dictionaries
from pipeline.storage.multipart import MultipartFiles
from pipeline.validation.input_lines import InputFault, InputFaults
from pipeline.validation.rejection_report import Rejections
from protocol.records import input_format_of
from protocol.short_texts import LONGEST_REASON, cut
from tables.dictionary.dictionary import Dictionary
from tables.errors import TableRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEFT_SECONDS = 60.0  # a chunk and its checkpoint take a second or two; a slow S3 more; ours
MOST_DEATHS = 3  # a function that dies on a file does so again; ours
MOST_UNFORESEEN = 3  # tries of what nobody foresaw, which seldom passes; ours
DIED = (
    "the function that reads the file ended abruptly each time, perhaps as the file needs more "
    "memory than it has"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """Prepares one object at a time, each in as many invocations as it needs."""

    s3: "S3Client"
    drop_bucket: str
    account: str
    """The id of the function's account. Events of other buckets and accounts are none of ours."""
    drops: Drops
    engine_of: EngineOf
    options: OptionsOfDrops
    conversion: Conversion
    reviewed: ReviewedFiles
    dictionaries: Dictionaries
    rejections: Rejections
    default_topic: str | None
    model_id: Callable[[str, str], str | None] = guid

    def prepare(
        self, message: PrepareMessage, *, deaths: int, has_time: Callable[[], bool]
    ) -> Drop | PrepareMessage | None:
        """The drop that goes to receive, the message that goes on later, or None: nothing to do.

        `deaths` says how often an invocation with this message has ended abruptly. Raises `AwsBusy`
        where not even the drop is known.
        """
        drop = self._drop(message)
        if drop is None or drop.rejection is not None:
            return drop
        if deaths >= MOST_DEATHS:
            return replace(drop, failure=Failure("PrepareDied", DIED))
        attempt = message.attempt or uuid4().hex
        return self._outcome(drop, replace(message, attempt=attempt), has_time)

    def _outcome(
        self, drop: Drop, message: PrepareMessage, has_time: Callable[[], bool]
    ) -> Drop | PrepareMessage:
        try:
            return self._prepared(drop, message, has_time)
        except RateLimited as pending:
            return message.after_waiting(pending.wait_seconds, pending.turn)
        except PreparationUnfinished as unfinished:
            return replace(unfinished.message, tries=0, deaths=0, delay=0)
        except TryAgain as busy:
            return message.after_a_fault() or _failed(drop, busy)
        except Rejected as rejected:
            return replace(drop, rejection=Rejection(rejected.reason, rejected.next_step))
        except Exception as error:  # noqa: BLE001  a drop that nobody foresaw is told of too
            failed = _failed(drop, error)
            logger.warning(
                "could not be prepared",
                extra={"drop_id": drop.drop_id, "failure": str(failed.failure)},
            )
            foreseen = isinstance(error, DropcoderError) or message.tries >= MOST_UNFORESEEN
            return (None if foreseen else message.after_a_fault()) or failed

    def _drop(self, message: PrepareMessage) -> Drop | None:
        created = message.created
        if not created.is_of(self.drop_bucket, self.account):
            logger.error(
                "left alone an event of another bucket or account",
                extra={"bucket": created.bucket, "account": created.account},
            )
            return None
        if created.key.rpartition("/")[2] == COLUMNS_FILE:
            logger.info("took note of a file of columns", extra={"key": created.key})
            return None
        drop = drop_from_event(
            created, s3=self.s3, default_topic=self.default_topic, model_id=self.model_id
        )
        # Also where it is gone on with: to write its rows again would replace those that are sent.
        if drop is not None and self.drops.record(drop.drop_id):
            logger.info("the event was delivered again", extra={"drop_id": drop.drop_id})
            return None
        return drop

    def _prepared(self, drop: Drop, message: PrepareMessage, has_time: Callable[[], bool]) -> Drop:
        try:
            reviews = self.reviewed.drop_of(drop)
            if reviews is not None:
                return replace(drop, reviews=reviews)
            return self._converted(drop, message, has_time)
        except TableRefused as refused:
            return replace(drop, rejection=self._rejection(drop, refused))

    def _converted(self, drop: Drop, message: PrepareMessage, has_time: Callable[[], bool]) -> Drop:
        topic = drop.topic or ""
        engine = self.engine_of(topic)
        try:
            model = engine.model(topic, drop.model, turn=message.turn)
        except Throttled as refused:  # counts as a fault: the service may say so for ever
            raise ServiceBusy(refused.said) from None
        except OperatorNeeded:
            # Submit meets the same error, and its execution can be redriven once that is mended;
            # but it takes JSON Lines alone.
            looked_up = topic in self.options.settings.use_dictionary
            if looked_up or not self.conversion.is_json_lines(drop):
                raise
            return drop
        options = self.options.of(drop, input_format_of(model.input_format))
        options = replace(options, max_text_characters=engine.most_characters)
        dictionary = self._dictionary(topic, message.dictionary)
        if dictionary is not None:
            message = replace(message, dictionary=dictionary.version)
        return self.conversion.of(drop, options, message, has_time, dictionary)

    def _dictionary(self, topic: str, version: int | None) -> Dictionary | None:
        """That in which rows are looked up: of a version that an attempt began with, the same."""
        if topic not in self.options.settings.use_dictionary:
            return None
        if version is None:
            return self.dictionaries.newest(topic)
        return self.dictionaries.version(topic, version)

    def _rejection(self, drop: Drop, refused: TableRefused) -> Rejection:
        rejection = Rejection(_short(refused.reason), _short(refused.next_step))
        if not refused.rows:
            return rejection
        rejection = replace(rejection, has_report=True)
        faults = tuple(InputFault(number, text) for number, text in refused.rows)
        self.rejections.report_rows(
            drop, rejection, InputFaults(faults, refused.row_count, lines=refused.rows_in_all)
        )
        return rejection


def _failed(drop: Drop, error: Exception) -> Drop:
    """The text of an error that nobody foresaw may hold cells of the table: its name must do."""
    known = isinstance(error, DropcoderError | ClientError)
    return replace(drop, failure=Failure(type(error).__name__, _short(str(error)) if known else ""))


def _short(text: str) -> str:
    return quoted(cut(text, LONGEST_REASON))


def prepare_queues(deps: Dependencies) -> PrepareQueues:
    arrivals, prepared = deps.environment.arrivals_queue, deps.environment.prepared_queue
    if arrivals is None or prepared is None:
        raise SettingInvalid(
            "the environment variable ARRIVALS_QUEUE or PREPARED_QUEUE is missing; deploy again"
        )
    return PrepareQueues(deps.sqs, arrivals, prepared)


def preparer(deps: Dependencies, function_arn: str) -> Preparer:
    """`function_arn`: the function's own, `arn:<partition>:lambda:<region>:<account>:…`."""
    settings = deps.environment
    tables = settings.tables
    return Preparer(
        s3=deps.s3,
        drop_bucket=deps.drop_bucket,
        account=function_arn.split(":")[4],
        drops=deps.drops,
        engine_of=deps.engine_of,
        options=OptionsOfDrops(deps.s3, tables),
        conversion=Conversion(
            s3=deps.s3,
            reader=deps.table_reader,
            bucket=deps.prepared,
            files=MultipartFiles(deps.s3, tables.prepared_bucket),
            max_unpacked_bytes=tables.max_unpacked_bytes,
        ),
        reviewed=ReviewedFiles(deps.table_reader),
        dictionaries=Dictionaries(deps.s3, settings.results_bucket),
        rejections=Rejections(deps.results),
        default_topic=settings.default_topic,
        model_id=settings.engines.model_id,
    )


@dataclass(slots=True)
class Batch:
    """What one invocation makes of its messages.

    The drops of small files are sent on together, as they may share an operation; before a large
    file is begun, or one that the function has died on or beside, those that are ready go. One
    large file is begun in an invocation: what can't be gone on with needs all of its time.
    """

    worker: Preparer
    queues: PrepareQueues
    has_time: Callable[[], bool]
    ready: dict[str, Drop] = field(default_factory=dict)
    """By the id of the message."""
    failed: list[str] = field(default_factory=list)
    """The ids of messages that SQS has to deliver again."""
    has_large: bool = False
    """Whether a large file was begun."""

    def handle(self, records: Iterable[PrepareRecord]) -> None:
        """Handles the messages in this order."""
        for record in records:
            if record.is_large or record.deaths:
                self.send()
            try:
                self._handle(record)
            except Exception as error:  # noqa: BLE001  one bad message must not hold up the others
                self._fail(error, [record.message_id])
        self.send()

    def _handle(self, record: PrepareRecord) -> None:
        if not self.has_time() or (record.is_large and self.has_large):
            self.queues.send_back(replace(record.message, deaths=record.deaths))
            return
        self.has_large |= record.is_large
        found = self.worker.prepare(record.message, deaths=record.deaths, has_time=self.has_time)
        if isinstance(found, Drop):
            self.ready[record.message_id] = found
        elif found is not None:
            self.queues.send_back(found)

    def send(self) -> None:
        """Sends on what is ready."""
        ready, self.ready = self.ready, {}
        try:
            self.queues.send_on(ready.values())
        except Exception as error:  # noqa: BLE001  they are prepared again
            self._fail(error, list(ready))

    def _fail(self, error: Exception, messages: list[str]) -> None:
        logger.error(
            "could not be taken in; SQS will deliver the event again",
            extra={"error": type(error).__name__, "text": str(error)},
        )
        self.failed += messages


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes a batch of SQS; the answer names the messages that have to be delivered again."""
    deps = dependencies()

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() / 1000 > LEFT_SECONDS

    worker = preparer(deps, context.invoked_function_arn)
    batch = Batch(worker, prepare_queues(deps), has_time)
    batch.handle(smallest_first(event["Records"], unreadable=batch.failed))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in batch.failed]}
