"""docs/privacy.md says how long things are kept as the templates and the functions have it."""

import re

from erasure import remains
from pipeline.ledger import drops, groups, parts
from tests.infra.conftest import Deployment
from tests.support.markdown import document, table_rows

PAGE = document("docs/privacy.md")
DAY = 86_400


def days_said(where: str) -> list[int]:
    """The numbers of days in the row of a place."""
    rows = table_rows(PAGE.section("What lies where"))
    (found,) = [row for row in rows if row[0].startswith(where)]
    return [int(number) for number in re.findall(r"\d+", found[-1])]


def lifecycle_days(deployment: Deployment, bucket: str, rule: str) -> list[int]:
    """The days of a lifecycle rule of a bucket: until an object ends, and then its versions."""
    (found,) = [
        each
        for name, properties in deployment.resources("AWS::S3::Bucket", "Pipeline").items()
        if bucket in name
        for each in properties["LifecycleConfiguration"]["Rules"]
        if each.get("Id") == rule
    ]
    noncurrent = found.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    upload = found.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
    return [each for each in (found.get("ExpirationInDays"), noncurrent, upload) if each]


def should_say_how_long_buckets_keep_things(alone: Deployment) -> None:
    assert days_said("bucket of prepared files") == lifecycle_days(
        alone, "Prepared", "ForgetPrepared"
    )
    assert days_said("results bucket") == lifecycle_days(alone, "Results", "ForgetReplacedResults")
    pieces = lifecycle_days(alone, "Results", "ForgetPieces")
    assert days_said("… below `.pieces/`")[0] == pieces[0]
    assert pieces[1] == 1  # "and a day more"
    exchange = lifecycle_days(alone, "Exchange", "DeleteWhatFailuresLeft")
    assert days_said("exchange bucket") == exchange == [remains.EXCHANGE_DAYS]
    unfinished = lifecycle_days(alone, "Drops", "EndAbandonedUploads")
    assert days_said("uploads to these") == unfinished


def should_say_how_long_the_ledger_queues_and_logs_keep_things(alone: Deployment) -> None:
    kept = [each.KEPT_SECONDS // DAY for each in (drops, parts, groups)]
    assert days_said("ledger") == kept
    queues = alone.resources("AWS::SQS::Queue", "Pipeline").values()
    assert {each["MessageRetentionPeriod"] for each in queues} == {remains.QUEUE_DAYS * DAY}
    assert days_said("queues") == [remains.QUEUE_DAYS]
    assert days_said("execution history") == [remains.HISTORY_DAYS]
    assert days_said("… its backups") == [remains.RECOVERY_DAYS]
    groups_of_logs = alone.resources("AWS::Logs::LogGroup", "Pipeline").values()
    (log_days,) = {each["RetentionInDays"] for each in groups_of_logs}
    assert days_said("logs and traces") == [log_days, remains.TRACE_DAYS]
    assert alone.pipeline["Outputs"]["LogRetentionDays"]["Value"] == str(log_days)
