"""The API through boto3: every operation's answers, idempotency, isolation and errors."""

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.coding_service.amazon_ml import (
    ALICE,
    BOB,
    DATA,
    FIELDS,
    HEADER,
    OUTPUTS,
    SCHEMA,
    TOPIC,
    World,
)

LOCATION = f"s3://{DATA}/in.csv"
SOURCE = {
    "DataSourceId": "ds",
    "DataSourceName": "One",
    "DataSpec": {"DataLocationS3": LOCATION, "DataSchema": json.dumps(SCHEMA)},
    "ComputeStatistics": True,
}


def prediction(world: World, **changes: str) -> dict[str, str]:
    return {
        "BatchPredictionId": "bp",
        "MLModelId": world.catalogue.latest(TOPIC).model_id,
        "BatchPredictionDataSourceId": "ds",
        "OutputUri": f"s3://{DATA}/out/",
        **changes,
    }


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert re.fullmatch("[0-9a-f-]{36}", error["ResponseMetadata"]["RequestId"])
    return error["Error"]["Code"], error["Error"]["Message"]


def should_log_each_answer_with_its_status(world: World, log: io.StringIO) -> None:
    client = world.client()
    client.describe_ml_models()
    refused(client.get_data_source, DataSourceId="ds")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    answers = [line["status_code"] for line in lines if line["message"] == "answered"]
    assert answers == [200, 400]


def should_show_a_data_source_from_pending_to_completed(world: World) -> None:
    client = world.client()
    world.put("in.csv", HEADER + "1,school bus driver,\n")
    assert client.create_data_source_from_s3(**SOURCE)["DataSourceId"] == "ds"
    pending = client.get_data_source(DataSourceId="ds")
    assert pending["Status"] == "PENDING"
    assert pending["Name"] == "One"
    assert pending["CreatedByIamUser"].endswith(":user/alice")
    assert not {"StartedAt", "FinishedAt", "ComputeTime", "DataSourceSchema"} & set(pending)
    world.work()
    done = client.get_data_source(DataSourceId="ds", Verbose=True)
    assert done["Status"] == "COMPLETED"
    assert done["NumberOfFiles"] == 1
    assert done["DataSizeInBytes"] == len(HEADER) + 21
    assert done["StartedAt"] <= done["FinishedAt"]
    assert done["ComputeTime"] == 0
    assert json.loads(done["DataSourceSchema"]) == SCHEMA


def should_refuse_a_schema_and_a_rearrangement_at_once(world: World) -> None:
    create = world.client().create_data_source_from_s3
    spec = {"DataLocationS3": LOCATION}
    for wrong, word in (
        ({}, "either DataSchema or"),
        ({"DataSchema": "{}", "DataSchemaLocationS3": LOCATION}, "either DataSchema or"),
        ({"DataSchema": "{"}, "not JSON"),
        ({"DataSchema": json.dumps({**SCHEMA, "rowId": "other"})}, "rowId"),
        ({"DataSchema": json.dumps({**SCHEMA, "dataFormat": "TSV"})}, "dataFormat"),
        (
            {
                "DataSchema": json.dumps(SCHEMA),
                "DataRearrangement": '{"splitting":{"percentBegin":0}}',
            },
            "DataRearrangement",
        ),
    ):
        code, message = refused(create, DataSourceId="ds", DataSpec={**spec, **wrong})
        assert code == "InvalidInputException"
        assert word in message
    assert world.states.starts == 0


def should_create_once_when_the_same_call_comes_again(world: World) -> None:
    client = world.client()
    world.put("in.csv", HEADER + "1,school bus driver,\n")
    for _ in range(2):
        client.create_data_source_from_s3(**SOURCE)
    assert len(world.states.started) == 1
    code, _ = refused(client.create_data_source_from_s3, **{**SOURCE, "DataSourceName": "Two"})
    assert code == "IdempotentParameterMismatchException"
    world.work()
    for _ in range(2):
        client.create_batch_prediction(**prediction(world))
    assert len(world.states.started) == 1
    changed = prediction(world, OutputUri=f"s3://{DATA}/elsewhere/")
    code, _ = refused(client.create_batch_prediction, **changed)
    assert code == "IdempotentParameterMismatchException"
    world.work()
    client.update_batch_prediction(BatchPredictionId="bp", BatchPredictionName="renamed")
    client.create_batch_prediction(**prediction(world))  # what it was created with, still
    assert world.states.started == {}


def should_start_the_work_when_a_call_is_repeated_that_died_before_it(world: World) -> None:
    world.put("in.csv", HEADER + "1,baker,\n")
    world.client().create_data_source_from_s3(**SOURCE)
    world.states.started.clear()  # the function died before it started the execution
    world.client().create_data_source_from_s3(**SOURCE)
    world.work()
    assert world.client().get_data_source(DataSourceId="ds")["Status"] == "COMPLETED"


def should_show_a_prediction_with_the_members_of_its_status(world: World) -> None:
    client = world.client()
    world.put("in.csv", HEADER + "1,school bus driver,\n2,too few\n")
    world.source(location=LOCATION)
    client.create_batch_prediction(**prediction(world, BatchPredictionName="First"))
    pending = client.get_batch_prediction(BatchPredictionId="bp")
    assert pending["Status"] == "PENDING"
    assert pending["InputDataLocationS3"] == LOCATION
    later = {"StartedAt", "FinishedAt", "ComputeTime", "TotalRecordCount", "LogUri"}
    assert not later & set(pending)
    world.work()
    done = client.get_batch_prediction(BatchPredictionId="bp")
    assert done["Status"] == "COMPLETED"
    assert later <= set(done)
    assert (done["TotalRecordCount"], done["InvalidRecordCount"]) == (2, 1)
    assert done["Name"] == "First"
    client.update_batch_prediction(BatchPredictionId="bp", BatchPredictionName="Second")
    assert client.get_batch_prediction(BatchPredictionId="bp")["Name"] == "Second"
    client.delete_batch_prediction(BatchPredictionId="bp")
    assert client.get_batch_prediction(BatchPredictionId="bp")["Status"] == "DELETED"
    code, _ = refused(
        client.update_batch_prediction, BatchPredictionId="bp", BatchPredictionName="Third"
    )
    assert code == "InvalidInputException"


@pytest.mark.parametrize("key", ["a:b/", "a//b", "a/./b", "a/../b"])
def should_refuse_an_output_uri_that_the_reference_forbids(world: World, key: str) -> None:
    world.put("in.csv", HEADER + "1,baker,\n")
    world.source(location=LOCATION)
    code, message = refused(
        world.client().create_batch_prediction,
        **prediction(world, OutputUri=f"s3://{DATA}/{key}"),
    )
    assert code == "InvalidInputException"
    assert "OutputUri" in message


def should_let_nobody_into_the_services_own_bucket(world: World) -> None:
    client, schema = world.client(), json.dumps(SCHEMA)
    inside = f"s3://{OUTPUTS}/machine-learning/"
    for spec in (
        {"DataLocationS3": inside, "DataSchema": schema},
        {"DataLocationS3": LOCATION, "DataSchemaLocationS3": inside},
    ):
        code, message = refused(client.create_data_source_from_s3, DataSourceId="x", DataSpec=spec)
        assert (code, "service's own" in message) == ("InvalidInputException", True)
    world.source(location=world.put("in.csv", HEADER + "1,baker,\n"))
    code, message = refused(client.create_batch_prediction, **prediction(world, OutputUri=inside))
    assert (code, "service's own" in message) == ("InvalidInputException", True)


def should_refuse_a_prediction_of_what_is_not_there(world: World) -> None:
    create = world.client().create_batch_prediction
    code, message = refused(create, **prediction(world, MLModelId="none"))
    assert (code, "MLModel" in message) == ("InvalidInputException", True)
    code, message = refused(create, **prediction(world))
    assert (code, "DataSource" in message) == ("InvalidInputException", True)


def should_not_find_what_is_not_there(world: World) -> None:
    client = world.client()
    for call, request in (
        (client.get_data_source, {"DataSourceId": "x"}),
        (client.delete_data_source, {"DataSourceId": "x"}),
        (client.get_batch_prediction, {"BatchPredictionId": "x"}),
        (client.delete_batch_prediction, {"BatchPredictionId": "x"}),
        (
            client.update_batch_prediction,
            {"BatchPredictionId": "x", "BatchPredictionName": "y"},
        ),
        (client.get_ml_model, {"MLModelId": "x"}),
    ):
        code, message = refused(call, **request)
        assert code == "ResourceNotFoundException"
        assert "x" in message


def should_show_a_client_only_what_is_its_own(world: World) -> None:
    world.put("in.csv", HEADER + "1,baker,\n")
    world.source(location=LOCATION, client=ALICE)
    world.predict(client=ALICE)
    bob = world.client(BOB)
    assert bob.describe_data_sources()["Results"] == []
    assert bob.describe_batch_predictions()["Results"] == []
    assert refused(bob.get_data_source, DataSourceId="ds")[0] == "ResourceNotFoundException"
    assert refused(bob.create_batch_prediction, **prediction(world))[0] == "InvalidInputException"
    # The same id is bob's own to use.
    world.source(location=LOCATION, client=BOB)
    assert bob.get_data_source(DataSourceId="ds")["CreatedByIamUser"].endswith(":user/bob")


def should_show_models_by_topic_with_their_schema(world: World) -> None:
    client = world.client()
    found = client.describe_ml_models(FilterVariable="Name", EQ=TOPIC, SortOrder="dsc")["Results"]
    card = world.catalogue.latest(TOPIC)
    assert [each["MLModelId"] for each in found] == [card.model_id]
    assert found[0]["MLModelType"] == "MULTICLASS"
    assert found[0]["Status"] == "COMPLETED"
    assert found[0]["CreatedAt"].astimezone(UTC) == datetime(2026, 1, 31, tzinfo=UTC)
    verbose = client.get_ml_model(MLModelId=card.model_id, Verbose=True)
    names = [each["attributeName"] for each in json.loads(verbose["Schema"])["attributes"]]
    assert tuple(names) == FIELDS == card.input_format
    assert "Schema" not in client.get_ml_model(MLModelId=card.model_id)


def should_answer_internal_error_without_internals(world: World) -> None:
    client = world.client()
    world.table.delete()
    with pytest.raises(ClientError) as caught:
        client.get_data_source(DataSourceId="x")
    answer = caught.value.response
    assert answer["Error"]["Code"] == "InternalServerException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "Table" not in answer["Error"]["Message"]


def should_throttle_when_a_client_calls_too_often(world: World) -> None:
    world.per_day = 1
    world.client().describe_ml_models()
    code, message = refused(world.client().describe_ml_models)
    assert code == "ThrottlingException"
    assert "UTC day" in message
    world.client(BOB).describe_ml_models()  # has calls of its own


@pytest.mark.parametrize("name", ["predict", "create_ml_model", "add_tags"])
def should_not_know_an_operation_when_the_service_does_not_speak_it(
    world: World, name: str
) -> None:
    requests: dict[str, dict[str, Any]] = {
        "predict": {
            "MLModelId": "m",
            "Record": {},
            "PredictEndpoint": "https://api.example/live/machinelearning",
        },
        "create_ml_model": {
            "MLModelId": "m",
            "MLModelType": "MULTICLASS",
            "TrainingDataSourceId": "d",
        },
        "add_tags": {"Tags": [], "ResourceId": "x", "ResourceType": "MLModel"},
    }
    call = getattr(world.client(), name)
    assert refused(call, **requests[name])[0] == "UnknownOperationException"
