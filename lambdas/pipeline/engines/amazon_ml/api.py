"""Calls of Amazon ML, and what its errors mean (Amazon ML API reference, 2014-12-12)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from pipeline.errors import (
    AddressRefused,
    CredentialsMissing,
    CredentialsRefused,
    DropcoderError,
    ServiceBusy,
    ServiceRefused,
)
from pipeline.observability import quoted
from protocol.short_texts import LONGEST_REASON, cut
from shared.aws_errors import code_of, passes_by_itself

NOT_FOUND = "ResourceNotFoundException"
MISMATCH = "IdempotentParameterMismatchException"
BUSY_CODES = frozenset({"LimitExceededException", "InternalServerException"})
"""Beside those of all AWS services: too many operations at once, and a fault of its own."""
DENIED_CODES = frozenset(
    {
        "AccessDeniedException",
        "AccessDenied",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    }
)
"""Common errors of AWS services: the caller is unknown, or has no right to the call."""


class NotFound(Exception):
    """Amazon ML has no such record."""


class MachineLearning(Protocol):
    """The methods of boto3's client `machinelearning` that are called."""

    def create_data_source_from_s3(self, **request: Any) -> dict[str, Any]: ...
    def create_batch_prediction(self, **request: Any) -> dict[str, Any]: ...
    def get_batch_prediction(self, **request: Any) -> dict[str, Any]: ...
    def get_data_source(self, **request: Any) -> dict[str, Any]: ...
    def get_ml_model(self, **request: Any) -> dict[str, Any]: ...
    def describe_ml_models(self, **request: Any) -> dict[str, Any]: ...
    def delete_batch_prediction(self, **request: Any) -> dict[str, Any]: ...
    def delete_data_source(self, **request: Any) -> dict[str, Any]: ...


@dataclass(slots=True)
class AmazonMlClient:
    """Makes Amazon ML's calls, and sorts their errors; botocore has tried a few times by then.

    Every method raises the leaves of `errors` that `_meaning` gives, and `CredentialsMissing`.
    """

    connect: Callable[[], MachineLearning]
    """Makes a client; called again after credentials were refused."""
    _client: MachineLearning | None = field(default=None, init=False, repr=False)

    def create(
        self, prediction_id: str, *, model_id: str, name: str, source: Mapping[str, str], to: str
    ) -> None:
        """Creates a data source and a batch prediction on it, both with this id.

        Idempotent: the same again changes nothing. The prediction begins once the data source has
        been read (API reference, CreateDataSourceFromS3: PENDING will do)."""
        with self._calls() as client:
            client.create_data_source_from_s3(
                DataSourceId=prediction_id,
                DataSourceName=name,
                DataSpec=dict(source),
                ComputeStatistics=False,  # wanted for training alone
            )
            client.create_batch_prediction(
                BatchPredictionId=prediction_id,
                BatchPredictionName=name,
                MLModelId=model_id,
                BatchPredictionDataSourceId=prediction_id,
                OutputUri=to,
            )

    def prediction(self, prediction_id: str) -> dict[str, Any]:
        """The record of a batch prediction. Raises `NotFound`."""
        with self._calls() as client:
            return client.get_batch_prediction(BatchPredictionId=prediction_id)

    def data_source(self, prediction_id: str) -> dict[str, Any]:
        """The record of a prediction's data source. Raises `NotFound`."""
        with self._calls() as client:
            return client.get_data_source(DataSourceId=prediction_id)

    def model(self, model_id: str) -> dict[str, Any]:
        """The record of a model, with its schema. Raises `NotFound`."""
        with self._calls() as client:
            return client.get_ml_model(MLModelId=model_id, Verbose=True)

    def models_named(self, name: str) -> Iterator[dict[str, Any]]:
        """The records of the models with that name, in no certain order."""
        more: dict[str, str] = {}
        while True:
            with self._calls() as client:
                page = client.describe_ml_models(FilterVariable="Name", EQ=name, **more)
            yield from page.get("Results", [])
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def delete(self, prediction_id: str) -> None:
        """Deletes the prediction's and its data source's records; harmless where they are gone."""
        with suppress(NotFound), self._calls() as client:
            client.delete_batch_prediction(BatchPredictionId=prediction_id)
        with suppress(NotFound), self._calls() as client:
            client.delete_data_source(DataSourceId=prediction_id)

    @contextmanager
    def _calls(self) -> Iterator[MachineLearning]:
        """The client, whose errors are raised as what they mean."""
        try:
            self._client = self._client or self.connect()
            yield self._client
        except ClientError as error:
            if code_of(error) == NOT_FOUND:
                raise NotFound from None
            meaning = _meaning(error)
            if isinstance(meaning, CredentialsRefused):
                self._client = None  # they may have been corrected by the next call
            raise meaning from None
        except NoCredentialsError:
            raise CredentialsMissing("the function has no AWS credentials; deploy again") from None
        except SSLError:
            raise AddressRefused(
                "Amazon ML's certificate can't be verified; check the setting amazonMlUrl"
            ) from None
        except (BotoConnectionError, HTTPClientError) as error:
            # Texts of these errors hold the request's address; the kind is enough.
            raise ServiceBusy(f"Amazon ML can't be reached: {type(error).__name__}") from None


def _meaning(error: ClientError) -> DropcoderError:
    said = str(error.response.get("Error", {}).get("Message", ""))
    code, message = code_of(error), quoted(cut(said, LONGEST_REASON))
    said = f"Amazon ML answered {error.operation_name} with {code}: {message or 'nothing'}"
    if code in BUSY_CODES or passes_by_itself(error):
        return ServiceBusy(said)
    if code in DENIED_CODES:
        return CredentialsRefused(
            f"{said}; check the rights of the functions' roles or, where the service issues its "
            "own keys, the access key in its secret"
        )
    if code == MISMATCH:
        return ServiceRefused(f"{said}; the same id was used for something else")
    return ServiceRefused(said)
