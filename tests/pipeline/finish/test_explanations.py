import json

import pytest

from infra.project_files import STATE_MACHINES
from pipeline import errors
from pipeline.domain.progress import PartStatus, Progress
from pipeline.errors import DropcoderError, Rejected
from pipeline.finish.explanations import (
    NEXT_STEPS,
    UNEXPECTED,
    explain_error,
    explain_part,
)
from pipeline.observability import HIDDEN
from protocol.short_texts import LONGEST_REASON
from tests.pipeline.test_errors import leaves

CAUSE = json.dumps(
    {
        "errorMessage": 'the secret "c" has no credentials; fill it',
        "errorType": "CredentialsMissing",
        "stackTrace": ["line"] * 9,
    }
)


def should_have_a_next_step_for_every_error_that_leaves_python() -> None:
    leaving = leaves(DropcoderError) - leaves(Rejected)
    assert {leaf.__name__ for leaf in leaving} <= set(NEXT_STEPS)
    for name in NEXT_STEPS:
        assert hasattr(errors, name) or name.startswith("Execution")


def should_say_how_long_a_passing_error_was_met() -> None:
    machine = json.loads((STATE_MACHINES / "drop.asl.json").read_text(encoding="utf-8"))
    submit = machine["States"]["Code parts"]["ItemProcessor"]["States"]["Submit"]
    (passing,) = (each for each in submit["Retry"] if "ServiceBusy" in each["ErrorEquals"])
    waits = [
        min(passing["IntervalSeconds"] * passing["BackoffRate"] ** n, passing["MaxDelaySeconds"])
        for n in range(passing["MaxAttempts"])
    ]
    assert 3_000 < sum(waits) < 7_200  # half of it on average, as each wait is drawn
    for name in ("ServiceBusy", "StorageBusy", "AwsBusy"):
        assert "tried again and again for about an hour" in NEXT_STEPS[name]


def should_give_the_errors_own_message_when_lambda_reports_it() -> None:
    explanation = explain_error("CredentialsMissing", CAUSE)
    assert explanation.reason == 'The secret "c" has no credentials; fill it.'
    assert "secret" in explanation.next_step
    assert "redrive" in explanation.next_step


def should_give_the_message_when_the_cause_was_cut_short() -> None:
    assert explain_error("DropGone", CAUSE[:38]).reason == 'The secret "c" has.'
    assert explain_error("DropGone", "gone").reason == "Gone."
    assert explain_error("DropGone", "").reason == "DropGone."


def should_name_the_error_when_nobody_foresaw_it() -> None:
    explanation = explain_error("KeyError", '{"errorMessage": "\'x\'", "errorType": "KeyError"}')
    assert explanation.reason == "An unexpected error ended the work: KeyError: 'x'."
    assert explanation.next_step == UNEXPECTED
    assert explain_error("States.Runtime", "").reason == (
        "An unexpected error ended the work: States.Runtime."
    )


@pytest.mark.parametrize("error", ["ExecutionAborted", "ExecutionTimedOut"])
def should_say_so_when_the_execution_was_ended_from_outside(error: str) -> None:
    assert "execution" in (explain_error(error, "").reason or "")


def should_be_short_and_without_secrets_when_the_cause_is_neither() -> None:
    explanation = explain_error(
        "ServiceRefused", "see https://b/k?X-Amz-Signature=canary " + "x" * 5000
    )
    assert explanation.reason is not None
    assert "canary" not in explanation.reason
    assert HIDDEN in explanation.reason
    assert len(explanation.reason) <= LONGEST_REASON


def should_send_to_the_report_when_lines_are_faulty() -> None:
    explanation = explain_part(
        Progress(status=PartStatus.REJECTED, reason="2 lines are faulty", faults=2)
    )
    assert explanation.reason == "2 lines are faulty."
    assert "report" in explanation.next_step


def should_say_how_to_name_keys_when_the_service_knows_no_such_topic() -> None:
    explanation = explain_part(
        Progress(status=PartStatus.REJECTED, reason="the topic does not exist")
    )
    assert "<topic>/" in explanation.next_step


@pytest.mark.parametrize(("attempt", "times"), [(1, "once"), (3, "3 times")])
def should_say_how_often_it_was_tried_when_operations_timed_out(attempt: int, times: str) -> None:
    explanation = explain_part(Progress(status=PartStatus.TIMED_OUT, attempt=attempt))
    assert times in (explanation.reason or "")


def should_quote_the_service_when_inference_failed() -> None:
    explanation = explain_part(Progress(status=PartStatus.FAILED, reason="line 3 lacks tasks_text"))
    assert explanation.reason == "The service could not code the file: line 3 lacks tasks_text."


def should_read_the_caught_error_when_the_part_was_refused() -> None:
    caught = Progress(status=PartStatus.FAILED, error="ResultsGone", cause=CAUSE)
    assert explain_part(caught) == explain_error("ResultsGone", CAUSE)
