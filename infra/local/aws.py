"""Emulates S3, SQS, SES, Secrets Manager and Scheduler with ministack.

This module also creates the queues and buckets that the functions declare.

This is the observed durability of ministack 1.5.33. It writes S3 objects and their versions to disk immediately, so
they survive a kill. It writes queues, messages and the configuration of buckets to disk only at a normal stop. At the
first start after a kill, ministack restores and delivers the messages of its last normal stop. Messages that were sent
after that stop are lost.

Messages can also be lost or repeated on AWS, but rarely. The platform tolerates lost and repeated messages: workers
accept repeated messages, and the table `jobs` shows which jobs still have to run. After a kill, only missing queues and
buckets must be created again. `provision` creates them at every start.
"""

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from infra.functions import (
    DEAD_LETTERS_VISIBILITY,
    LOCKED_BUCKETS,
    FunctionSpec,
    QueueTrigger,
    bucket_names,
    dead_letter_queue,
)
from infra.local.processes import Process, http_ok
from infra.local.service import Service

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.config import Config
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sesv2.client import SESV2Client
    from mypy_boto3_sqs.client import SQSClient

REGION = "us-east-1"
ACCOUNT = "000000000000"
MAIL_DOMAIN = "wecelebrate.test"
MAIL_FROM = f"wecelebrate <mail@{MAIL_DOMAIN}>"
MAIL_CONFIGURATION_SET = "mail"
_FOURTEEN_DAYS_IN_SECONDS = 14 * 24 * 3600


class Aws(Service):
    """The emulated AWS services of one local cloud. Example:

    `with Aws(state, free_port(), functions()) as aws: aws.s3.put_object(Bucket=aws.buckets["drops"], …)`
    """

    def __init__(self, state: Path, port: int, specs: Sequence[FunctionSpec] = ()) -> None:
        self.state = state
        self.port = port
        self.specs = tuple(specs)
        folder = state / "aws"
        self.process = Process(
            "aws",
            [sys.executable, "-m", "ministack"],
            state,
            self._ready,
            ports={"aws": port},
            environment={
                "BIND_HOST": "127.0.0.1",
                # All queue URLs begin with this host, even if the Host header of a request names another host.
                "MINISTACK_HOST": "127.0.0.1",
                "MINISTACK_REGION": REGION,
                "GATEWAY_PORT": str(port),
                # Without IoT, ministack starts much faster. With IoT, it would also listen on 0.0.0.0:8883, although
                # BIND_HOST is set.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "SERVICES": "s3,sqs,ses,secretsmanager,scheduler",
                "S3_PERSIST": "1",
                "S3_DATA_DIR": str(folder / "s3"),
                "PERSIST_STATE": "1",
                "STATE_DIR": str(folder / "state"),
                "TMPDIR": str(folder),
                "LOG_LEVEL": "WARNING",
                "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
            },
        )
        self.queues: Mapping[str, str] = {}
        """Queue name → URL, for all queues and dead-letter queues. Empty until `start` has returned."""

    @property
    def url(self) -> str:
        """The URL of the endpoint that all emulated services share."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def buckets(self) -> Mapping[str, str]:
        """Maps the names of buckets in `function.toml` to their names in the local S3."""
        return {name: f"wecelebrate-local-{name}" for name in bucket_names(self.specs)}

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which boto3 calls the emulated services."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    @property
    def s3(self) -> "S3Client":
        """A new client for S3."""
        return self._session.client("s3", endpoint_url=self.url, config=_no_proxy())

    @property
    def sqs(self) -> "SQSClient":
        """A new client for SQS."""
        return self._session.client("sqs", endpoint_url=self.url, config=_no_proxy())

    @property
    def ses(self) -> "SESV2Client":
        """A new client for SES."""
        return self._session.client("sesv2", endpoint_url=self.url, config=_no_proxy())

    def start(self) -> None:
        """Start ministack, and create the resources that do not exist yet. Raises LocalCloudError."""
        (self.state / "aws").mkdir(parents=True, exist_ok=True)
        self.process.start()
        self.provision()

    def stop(self) -> None:
        self.process.stop()

    def provision(self) -> None:
        """Create or update the resources that the functions declare. This method is idempotent.

        The resources are queues, dead-letter queues, buckets, bucket notifications and the mail sender.
        """
        sqs = self.sqs
        queues: dict[str, str] = {}
        for spec in self.specs:
            if spec.queue and spec.has_queue:
                dead_letters = dead_letter_queue(spec.queue_name)
                queues[dead_letters] = _ensure_queue(
                    sqs,
                    dead_letters,
                    {
                        "MessageRetentionPeriod": str(_FOURTEEN_DAYS_IN_SECONDS),
                        "VisibilityTimeout": str(DEAD_LETTERS_VISIBILITY),
                    },
                )
                attributes = _queue_attributes(spec, spec.queue, dead_letters)
                queues[spec.queue_name] = _ensure_queue(sqs, spec.queue_name, attributes)
        self.queues = queues
        s3 = self.s3
        for name, bucket in self.buckets.items():
            with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
                s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=name in LOCKED_BUCKETS)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            if days := LOCKED_BUCKETS.get(name):
                _lock_objects(s3, bucket, days)
            queue_names = [spec.queue_name for spec in self.specs if spec.queue and spec.queue.bucket == name]
            _configure_notifications(s3, bucket, queue_names)
        if any("email" in spec.uses for spec in self.specs):
            _configure_mail(self.ses)

    @cached_property
    def _session(self) -> "Session":
        """The session that all clients share, because a new session reads the description of all AWS endpoints
        again."""
        from boto3 import Session

        return Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106

    def _ready(self) -> bool:
        return http_ok(self.port, "/_ministack/health")


def _no_proxy() -> "Config":
    from botocore.config import Config

    # Do not use an HTTP proxy that the developer has configured. Such a proxy cannot reach 127.0.0.1 of this machine.
    return Config(proxies={})


def queue_arn(name: str) -> str:
    """Return the ARN of a queue in the local cloud."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def _queue_attributes(spec: FunctionSpec, trigger: QueueTrigger, dead_letters: str) -> dict[str, str]:
    return {
        "VisibilityTimeout": str(trigger.visibility or min(6 * spec.timeout, 43_200)),
        "RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": queue_arn(dead_letters), "maxReceiveCount": str(trigger.max_receives)}
        ),
    }


def _ensure_queue(sqs: "SQSClient", name: str, attributes: dict[str, str]) -> str:
    """Create a queue, or update its attributes if it exists. Return the URL of the queue."""
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)  # type: ignore[arg-type]
    return url


def _lock_objects(s3: "S3Client", bucket: str, days: int) -> None:
    """Make S3 refuse to delete the versions of new objects for `days` days."""
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": days}},
        },
    )


def _configure_notifications(s3: "S3Client", bucket: str, queues: Sequence[str]) -> None:
    """Make S3 send a notification to `queues` for each new object in `bucket`.

    If the configuration is already correct, the function does not write it again, because S3 sends a test event after
    each change of the configuration.
    """
    arns = {queue_arn(queue) for queue in queues}
    current = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
    if {entry["QueueArn"] for entry in current} == arns:
        return
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]} for arn in sorted(arns)]
        },
    )


def _configure_mail(ses: "SESV2Client") -> None:
    """Create the SES identity for the domain of the sender, and the configuration set for all mails."""
    ses.create_email_identity(EmailIdentity=MAIL_DOMAIN)
    with contextlib.suppress(ses.exceptions.AlreadyExistsException):
        ses.create_configuration_set(ConfigurationSetName=MAIL_CONFIGURATION_SET)
