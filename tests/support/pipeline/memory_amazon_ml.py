"""Amazon ML in memory: JSON 1.1 over loopback, every message checked against botocore's model.

It reads its input from the buckets of moto and leaves its scores there, as the service does.
"""

import csv
import gzip
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.validate import validate_parameters

from pipeline.engines.amazon_ml.api import MachineLearning
from tests.support.pipeline.clouds import REGION
from tests.support.pipeline.memory_service import TOPIC

if TYPE_CHECKING:
    from botocore.model import ServiceModel, StructureShape
    from mypy_boto3_s3 import S3Client

TARGET = "AmazonML_20141212."
MODEL_ID = "ml-anzsco-1"
ACCESS_KEY, SECRET_KEY = "AKIDCANARY", "canary-access-key-71"
EXCHANGE = "exchange"
CLASSES = ("234111", "234112", "254415")
CODES = """code,label,parent
2,Professionals,
23,"Design, Engineering, Science",2
234,Natural Scientists,23
2341,Agricultural Scientists,234
234111,Scientist,2341
234112,Other Scientist,2341
25,Health Professionals,2
254,Nurses,25
2544,Registered Nurses,254
254415,Nurse,2544
"""
Scores = Callable[[dict[str, str]], Sequence[float] | None]


def scientist(record: dict[str, str]) -> Sequence[float]:
    """As `memory_service.coded` has it: a scientist, or unsure."""
    return (0.3, 0.02, 0.01) if "unsure" in record["occp_text"] else (0.9, 0.05, 0.01)


@cache
def service_model() -> "ServiceModel":
    return botocore.session.get_session().get_service_model("machinelearning")


@dataclass
class Fault:
    """What one call answers instead; `done`: it was done all the same."""

    operation: str
    code: str
    status: int = 400
    done: bool = False
    """0 as the status: the connection is cut."""


@dataclass(repr=False)
class MemoryAmazonMl:
    s3: "S3Client"
    codes_at_once: bool = True
    scores: Scores = scientist
    header: tuple[str, ...] = ("tag", *CLASSES)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    data_sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    """Predictions in the order of their creation, those that were deleted too."""
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    access_keys: set[str] = field(default_factory=set)
    """The ids of those that calls were signed with."""
    address: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.add_model(MODEL_ID)

    def add_model(self, model_id: str, *, name: str = TOPIC, **changes: Any) -> None:
        attributes = [
            {"attributeName": each, "attributeType": "TEXT"} for each in ("occp_text", "tasks_text")
        ]
        self.models[model_id] = {
            "MLModelId": model_id,
            "Name": name,
            "Status": "COMPLETED",
            "MLModelType": "MULTICLASS",
            "CreatedAt": datetime(2026, 11, 1, tzinfo=UTC),
            "Schema": json.dumps({"version": "1.0", "attributes": attributes}),
            **changes,
        }

    @contextmanager
    def after_call(self) -> Iterator[str]:
        """Listens on the loopback interface; gives its address."""
        service = self

        class Connection(_Connection):
            owner = service

        server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self.address
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def client(self) -> MachineLearning:
        """boto3's own, unmodified; it tries once, so that a fault is seen."""
        return cast(
            MachineLearning,
            _session().client(
                "machinelearning",
                endpoint_url=self.address,
                config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
            ),
        )

    # What a test does to the service.

    def fail(self, prediction_id: str, why: str) -> None:
        self.predictions[prediction_id] |= {"Status": "FAILED", "Message": why}

    def finish(self, prediction_id: str) -> None:
        """Predicts; the scores and the manifest lie where they belong."""
        prediction = self.predictions[prediction_id]
        source = self.data_sources[prediction["BatchPredictionDataSourceId"]]
        rows = [self._scored(row, source) for row in self._rows(source)]
        self.write_scores(prediction_id, rows)
        prediction |= {
            "Status": "COMPLETED",
            "TotalRecordCount": len(rows),
            "InvalidRecordCount": rows.count(""),
        }

    def write_scores(self, prediction_id: str, rows: Sequence[str], *, members: int = 2) -> None:
        """As gzip of so many members, with the manifest that leads to it."""
        prediction = self.predictions[prediction_id]
        source = self.data_sources[prediction["BatchPredictionDataSourceId"]]
        bucket, folder = _place(prediction["OutputUri"])
        result = f"{folder}batch-prediction/result/{prediction_id}-input.csv.gz"
        lines = [",".join(self.header), *rows]
        cut = len(lines) // members
        content = b"".join(
            gzip.compress("".join(f"{line}\n" for line in some).encode())
            for some in (lines[:cut], lines[cut:])
        )
        self.s3.put_object(Bucket=bucket, Key=result, Body=content)
        manifest = {source["DataLocationS3"]: f"s3://{bucket}/{result}"}
        self.s3.put_object(
            Bucket=bucket,
            Key=f"{folder}batch-prediction/{prediction_id}.manifest",
            Body=json.dumps(manifest).encode(),
        )

    def _rows(self, source: dict[str, Any]) -> list[dict[str, str]]:
        bucket, key = _place(source["DataLocationS3"])
        content = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        schema = json.loads(source["DataSourceSchema"])
        header, *rows = list(csv.reader(io.StringIO(content)))
        assert header == [each["attributeName"] for each in schema["attributes"]]
        assert content.count("\n") == len(rows) + 1, "a value holds a line end"
        return [dict(zip(header, row, strict=True)) for row in rows]

    def _scored(self, row: dict[str, str], source: dict[str, Any]) -> str:
        scores = self.scores(row)
        if scores is None:
            return ""
        written = io.StringIO()
        row_id = json.loads(source["DataSourceSchema"])["rowId"]
        if not any(text.strip() for name, text in row.items() if name != row_id):
            scores = [0.0] * len(scores)  # nothing to code
        tag = row[row_id]
        csv.writer(written, lineterminator="").writerow([tag, *(f"{each:.6f}" for each in scores)])
        return written.getvalue()

    # The API.

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        """HTTP status and body; None where the connection is cut."""
        with self._lock:
            self.calls.append(operation)
            _check(request, service_model().operation_model(operation).input_shape)
            for fault in self.faults:
                if fault.operation in (operation, "*"):
                    self.faults.remove(fault)
                    if fault.done:
                        self._done(operation, request)
                    if not fault.status:
                        return 0, None
                    return fault.status, {"__type": fault.code, "message": "as the test wants it"}
            try:
                return 200, self._done(operation, request)
            except KeyError:
                return 400, {"__type": "ResourceNotFoundException", "message": "no such record"}
            except _Refused as refused:
                return 400, {"__type": refused.args[0], "message": "it is refused"}

    def _done(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        body = _METHODS[operation](self, request)
        _check(body, service_model().operation_model(operation).output_shape)
        return body

    def _create_data_source(self, request: dict[str, Any]) -> dict[str, Any]:
        spec, source_id = request["DataSpec"], request["DataSourceId"]
        made = {
            "DataSourceId": source_id,
            "DataLocationS3": spec["DataLocationS3"],
            "DataSourceSchema": spec["DataSchema"],
            "Status": "COMPLETED",
        }
        if self.data_sources.setdefault(source_id, made) != made:
            raise _Refused("IdempotentParameterMismatchException")
        return {"DataSourceId": source_id}

    def _create_prediction(self, request: dict[str, Any]) -> dict[str, Any]:
        prediction_id = request["BatchPredictionId"]
        known = (
            request["MLModelId"] in self.models
            and request["BatchPredictionDataSourceId"] in self.data_sources
        )
        if not known or any(each in request["OutputUri"][5:] for each in (":", "//", "/./")):
            raise _Refused("InvalidInputException")
        before = self.predictions.get(prediction_id)
        if before is None:
            self.predictions[prediction_id] = {**request, "Status": "INPROGRESS"}
            self.created.append(prediction_id)
        elif any(before[name] != value for name, value in request.items()):
            raise _Refused("IdempotentParameterMismatchException")
        return {"BatchPredictionId": prediction_id}

    def _get_prediction(self, request: dict[str, Any]) -> dict[str, Any]:
        prediction = self.predictions[request["BatchPredictionId"]]
        if prediction["Status"] == "INPROGRESS" and self.codes_at_once:
            self.finish(request["BatchPredictionId"])
        return {name: value for name, value in prediction.items() if name != "BatchPredictionName"}

    def _get_data_source(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.data_sources[request["DataSourceId"]]

    def _get_model(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.models[request["MLModelId"]]

    def _describe_models(self, request: dict[str, Any]) -> dict[str, Any]:
        """A page of one, so that pages are read on."""
        assert request["FilterVariable"] == "Name"
        found = [each for each in self.models.values() if each["Name"] == request["EQ"]]
        at = int(request.get("NextToken", 0))
        page = [{k: v for k, v in each.items() if k != "Schema"} for each in found[at : at + 1]]
        more = {"NextToken": str(at + 1)} if at + 1 < len(found) else {}
        return {"Results": page, **more}

    def _delete_prediction(self, request: dict[str, Any]) -> dict[str, Any]:
        del self.predictions[request["BatchPredictionId"]]
        return request

    def _delete_data_source(self, request: dict[str, Any]) -> dict[str, Any]:
        del self.data_sources[request["DataSourceId"]]
        return request


_METHODS: dict[str, Callable[[MemoryAmazonMl, dict[str, Any]], dict[str, Any]]] = {
    "CreateDataSourceFromS3": MemoryAmazonMl._create_data_source,
    "CreateBatchPrediction": MemoryAmazonMl._create_prediction,
    "GetBatchPrediction": MemoryAmazonMl._get_prediction,
    "GetDataSource": MemoryAmazonMl._get_data_source,
    "GetMLModel": MemoryAmazonMl._get_model,
    "DescribeMLModels": MemoryAmazonMl._describe_models,
    "DeleteBatchPrediction": MemoryAmazonMl._delete_prediction,
    "DeleteDataSource": MemoryAmazonMl._delete_data_source,
}


def _check(message: dict[str, Any], shape: "StructureShape | None") -> None:
    assert shape is not None
    validate_parameters(message, shape)


class _Refused(Exception):
    """With the error's code."""


class _Connection(BaseHTTPRequestHandler):
    owner: MemoryAmazonMl
    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds without a byte: keep-alive connections of finished tests end

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/x-amz-json-1.1"
        _, _, credential = self.headers["Authorization"].partition("AWS4-HMAC-SHA256 Credential=")
        self.owner.access_keys.add(credential.partition("/")[0])
        assert SECRET_KEY not in str(self.headers)
        operation = self.headers["X-Amz-Target"].removeprefix(TARGET)
        status, answer = self.owner.answer(operation, json.loads(body))
        if answer is None:
            self.close_connection = True
            return
        content = json.dumps(answer, default=lambda when: when.timestamp()).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@cache
def _session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
    )
