"""Amazon ML's API, deployed: a session of the plain boto3 client, and what goes wrong."""

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from localcloud.cloud import LocalCloud
from localcloud.environment import REGION, client_exports
from localcloud.server import Server
from tests.support.cloud.breaking import kill
from tests.support.cloud.deployed import PREDICTION_BUCKET, SECOND_CLIENT, TOPIC
from tests.support.eventually import eventually
from tests.support.markdown import document

HEADER = "id,occp_text,tasks_text\n"
SCHEMA = json.dumps(
    {
        "version": "1.0",
        "rowId": "id",
        "dataFormat": "CSV",
        "dataFileContainsHeader": True,
        "attributes": [
            {"attributeName": "id", "attributeType": "CATEGORICAL"},
            {"attributeName": "occp_text", "attributeType": "TEXT"},
            {"attributeName": "tasks_text", "attributeType": "TEXT"},
        ],
    }
)
WORK = "coding_service.amazon_ml.work.handler"
QUICK = {"Delay": 1, "MaxAttempts": 120}


def client_of(cloud: LocalCloud, secret_id: str) -> Any:
    """The plain boto3 client, with the key in a secret and the address of the stack's output."""
    assert cloud.service is not None
    key = json.loads(cloud.secrets().get_secret_value(SecretId=secret_id)["SecretString"])
    made: Any = boto3.client
    return made(
        "machinelearning",
        region_name=REGION,
        endpoint_url=cloud.service.machine_learning_url,
        aws_access_key_id=key["accessKeyId"],
        aws_secret_access_key=key["secretAccessKey"],
        verify=str(cloud.reach.bundle),
    )


@pytest.fixture(scope="module")
def client(cloud: LocalCloud) -> Any:
    assert cloud.service is not None
    return client_of(cloud, cloud.service.machine_learning_key_secret)


@pytest.fixture(scope="module")
def other(cloud: LocalCloud) -> Any:
    """Another client of the service."""
    described = cloud.secrets().list_secrets(MaxResults=100)["SecretList"]
    (secret,) = [each for each in described if f"of {SECOND_CLIENT} for" in each["Description"]]
    return client_of(cloud, secret["ARN"])


@pytest.fixture(scope="module")
def bucket(cloud: LocalCloud) -> Iterator[str]:
    """A bucket that the settings name, with data."""
    s3 = cloud.s3()
    s3.create_bucket(
        Bucket=PREDICTION_BUCKET,
        CreateBucketConfiguration={"LocationConstraint": REGION},  # type: ignore[typeddict-item]
    )
    yield PREDICTION_BUCKET
    for each in s3.list_objects_v2(Bucket=PREDICTION_BUCKET).get("Contents", []):
        s3.delete_object(Bucket=PREDICTION_BUCKET, Key=each["Key"])
    s3.delete_bucket(Bucket=PREDICTION_BUCKET)


def put(cloud: LocalCloud, key: str, content: str) -> None:
    cloud.s3().put_object(Bucket=PREDICTION_BUCKET, Key=key, Body=content.encode())


def get(cloud: LocalCloud, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return cloud.s3().get_object(Bucket=bucket, Key=key)["Body"].read()


def create(client: Any, entity_id: str, location: str, output: str) -> None:
    """A data source and, while that is on its way, a prediction of it."""
    client.create_data_source_from_s3(
        DataSourceId=entity_id,
        DataSourceName=entity_id,
        DataSpec={"DataLocationS3": location, "DataSchema": SCHEMA},
    )
    model = client.describe_ml_models(FilterVariable="Name", EQ=TOPIC, SortOrder="dsc", Limit=1)[
        "Results"
    ][0]
    client.create_batch_prediction(
        BatchPredictionId=entity_id,
        BatchPredictionName=entity_id,
        MLModelId=model["MLModelId"],
        BatchPredictionDataSourceId=entity_id,
        OutputUri=output,
    )


def wait_for(client: Any, entity_id: str) -> None:
    client.get_waiter("batch_prediction_available").wait(
        FilterVariable="Name", EQ=entity_id, WaiterConfig=QUICK
    )


def should_run_the_session_of_the_document_word_for_word(
    cloud: LocalCloud, bucket: str, tmp_path: Path
) -> None:
    (session,) = [
        fence.body for fence in document("docs/engines.md").fences if fence.label == "session"
    ]
    assert cloud.service is not None
    outputs = {
        "MachineLearningUrl": cloud.service.machine_learning_url,
        "MachineLearningKeySecretArn": cloud.service.machine_learning_key_secret,
    }
    (tmp_path / "outputs.json").write_text(
        json.dumps({"dropcoder-CodingService": outputs}), "utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-c", session.replace("my-bucket", bucket)],
        cwd=tmp_path,
        env=client_exports(cloud.reach),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    nurse, bricklayer = (line.split() for line in done.stdout.splitlines())
    assert nurse[0] == "1"
    assert nurse[1].startswith("2544")
    assert bricklayer[:2] == ["2", "331111"]


def should_predict_files_in_a_session_of_the_plain_client(
    cloud: LocalCloud, client: Any, bucket: str
) -> None:
    put(cloud, "both/one.csv", HEADER + 'a,registered nurse,"cares, for patients"\nb,too few\n')
    put(cloud, "both/two.csv", HEADER + "".join(f"{n},bricklayer,\n" for n in range(3_000)))
    create(client, "session", f"s3://{bucket}/both/", f"s3://{bucket}/out")
    client.get_waiter("data_source_available").wait(
        FilterVariable="Name", EQ="session", WaiterConfig=QUICK
    )
    source = client.get_data_source(DataSourceId="session", Verbose=True)
    assert (source["NumberOfFiles"], source["Status"]) == (2, "COMPLETED")
    wait_for(client, "session")

    done = client.get_batch_prediction(BatchPredictionId="session")
    assert done["Status"] == "COMPLETED"
    assert (done["TotalRecordCount"], done["InvalidRecordCount"]) == (3_002, 1)
    manifest = json.loads(get(cloud, f"s3://{bucket}/out/batch-prediction/session.manifest"))
    assert manifest == {
        f"s3://{bucket}/both/{name}": f"s3://{bucket}/out/batch-prediction/result/session-{name}.gz"
        for name in ("one.csv", "two.csv")
    }
    first, second = (
        gzip.decompress(get(cloud, result)).decode().split("\n")[:-1]
        for result in manifest.values()
    )
    header, scored, blank = first
    assert blank == ""
    row = dict(zip(*csv.reader(io.StringIO(f"{header}\n{scored}\n")), strict=True))
    assert row.pop("tag") == "a"
    scores = {code: float(score) for code, score in row.items()}
    assert max(scores, key=lambda code: scores[code]).startswith("2544")  # registered nurses
    assert 0 < sum(scores.values()) <= 1.001
    assert [line.partition(",")[0] for line in second] == ["tag", *map(str, range(3_000))]

    client.update_batch_prediction(BatchPredictionId="session", BatchPredictionName="renamed")
    (found,) = client.describe_batch_predictions(FilterVariable="Name", EQ="renamed")["Results"]
    assert found["BatchPredictionId"] == "session"
    client.delete_batch_prediction(BatchPredictionId="session")
    assert client.get_batch_prediction(BatchPredictionId="session")["Status"] == "DELETED"


def should_complete_when_the_function_is_killed_while_it_codes(
    cloud: LocalCloud, server: Server, client: Any, bucket: str
) -> None:
    assert cloud.service is not None
    count = 66_000  # with such ids two ranges of much the same length: none is done at once
    rows = "".join(f"{n:0200},{n} bricklayer {n % 977},shift {n % 331}\n" for n in range(count))
    put(cloud, "long.csv", HEADER + rows)
    create(client, "killed", f"s3://{bucket}/long.csv", f"s3://{bucket}/killed")
    eventually(
        lambda: client.get_batch_prediction(BatchPredictionId="killed")["Status"],
        until=lambda status: status == "INPROGRESS",
    )
    eventually(lambda: work_files(cloud), until=lambda keys: "plan.json" in keys)
    assert kill(server, WORK) >= 1
    assert not [key for key in work_files(cloud) if key.endswith(".json") and key != "plan.json"]
    wait_for(client, "killed")
    done = client.get_batch_prediction(BatchPredictionId="killed")
    assert (done["TotalRecordCount"], done["InvalidRecordCount"]) == (count, 0)
    result = f"s3://{bucket}/killed/batch-prediction/result/killed-long.csv.gz"
    lines = gzip.decompress(get(cloud, result)).decode().split("\n")[:-1]
    assert lines[0].startswith("tag,")
    assert [int(line.partition(",")[0]) for line in lines[1:]] == list(range(count))


def work_files(cloud: LocalCloud) -> set[str]:
    """The names of what the service keeps of predictions that run."""
    assert cloud.service is not None
    found = cloud.s3().list_objects_v2(
        Bucket=cloud.service.output_bucket, Prefix="machine-learning/"
    )
    return {each["Key"].rpartition("/")[2] for each in found.get("Contents", [])} - {"log.txt"}


def should_fail_with_the_reason_when_the_bucket_does_not_allow_it(
    cloud: LocalCloud, client: Any, bucket: str
) -> None:
    assert cloud.service is not None
    closed = cloud.pipeline.results_bucket
    put(cloud, "small.csv", HEADER + "a,nurse,\n")
    create(client, "denied", f"s3://{bucket}/small.csv", f"s3://{closed}/out")
    with pytest.raises(WaiterError, match="failure"):
        wait_for(client, "denied")
    failed = client.get_batch_prediction(BatchPredictionId="denied")
    assert failed["Status"] == "FAILED"
    assert f"Access to s3://{closed}/out/" in failed["Message"]
    assert "s3:PutObject" in failed["Message"]


def should_refuse_a_wrong_secret_and_show_nothing_to_another_client(
    cloud: LocalCloud, client: Any, other: Any, bucket: str
) -> None:
    put(cloud, "own.csv", HEADER + "a,nurse,\n")
    create(client, "own", f"s3://{bucket}/own.csv", f"s3://{bucket}/own/")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        other.get_batch_prediction(BatchPredictionId="own")
    assert other.describe_data_sources()["Results"] == []
    wait_for(client, "own")
    assert cloud.service is not None
    made: Any = boto3.client
    forger = made(
        "machinelearning",
        region_name=REGION,
        endpoint_url=cloud.service.machine_learning_url,
        aws_access_key_id=_key_id(cloud),
        aws_secret_access_key="guessed",
        verify=str(cloud.reach.bundle),
    )
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        forger.get_batch_prediction(BatchPredictionId="own")


def _key_id(cloud: LocalCloud) -> str:
    assert cloud.service is not None
    secret = cloud.service.machine_learning_key_secret
    content = json.loads(cloud.secrets().get_secret_value(SecretId=secret)["SecretString"])
    return str(content["accessKeyId"])
