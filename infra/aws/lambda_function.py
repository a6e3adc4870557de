"""One function on AWS, out of its FunctionSpec: code, layers, environment, role, log group and trigger."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.aws.data import Data
from infra.aws.mail import Mail
from infra.aws.queues import Queues
from infra.aws.retention import log_group
from infra.aws.storage import Buckets
from infra.environments import Environment
from infra.functions import Bindings, FunctionSpec, ScheduleTrigger

RUNTIME = lambda_.Runtime.PYTHON_3_13
"""The Python that `infra.aws.layers` builds for."""


@dataclass(frozen=True)
class Surroundings:
    """What functions stand among: the parts of the platform that they are bound and admitted to."""

    environment: Environment
    vpc: ec2.IVpc
    data: Data
    queues: Queues
    buckets: Buckets
    mail: Mail


class LambdaFunction(Construct):
    """A function with a role of its own, which may do what its declaration says and no more."""

    def __init__(
        self,
        scope: Construct,
        spec: FunctionSpec,
        among: Surroundings,
        *,
        bindings: Bindings,
        layers: Sequence[lambda_.ILayerVersion],
        network: iam.IManagedPolicy,
        security_group: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, spec.name)
        self.spec = spec
        self._among = among
        environment = among.environment
        name = environment.resource(spec.name)
        logs = log_group(self, "log", environment, f"/aws/lambda/{name}")
        self.role = iam.Role(
            self,
            "role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {spec.name} may do",
            managed_policies=[network],
        )
        logs.grant_write(self.role)
        self._permit()
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
            timeout=cdk.Duration.seconds(spec.timeout),
            environment=spec.environment(bindings),
            role=self.role.without_policy_updates(),
            log_group=logs,
            vpc=among.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="functions"),
            security_groups=[security_group],
            reserved_concurrent_executions=self._reserved(),
        )
        # Without its policy a function starts, and is refused by everything: the policy comes first.
        self.function.node.add_dependency(self.role)
        self._trigger()

    def _reserved(self) -> int | None:
        """Concurrency is reserved where a declaration asks for it; a queue bounds its workers by itself."""
        asked = "concurrency" in self.spec.model_fields_set and self.spec.queue is None
        return self.spec.concurrency if asked and self._among.environment.reserves_concurrency else None

    def _permit(self) -> None:
        spec, among = self.spec, self._among
        if spec.login and spec.uses & {"database:read", "database:write"}:
            self.role.add_managed_policy(among.data.sign_in(spec.login))
        for queue in spec.sends_to():
            among.queues.by_name[queue].grant_send_messages(self.role)
        for bucket, verbs in spec.bucket_access().items():
            among.buckets.grant(self.role, bucket, verbs)
        if "email" in spec.uses:
            among.mail.let_send(self.role)
        for each in among.queues.that_trigger(spec):
            each.grant_consume_messages(self.role)

    def _trigger(self) -> None:
        spec = self.spec
        for queue in self._among.queues.that_trigger(spec):
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
            self._schedule(spec.schedule)

    def _schedule(self, trigger: ScheduleTrigger) -> None:
        """By the resource itself: the target of CDK lets the scheduler call every version of the function."""
        caller = iam.Role(
            self,
            "caller",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
            ),
            description=f"Calls {self.spec.name}",
        )
        call = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.function.function_arn])
        caller.add_to_policy(call)
        schedule = scheduler.CfnSchedule(
            self,
            "schedule",
            name=self._among.environment.resource(self.spec.name),
            schedule_expression=trigger.expression,
            schedule_expression_timezone=trigger.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.function.function_arn,
                role_arn=caller.role_arn,
                # The next run does what this one could not: old ones are not made up for.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=2, maximum_event_age_in_seconds=300
                ),
            ),
        )
        schedule.node.add_dependency(caller)
