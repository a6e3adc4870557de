"""The SQS queues: one queue and one dead-letter queue for every function that declares a queue."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.checks import acknowledge
from infra.environments import Environment
from infra.functions import DEAD_LETTERS_VISIBILITY, FunctionSpec, dead_letter_queue


class Queues(Construct):
    """All queues and dead-letter queues. `by_name` maps the names in the declarations to the queues."""

    def __init__(self, scope: Construct, environment: Environment, specs: Iterable[FunctionSpec]) -> None:
        super().__init__(scope, "queues")
        self._environment = environment
        self._specs = tuple(specs)
        self.by_name: Mapping[str, sqs.Queue] = {
            name: queue for spec in self._specs if spec.has_queue for name, queue in self._pair(spec).items()
        }

    def urls(self) -> dict[str, str]:
        """Return a mapping from queue name to URL."""
        return {name: queue.queue_url for name, queue in self.by_name.items()}

    def for_function(self, spec: FunctionSpec) -> list[sqs.Queue]:
        """Return the queues that trigger a function."""
        return [self.by_name[name] for name in spec.consumes(self._specs)]

    def _pair(self, spec: FunctionSpec) -> dict[str, sqs.Queue]:
        """Create the queue of a function and its dead-letter queue. Return a mapping from queue name to queue."""
        trigger = spec.queue
        if trigger is None:
            raise LookupError(f"{spec.name} has no [queue] table in its function.toml")
        dead_letters = sqs.Queue(
            self,
            dead_letter_queue(spec.queue_name),
            queue_name=self._environment.resource(dead_letter_queue(spec.queue_name)),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            visibility_timeout=cdk.Duration.seconds(DEAD_LETTERS_VISIBILITY),
        )
        queue = sqs.Queue(
            self,
            spec.queue_name,
            queue_name=self._environment.resource(spec.queue_name),
            # SQS encrypts the messages with a key that SQS manages. With the default KMS key for SQS, S3 could not send
            # messages to the queue. KMS calls also cost money.
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=cdk.Duration.seconds(trigger.visibility or 6 * spec.timeout),
            # This retention is shorter than the retention of the dead-letter queue, because a message keeps its age
            # when SQS moves it to the dead-letter queue.
            retention_period=cdk.Duration.days(trigger.retention_days),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=trigger.max_receives),
        )
        return {spec.queue_name: queue, dead_letter_queue(spec.queue_name): dead_letters}


def failed_schedules(scope: Construct, environment: Environment) -> sqs.Queue:
    """Create the queue for the events of schedules that EventBridge Scheduler could not deliver to a function."""
    queue = sqs.Queue(
        scope,
        "failed-schedules",
        queue_name=environment.resource("failed-schedules"),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
    )
    acknowledge(queue, "SQS3", "It is the dead-letter queue of the schedules")
    return queue


def allow_notifications(queue: sqs.Queue, bucket_arn: str) -> None:
    """Allow S3 to send the notifications of one bucket of this account to `queue`."""
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


def allow_events(queue: sqs.Queue, rule_arn: str) -> None:
    """Allow EventBridge to send the events of one rule to `queue`."""
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
        )
    )
