"""Pipeline at a glance."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.constructs.alarms import PERIOD, Alarms
from infra.constructs.functions import TracedFunction
from infra.pipeline.ledger import Ledger
from infra.pipeline.monitoring.metrics import (
    STATUSES,
    of_executions,
    own,
    reads_held_back,
    writes_held_back,
)
from infra.pipeline.state_machine import DropStateMachine
from infra.settings.settings import Settings


def draw(
    dashboard: cloudwatch.Dashboard,
    *,
    alarms: Alarms,
    functions: Mapping[str, TracedFunction],
    state_machine: DropStateMachine,
    ledger: Ledger,
    settings: Settings,
) -> None:
    """Fills the dashboard: alarms first, then drops, the service, the parts of the stack.

    `functions` come by the name that they have in the graphs.
    """
    executions = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
    dashboard.add_widgets(
        cloudwatch.AlarmStatusWidget(title="Alarms", width=24, alarms=list(alarms.alarms.values()))
    )
    dashboard.add_widgets(
        _graph(
            "Drops",
            own(settings, "DropsAccepted"),
            *(own(settings, "DropsEnded", status=status) for status in STATUSES),
        ),
        _graph("Executions", *(of_executions(name, state_machine.arn) for name in executions)),
    )
    dashboard.add_widgets(
        _graph("Records coded", own(settings, "RecordsCoded")),
        _graph("Bytes submitted", own(settings, "BytesSubmitted")),
        _graph("Calls that waited", own(settings, "CallsWaited"), own(settings, "LimitExceeded")),
        _graph(
            "Age of results at collection, hours",
            own(settings, "ResultsAgeAtCollection", statistic="Maximum"),
        ),
    )
    dashboard.add_widgets(
        _graph(
            "Errors of functions",
            *(
                each.function.metric_errors(label=name, period=PERIOD)
                for name, each in functions.items()
            ),
        ),
        _graph(
            "Duration of functions, longest",
            *(
                each.function.metric_duration(label=name, period=PERIOD, statistic="Maximum")
                for name, each in functions.items()
            ),
        ),
        _graph("Ledger held back", reads_held_back(ledger.table), writes_held_back(ledger.table)),
    )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
