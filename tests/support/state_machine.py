"""Executes a shipped state machine file in moto, with functions that a test scripts.

moto runs the Amazon States Language itself (retries, catches, waits, maps, service
integrations); only the Lambda functions behind it are the test's, as plain callables.
"""

import json
import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import boto3
from moto.awslambda_simple.models import LambdaSimpleBackend, lambda_simple_backends

from infra.project_files import STATE_MACHINES

REGION = "ap-southeast-2"
ACCOUNT = "123456789012"

Function = Callable[[dict[str, Any]], Any]


class ScriptedFunctions(LambdaSimpleBackend):
    """Answers invocations by calling the test's function; an exception becomes Lambda's error.

    One function runs at a time, whatever a Map has begun: moto's stores are not made for threads.
    """

    def __init__(self, region_name: str = REGION, account_id: str = ACCOUNT) -> None:
        super().__init__(region_name, account_id)
        self.functions: dict[str, Function] = {}
        self._turn = Lock()

    def invoke(
        self,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> str | bytes | None:
        name = function_name.rsplit(":", 1)[-1]
        try:
            with self._turn:
                result = self.functions[name](json.loads(body))
        except Exception as error:  # noqa: BLE001  whatever a function raises, Lambda reports
            response_headers["x-amz-function-error"] = "Unhandled"
            result = {
                "errorType": type(error).__name__,
                "errorMessage": str(error),
                "stackTrace": [],
            }
        return json.dumps(result).encode()


def install_functions(functions: Mapping[str, Function]) -> None:
    """Makes `functions`, by name, what moto's Lambda runs. Call inside `played_aws`."""
    backend = ScriptedFunctions()
    backend.functions.update(functions)
    lambda_simple_backends[ACCOUNT][REGION] = backend


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def filled(file_name: str, values: Mapping[str, str | int]) -> str:
    """The shipped definition with its placeholders filled; fails on one that has no value.

    As in `infra.project_files`, a number takes the place of a whole text.
    """
    text = (STATE_MACHINES / file_name).read_text(encoding="utf-8")
    for name, value in values.items():
        if isinstance(value, int):
            text = text.replace(f'"${{{name}}}"', str(value))
    return re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), text)


class Executions:
    """Starts executions of one definition and reads how they ended."""

    def __init__(self, name: str, definition: str) -> None:
        self._states = boto3.client("stepfunctions", region_name=REGION)
        machine = self._states.create_state_machine(
            name=name, definition=definition, roleArn=f"arn:aws:iam::{ACCOUNT}:role/states"
        )
        self._machine = machine["stateMachineArn"]

    def start(self, name: str, state: Mapping[str, Any]) -> str:
        started = self._states.start_execution(
            stateMachineArn=self._machine, name=name, input=json.dumps(state)
        )
        return started["executionArn"]

    def is_running(self, execution: str) -> bool:
        described = self._states.describe_execution(executionArn=execution)
        return described["status"] == "RUNNING"

    def ended(self, execution: str) -> dict[str, Any]:
        """The DescribeExecution answer; only for one that is no longer running."""
        return dict(self._states.describe_execution(executionArn=execution))

    def states_entered(self, execution: str) -> list[str]:
        """Names of the states in the order in which they were entered."""
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
