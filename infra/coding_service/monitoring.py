"""Alarms for every way in which the service fails its callers."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.coding_service.amazon_ml_api import AmazonMlApi
from infra.coding_service.api import Api
from infra.coding_service.auth import Auth
from infra.coding_service.inference import Inference
from infra.constructs.alarms import PERIOD, Alarms
from infra.settings.settings import Settings

SERVICE = "coding-service"  # as the functions name themselves in their metrics


def watch_service(
    scope: Construct,
    *,
    auth: Auth,
    api: Api,
    inference: Inference,
    amazon_ml_api: AmazonMlApi | None,
    key: kms.IKey,
    settings: Settings,
) -> Alarms:
    """The stack's alarms; docs/runbook.md has a section for each."""
    alarms = Alarms(scope, "Alarms", key=key, settings=settings)
    alarms.watch_queue(
        "UploadsLost",
        inference.lost_events,
        meaning="Uploads arrived whose inference was not started; their operations time out.",
    )
    machine = inference.machine
    alarms.watch(
        "InferenceFailed",
        machine.metric_failed(period=PERIOD, statistic="Sum"),
        meaning="Operations failed, or kept their results, for a reason that no caller can mend.",
    )
    alarms.watch(
        "InferenceTimedOut",
        machine.metric_timed_out(period=PERIOD, statistic="Sum"),
        meaning="Files were not coded within a week; their operations stay in_progress.",
    )
    alarms.watch(
        "InferenceAborted",
        machine.metric_aborted(period=PERIOD, statistic="Sum"),
        meaning="Somebody stopped executions; their operations stay in_progress.",
    )
    alarms.watch(
        "InferenceThrottled",
        machine.metric_throttled(period=PERIOD, statistic="Sum"),
        meaning="Step Functions holds inference back.",
    )
    alarms.watch(
        "ServiceServerErrors",
        api.rest.metric_server_error(period=PERIOD, statistic="Sum"),
        meaning="Callers were answered with 500 and more.",
    )
    alarms.watch(
        "PublishedModelsDamaged",
        cloudwatch.Metric(
            namespace=settings.metrics_namespace,
            metric_name="PublishedModelsDamaged",
            dimensions_map={"service": SERVICE},
            statistic="Maximum",
            period=PERIOD,
        ),
        meaning="A published model is not offered, as its card can't be read.",
    )
    for name, function in (
        ("Authorize", auth.function),
        ("Answer", api.function),
        ("Code", api.code),
        ("Arrive", inference.start),
        ("Settle", inference.lifecycle),
    ):
        alarms.watch_function(name, function)
    # A file that can't be coded is an error of this function whose reason its owner reads, so
    # errors alone ring no alarm: InferenceFailed does for those without a reason.
    alarms.watch(
        "InferThrottles",
        inference.code.function.metric_throttles(period=PERIOD, statistic="Sum"),
        meaning="Lambda held Infer back.",
    )
    if amazon_ml_api is not None:
        _watch_amazon_ml(alarms, amazon_ml_api)
    return alarms


def _watch_amazon_ml(alarms: Alarms, api: AmazonMlApi) -> None:
    predictions = api.machine
    alarms.watch(
        "PredictionsFailed",
        predictions.metric_failed(period=PERIOD, statistic="Sum"),
        meaning="Data sources or batch predictions failed for a reason that no caller can mend.",
    )
    alarms.watch(
        "PredictionsStuck",
        predictions.metric_timed_out(period=PERIOD, statistic="Sum"),
        meaning="Batch predictions did not end within a week; they stay INPROGRESS.",
    )
    alarms.watch(
        "PredictionsAborted",
        predictions.metric_aborted(period=PERIOD, statistic="Sum"),
        meaning="Somebody stopped executions; their predictions stay INPROGRESS.",
    )
    alarms.watch(
        "PredictionsThrottled",
        predictions.metric_throttled(period=PERIOD, statistic="Sum"),
        meaning="Step Functions holds batch predictions back.",
    )
    alarms.watch_function("MachineLearning", api.handler)
    alarms.watch(
        "PredictionWorkThrottles",
        api.work.function.metric_throttles(period=PERIOD, statistic="Sum"),
        meaning="Lambda held back the function that works on batch predictions.",
    )
