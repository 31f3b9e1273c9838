"""Pipeline: drives a coding service for every file that is dropped in a bucket."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.constructs.functions import FunctionFactory
from infra.constructs.keys import stack_key
from infra.network import NetworkStack
from infra.pipeline.amazon_ml import AmazonMl, AmazonMlService
from infra.pipeline.credentials import Credentials
from infra.pipeline.environment import function_environment
from infra.pipeline.ledger import Ledger
from infra.pipeline.monitoring.monitoring import Monitoring
from infra.pipeline.notifications import Notifications
from infra.pipeline.prepare import Prepare, PreparedFiles
from infra.pipeline.principals import let_principals_in
from infra.pipeline.receive import Receive
from infra.pipeline.report_failure import ReportFailure
from infra.pipeline.results import Results
from infra.pipeline.state_machine import DropStateMachine
from infra.pipeline.tasks import Tasks
from infra.settings.service_addresses import ServiceAddresses
from infra.settings.settings import Settings


class PipelineStack(Stack):
    """What every user deploys."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        service: ServiceAddresses,
        amazon_ml_service: AmazonMlService,
        network: NetworkStack | None,
        **options: Any,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Dropcoder: codes the files dropped in a bucket",
            **options,
        )
        key = stack_key(self, "Key", settings=settings, purpose="Dropcoder Pipeline: all it keeps")
        ledger = Ledger(self, "Ledger", key=key, settings=settings)
        results = Results(self, "Results", key=key, settings=settings)
        prepared = PreparedFiles(self, "Prepared", key=key, settings=settings)
        credentials = Credentials(self, "Credentials", key=key, settings=settings)
        amazon_ml = (
            AmazonMl(self, "AmazonMl", key=key, settings=settings, service=amazon_ml_service)
            if settings.topics_of("amazon-ml")
            else None
        )
        notifications = Notifications(self, "Notifications", key=key, settings=settings)
        functions = FunctionFactory(
            settings=settings,
            key=key,
            package="pipeline",
            service="pipeline",
            network=network,
            environment=function_environment(
                settings,
                service,
                ledger=ledger,
                results=results,
                prepared=prepared,
                credentials=credentials,
                amazon_ml=amazon_ml,
            ),
        )
        tasks = Tasks(self, "Tasks", functions=functions)
        state_machine = DropStateMachine(
            self,
            "Workflow",
            key=key,
            settings=settings,
            tasks=tasks,
            results=results,
            notifications=notifications,
        )
        receive = Receive(
            self,
            "Intake",
            key=key,
            settings=settings,
            functions=functions,
            state_machine=state_machine,
        )
        prepare = Prepare(self, "Prepare", functions=functions, receive=receive, settings=settings)
        report_failure = ReportFailure(
            self, "Rescue", key=key, functions=functions, state_machine=state_machine
        )
        monitoring = Monitoring(
            self,
            "Monitoring",
            key=key,
            settings=settings,
            receive=receive,
            prepare=prepare,
            tasks=tasks,
            state_machine=state_machine,
            report_failure=report_failure,
            ledger=ledger,
            notifications=notifications,
        )

        prepare.handler.allow(*receive.may_read(), *receive.may_prepare(), *ledger.may_keep())
        prepare.handler.allow(*prepared.may_write(), *credentials.may_use(), *results.may_report())
        receive.handler.allow(*receive.may_read(), *receive.may_receive(), *ledger.may_keep())
        receive.handler.allow(*prepared.may_read(), state_machine.may_start(), ledger.may_look_up())
        receive.handler.allow(*results.may_list_pieces())
        tasks.submit.allow(*receive.may_read(), *ledger.may_keep(), *credentials.may_use())
        tasks.submit.allow(*results.may_report(), *prepared.may_read(), ledger.may_look_up())
        tasks.check.allow(*ledger.may_keep(), *credentials.may_use())
        tasks.collect.allow(*ledger.may_keep(), *credentials.may_use())
        tasks.collect.allow(*results.may_collect())
        tasks.collect.allow(ledger.may_look_up(), ledger.may_list())
        tasks.finish.allow(*ledger.may_keep(), ledger.may_look_up(), ledger.may_list())
        tasks.finish.allow(*results.may_finish(), *receive.may_read(), *prepared.may_finish())
        if amazon_ml is not None:
            prepare.handler.allow(*amazon_ml.may_find_models())
            tasks.submit.allow(*amazon_ml.may_submit())
            tasks.check.allow(*amazon_ml.may_check())
            tasks.collect.allow(*amazon_ml.may_collect())
            amazon_ml.acknowledge_calls(tasks)
            CfnOutput(self, "ExchangeBucketName", value=amazon_ml.exchange.bucket_name)
        if settings.use_dictionary:
            prepare.handler.allow(*results.may_look_up())
        if settings.topics_of("coding-service-small"):
            tasks.submit.allow(*prepared.may_take_operations_apart())
            tasks.check.allow(*prepared.may_see_operations())
            tasks.collect.allow(*prepared.may_code_operations())
        let_principals_in(receive.bucket, results.bucket, key=key, settings=settings)
        state_machine.let_start(tasks.finish)
        report_failure.handler.allow(state_machine.may_start(), *state_machine.may_describe())

        for name, value in (
            ("DropBucketName", receive.bucket.bucket_name),
            ("ResultsBucketName", results.bucket.bucket_name),
            ("PreparedBucketName", prepared.bucket.bucket_name),
            ("NotificationTopicArn", notifications.topic.topic_arn),
            ("OperatorsTopicArn", monitoring.alarms.topic.topic_arn),
            ("StateMachineArn", state_machine.arn),
            ("LedgerTableName", ledger.table.table_name),
            ("CredentialsSecretArn", credentials.client_arn),
            ("TokenSecretArn", credentials.token_arn),
            ("DashboardName", monitoring.dashboard.dashboard_name),
            ("KeyArn", key.key_arn),
            ("LogRetentionDays", str(settings.log_retention_days)),
        ):
            CfnOutput(self, name, value=value)
