"""All that both stacks write where somebody might read it, and what must never be in it."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from localcloud.cloud import LocalCloud
from localcloud.registration import Client

PRESIGNED = re.compile(r"(?i)X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D|\\u003d)")
JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.")


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of text and where it was found."""

    place: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What to look for: what looks like a secret, and the secrets themselves."""

    values: Mapping[str, str] = field(repr=False)
    """The secret texts, and what each of them is."""

    @classmethod
    def of(cls, clients: Mapping[str, Client], tokens: Mapping[str, str]) -> "Secrets":
        values = {token: f"the token of {whose}" for whose, token in tokens.items()}
        for whose, client in clients.items():
            pair = f"{client.client_id}:{client.client_secret}".encode()
            values[client.client_secret] = f"the secret of {whose}"
            values[base64.b64encode(pair).decode("ascii")] = f"the Basic credentials of {whose}"
        return cls(values)

    def kinds_in(self, text: str) -> list[str]:
        """What kinds of secrets are in the text; never the secrets."""
        found = [kind for value, kind in self.values.items() if value in text]
        if PRESIGNED.search(text):
            found.append("a presigned URL")
        if JSON_WEB_TOKEN.search(text):
            found.append("a token")
        return found


def log_lines(cloud: LocalCloud) -> Iterator[Written]:
    """Every line of every log group."""
    logs = cloud.logs()
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                for event in events["events"]:
                    yield Written(name, event["message"])


def execution_texts(cloud: LocalCloud) -> Iterator[Written]:
    """Input, output, error and every event of the history of each execution of each machine."""
    states = cloud.stepfunctions()
    machines = [
        machine["stateMachineArn"]
        for page in states.get_paginator("list_state_machines").paginate()
        for machine in page["stateMachines"]
    ]
    for machine in machines:
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine):
            for execution in page["executions"]:
                arn, name = execution["executionArn"], execution["name"]
                described = states.describe_execution(executionArn=arn)
                yield Written(name, _as_text(described))
                histories = states.get_paginator("get_execution_history").paginate(executionArn=arn)
                for history in histories:
                    for event in history["events"]:
                        yield Written(f"{name}, event {event['id']}", _as_text(event))


def table_items(cloud: LocalCloud) -> Iterator[Written]:
    """Every item of every table: the ledger's and the service's."""
    tables = cloud.dynamodb()
    for page in tables.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            for items in tables.get_paginator("scan").paginate(TableName=table):
                for item in items["Items"]:
                    yield Written(table, _as_text(item))


def waiting_messages(cloud: LocalCloud) -> Iterator[Written]:
    """What lies in every queue, dead letters among it. It stays there."""
    queues = cloud.sqs()
    for page in queues.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            while messages := queues.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60
            ).get("Messages"):
                for message in messages:
                    yield Written(url.rpartition("/")[2], _as_text(message))


def result_files(cloud: LocalCloud) -> Iterator[Written]:
    """Every version of every object of the results bucket: outputs, manifests, reports."""
    s3, bucket = cloud.s3(), cloud.pipeline.results_bucket
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            key = version["Key"]
            body = s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"]
            yield Written(key, body.read().decode("utf-8", "replace"))  # workbooks are no text


def function_settings(cloud: LocalCloud) -> Iterator[Written]:
    """The settings of every function, its environment variables among them."""
    for page in cloud.functions().get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield Written(function["FunctionName"], _as_text(function))


PLACES: Mapping[str, Callable[[LocalCloud], Iterator[Written]]] = {
    "logs": log_lines,
    "executions": execution_texts,
    "tables": table_items,
    "queues": waiting_messages,
    "results": result_files,
    "functions": function_settings,
}


def _as_text(found: object) -> str:
    return json.dumps(found, default=str, ensure_ascii=False)
