"""Creates a Lambda function with its role, its log group and its trigger from a `FunctionSpec`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.data import Data
from infra.aws.mail import MailService
from infra.aws.queues import Queues
from infra.aws.retention import log_group
from infra.aws.storage import Buckets
from infra.bindings import Bindings
from infra.environments import Environment
from infra.functions import FunctionSpec, ScheduleTrigger, worker

RUNTIME = lambda_.Runtime.PYTHON_3_13
"""The Python version for which `infra.aws.layers` builds layers."""


@dataclass(frozen=True)
class StackEnvironment:
    """The resources that functions use and that other stacks create."""

    environment: Environment
    vpc: ec2.IVpc
    data: Data
    queues: Queues
    buckets: Buckets
    mail: MailService
    reserved_concurrency: Mapping[str, int]
    """Maps functions to the concurrency that AWS reserves for them."""


def environment_function(scope: Construct, environment: Environment, queue: str) -> str:
    """Return the ARN of the function that consumes a queue. The function need not exist yet, because the ARN is built
    from its name."""
    return cdk.Stack.of(scope).format_arn(
        service="lambda",
        resource="function",
        resource_name=environment.resource(worker(queue)),
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


class LambdaFunction(Construct):
    """A function. Its role has only the permissions that follow from its declaration."""

    def __init__(
        self,
        scope: Construct,
        spec: FunctionSpec,
        stack_environment: StackEnvironment,
        *,
        bindings: Bindings,
        layers: Sequence[lambda_.ILayerVersion],
        policies: Sequence[iam.IManagedPolicy],
        security_group: ec2.ISecurityGroup,
        failed_schedules: sqs.Queue,
    ) -> None:
        super().__init__(scope, spec.name)
        self.spec = spec
        self._stack_environment = stack_environment
        self._failed_schedules = failed_schedules
        environment = stack_environment.environment
        name = environment.resource(spec.name)
        logs = log_group(self, "log", environment, f"/aws/lambda/{name}")
        self.role = iam.Role(
            self,
            "role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Permissions of {spec.name}",
            managed_policies=[*policies],
        )
        logs.grant_write(self.role)
        self._grant_permissions()
        self.function = lambda_.Function(
            self,
            "function",
            function_name=name,
            description=f"{spec.kind}: {spec.folder.name}",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            handler="handler.handler",
            code=lambda_.Code.from_asset(str(spec.folder), exclude=["function.toml", "__pycache__"]),
            layers=list(layers),
            memory_size=spec.memory,
            ephemeral_storage_size=cdk.Size.mebibytes(spec.disk) if "disk" in spec.model_fields_set else None,
            timeout=cdk.Duration.seconds(spec.timeout),
            environment=spec.environment(bindings),
            role=self.role.without_policy_updates(),
            tracing=lambda_.Tracing.ACTIVE if environment.settings.traces else lambda_.Tracing.PASS_THROUGH,
            log_group=logs,
            vpc=stack_environment.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="functions"),
            security_groups=[security_group],
            reserved_concurrent_executions=stack_environment.reserved_concurrency.get(spec.name),
        )
        # The policy of the role must exist before the function. Otherwise AWS would deny the first calls that the
        # function makes.
        self.function.node.add_dependency(self.role)
        # The rules of this group let the function reach the database. The rules must exist before an update sets
        # another address of the database in the function.
        self.function.node.add_dependency(security_group)
        self._add_trigger()

    def _grant_permissions(self) -> None:
        spec, resources = self.spec, self._stack_environment
        if spec.login and spec.uses & {"database:read", "database:write"}:
            self.role.add_managed_policy(resources.data.sign_in_policy(spec.login))
        for queue_name in spec.sends_to():
            resources.queues.by_name[queue_name].grant_send_messages(self.role)
        if spec.starts():
            workers = [environment_function(self, resources.environment, name) for name in spec.starts()]
            self.role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=workers))
        for bucket, verbs in spec.bucket_access().items():
            resources.buckets.grant(self.role, bucket, verbs)
        if "email" in spec.uses:
            resources.mail.grant_send(self.role)
        for queue in resources.queues.for_function(spec):
            queue.grant_consume_messages(self.role)

    def _add_trigger(self) -> None:
        spec = self.spec
        for queue in self._stack_environment.queues.for_function(spec):
            assert spec.queue is not None
            self.function.add_event_source(
                sources.SqsEventSource(
                    queue,
                    batch_size=spec.queue.batch_size,
                    max_batching_window=cdk.Duration.seconds(spec.queue.window) if spec.queue.window else None,
                    max_concurrency=spec.queue.maximum_concurrency,
                    report_batch_item_failures=True,
                )
            )
        if spec.schedule:
            self._add_schedule(spec.schedule)

    def _add_schedule(self, trigger: ScheduleTrigger) -> None:
        """Create the schedule as a CloudFormation resource, without the CDK construct for its target.

        The CDK construct would also allow the scheduler to call all other versions of the function.
        """
        caller = iam.Role(
            self,
            "caller",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
            ),
            description=f"Calls {self.spec.name}",
        )
        caller.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.function.function_arn])
        )
        caller.add_to_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self._failed_schedules.queue_arn])
        )
        schedule = scheduler.CfnSchedule(
            self,
            "schedule",
            name=self._stack_environment.environment.resource(self.spec.name),
            schedule_expression=trigger.expression,
            schedule_expression_timezone=trigger.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.function.function_arn,
                role_arn=caller.role_arn,
                # A failed run is repeated at most twice, within 5 minutes. If it still fails, the next run of the
                # schedule does its work.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=2, maximum_event_age_in_seconds=300
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self._failed_schedules.queue_arn),
            ),
        )
        schedule.node.add_dependency(caller)
