"""A queue and a dead-letter queue for every function of a queue."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.environments import Environment
from infra.functions import FunctionSpec, dead_letter_queue


class Queues(Construct):
    """Every queue, by the name that declarations give it."""

    def __init__(self, scope: Construct, environment: Environment, specs: Iterable[FunctionSpec]) -> None:
        super().__init__(scope, "queues")
        self._environment = environment
        self.by_name: Mapping[str, sqs.Queue] = {
            spec.queue_name: self._queue(spec) for spec in specs if spec.kind == "queue"
        }

    def urls(self) -> dict[str, str]:
        """Queue name → URL."""
        return {name: queue.queue_url for name, queue in self.by_name.items()}

    def _queue(self, spec: FunctionSpec) -> sqs.Queue:
        trigger = spec.queue
        if trigger is None:
            raise LookupError(f"{spec.name} is not triggered by a queue")
        dead_letters = sqs.Queue(
            self,
            dead_letter_queue(spec.queue_name),
            queue_name=self._environment.resource(dead_letter_queue(spec.queue_name)),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        return sqs.Queue(
            self,
            spec.queue_name,
            queue_name=self._environment.resource(spec.queue_name),
            # SQS' own key: with one of KMS, S3 could not send, and every message would be a call of KMS.
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=cdk.Duration.seconds(trigger.visibility or 6 * spec.timeout),
            # Less than the dead letters', whose clock runs from when a message was first sent.
            retention_period=cdk.Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=trigger.max_receives),
        )


def allow_notifications(queue: sqs.Queue, bucket_arn: str) -> None:
    """Let S3 send to `queue` on behalf of one bucket of this account."""
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("s3.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": bucket_arn},
                "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
            },
        )
    )
