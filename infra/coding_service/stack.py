"""The CodingService stack: constructs, then the stack's outputs."""

from typing import Any
from urllib.parse import urlsplit

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.coding_service.amazon_ml_api import AmazonMlApi
from infra.coding_service.api import Api
from infra.coding_service.auth import Auth
from infra.coding_service.inference import Inference
from infra.coding_service.monitoring import watch_service
from infra.coding_service.storage import Storage
from infra.constructs.functions import FunctionFactory
from infra.constructs.keys import stack_key
from infra.network import NetworkStack
from infra.settings.service_addresses import ServiceAddresses
from infra.settings.settings import Settings


class CodingServiceStack(Stack):
    """An implementation of the batch-coding service; needs nothing from Pipeline.

    `addresses` say where Pipeline finds the service; `amazon_ml_api` is Amazon ML's API over the
    same models, or None where the settings ask for none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        network: NetworkStack | None,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        key = stack_key(self, "Key", settings=settings, purpose="Everything CodingService keeps")
        storage = Storage(self, "Storage", key=key, settings=settings)
        factory = FunctionFactory(
            settings=settings,
            key=key,
            package="coding_service",
            service="coding-service",
            network=network,
            environment={
                **storage.environment(local_cloud=bool(settings.local_cloud)),
                **_limits(settings),
            },
        )
        auth = Auth(self, "Auth", factory=factory)
        api = Api(self, "Api", auth=auth, storage=storage, factory=factory, key=key)
        inference = Inference(self, "Inference", storage=storage, factory=factory, key=key)
        self.amazon_ml_api = (
            AmazonMlApi(self, "MachineLearning", api=api, storage=storage, factory=factory, key=key)
            if settings.serves_amazon_ml
            else None
        )
        """Amazon ML's API over the same models; None where nobody needs it."""
        watch_service(
            self,
            auth=auth,
            api=api,
            inference=inference,
            amazon_ml_api=self.amazon_ml_api,
            key=key,
            settings=settings,
        )

        hosts = self._presigned_hosts(storage, settings)
        self.addresses = ServiceAddresses(api.url, auth.url, hosts)
        """The service's addresses for Pipeline."""
        outputs = {
            "ApiUrl": api.url,
            "AuthUrl": auth.url,
            "UserPoolId": auth.pool.user_pool_id,
            "OAuthScope": auth.scope,
            "PublicOAuthScope": auth.public_scope,
            "TokenSeconds": str(settings.token_seconds),
            "InputBucketName": storage.inputs.bucket_name,
            "OutputBucketName": storage.outputs.bucket_name,
            "ModelsBucketName": storage.models.bucket_name,
            "OperationsTableName": storage.operations.table_name,
            "InferenceStateMachineArn": inference.machine.state_machine_arn,
            "PresignedHosts": ",".join(hosts),
            **(self.amazon_ml_api.outputs() if self.amazon_ml_api else {}),
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _presigned_hosts(self, storage: Storage, settings: Settings) -> tuple[str, ...]:
        """The two buckets' own hosts: a pattern would let in everybody's buckets of the region."""
        if settings.local_cloud:
            return (urlsplit(settings.local_cloud).netloc,)
        return tuple(
            f"{bucket.bucket_name}.s3.{self.region}.{self.url_suffix}"
            for bucket in (storage.inputs, storage.outputs)
        )


def _limits(settings: Settings) -> dict[str, str]:
    return {
        "UPLOAD_WINDOW_SECONDS": str(settings.upload_window_seconds),
        "RESULTS_SECONDS": str(settings.results_seconds),
        "REQUESTS_PER_SECOND": str(settings.service_requests_per_second),
        "REQUEST_BURST": str(settings.service_burst),
        "REQUESTS_PER_DAY": str(settings.service_requests_per_day),
        "PUBLIC_REQUESTS_PER_DAY": str(settings.service_public_requests_per_day),
        "MAX_FILE_BYTES": str(settings.service_max_file_bytes),
        "INFERENCE_RANGE_BYTES": str(settings.inference_range_bytes),
    }
