"""Puts a text where the stacks write, so that the search for such texts can be seen to find it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from localcloud.cloud import LocalCloud
from tests.support.cloud.deployed import changed_function

NAME = "planted"


@contextmanager
def in_logs(cloud: LocalCloud, text: str) -> Iterator[None]:
    logs = cloud.logs()
    logs.create_log_group(logGroupName=NAME)
    try:
        logs.create_log_stream(logGroupName=NAME, logStreamName=NAME)
        logs.put_log_events(
            logGroupName=NAME,
            logStreamName=NAME,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": text}],
        )
        yield
    finally:
        logs.delete_log_group(logGroupName=NAME)


@contextmanager
def in_executions(cloud: LocalCloud, text: str) -> Iterator[None]:
    states = cloud.stepfunctions()
    role = states.describe_state_machine(stateMachineArn=cloud.pipeline.state_machine)["roleArn"]
    definition = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}
    machine = states.create_state_machine(
        name=NAME, definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    try:
        states.start_execution(stateMachineArn=machine, input=json.dumps({"text": text}))
        yield
    finally:
        states.delete_state_machine(stateMachineArn=machine)


@contextmanager
def in_tables(cloud: LocalCloud, text: str) -> Iterator[None]:
    tables, table = cloud.dynamodb(), cloud.pipeline.ledger_table
    described = tables.describe_table(TableName=table)["Table"]["KeySchema"]
    key = {each["AttributeName"]: {"S": NAME} for each in described}
    tables.put_item(TableName=table, Item={**key, "text": {"S": text}})
    try:
        yield
    finally:
        tables.delete_item(TableName=table, Key=key)


@contextmanager
def in_queues(cloud: LocalCloud, text: str) -> Iterator[None]:
    queues = cloud.sqs()
    url = queues.create_queue(QueueName=NAME)["QueueUrl"]
    try:
        queues.send_message(QueueUrl=url, MessageBody=text)
        yield
    finally:
        queues.delete_queue(QueueUrl=url)


@contextmanager
def in_results(cloud: LocalCloud, text: str) -> Iterator[None]:
    s3, bucket = cloud.s3(), cloud.pipeline.results_bucket
    version = s3.put_object(Bucket=bucket, Key=NAME, Body=text.encode())["VersionId"]
    try:
        yield
    finally:
        s3.delete_object(Bucket=bucket, Key=NAME, VersionId=version)


@contextmanager
def in_functions(cloud: LocalCloud, text: str) -> Iterator[None]:
    with changed_function(cloud, "pipeline.finish.handler", TOKEN_PREFIX=text):
        yield


PLANTERS: Mapping[str, Callable[[LocalCloud, str], AbstractContextManager[None]]] = {
    "logs": in_logs,
    "executions": in_executions,
    "tables": in_tables,
    "queues": in_queues,
    "results": in_results,
    "functions": in_functions,
}
