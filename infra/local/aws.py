"""S3, SQS, SES, Secrets Manager and Scheduler: ministack, with the queues and buckets that the functions declare.

What outlives what (ministack 1.5.33, tried): objects in S3 and their versions are written as they come and survive a
kill. Queues, their messages and the configuration of buckets are written at an orderly stop: after a kill, messages
since the last orderly start are lost, and those of the last orderly stop come again. Both happen on AWS too, if rarely
(delivery is at least once, and a job's row is the truth), so nothing is done about it but `provision` at every start.
"""

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from infra.functions import DEAD_LETTERS_VISIBILITY, FunctionSpec, QueueTrigger, bucket_names, dead_letter_queue
from infra.local.processes import Process, answers

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
_FOURTEEN_DAYS = 14 * 24 * 3600


class Aws:
    """The AWS services of one local cloud.

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
                # Queue URLs begin with this, whatever host they were asked by.
                "MINISTACK_HOST": "127.0.0.1",
                "MINISTACK_REGION": REGION,
                "GATEWAY_PORT": str(port),
                # Otherwise it listens on 0.0.0.0:8883, too, whatever BIND_HOST says; and it takes most of its start.
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
        """Queue → URL, dead-letter queues among them. Known once started."""

    @property
    def url(self) -> str:
        """Endpoint of every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def buckets(self) -> Mapping[str, str]:
        """Our name of a bucket → its name here."""
        return {name: f"wecelebrate-local-{name}" for name in bucket_names(self.specs)}

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 needs in a process's environment to call here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    @property
    def s3(self) -> "S3Client":
        """A new client of S3."""
        return self._session().client("s3", endpoint_url=self.url, config=_direct())

    @property
    def sqs(self) -> "SQSClient":
        """A new client of SQS."""
        return self._session().client("sqs", endpoint_url=self.url, config=_direct())

    @property
    def ses(self) -> "SESV2Client":
        """A new client of SES."""
        return self._session().client("sesv2", endpoint_url=self.url, config=_direct())

    def start(self) -> None:
        """Start, create what is missing, and return when all of it is there. Raises LocalCloudError."""
        (self.state / "aws").mkdir(parents=True, exist_ok=True)
        self.process.start()
        self.provision()

    def stop(self) -> None:
        self.process.stop()

    def provision(self) -> None:
        """Queues, dead-letter queues, buckets, notifications and the sender of mails, as the functions declare them.
        Safe to run again."""
        sqs = self.sqs
        queues: dict[str, str] = {}
        for spec in self.specs:
            if spec.queue and spec.has_queue:
                dead = dead_letter_queue(spec.queue_name)
                queues[dead] = _queue(
                    sqs,
                    dead,
                    {
                        "MessageRetentionPeriod": str(_FOURTEEN_DAYS),
                        "VisibilityTimeout": str(DEAD_LETTERS_VISIBILITY),
                    },
                )
                queues[spec.queue_name] = _queue(sqs, spec.queue_name, _attributes(spec, spec.queue, dead))
        self.queues = queues
        s3 = self.s3
        for name, bucket in self.buckets.items():
            with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
                s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            fed = [spec.queue_name for spec in self.specs if spec.queue and spec.queue.bucket == name]
            _notify(s3, bucket, fed)
        if any("email" in spec.uses for spec in self.specs):
            _let_send(self.ses)

    def _session(self) -> "Session":
        from boto3 import Session

        return Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106

    def _ready(self) -> bool:
        return answers(self.port, "/_ministack/health")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _direct() -> "Config":
    from botocore.config import Config

    # A proxy of the machine does not lead to 127.0.0.1.
    return Config(proxies={})


def queue_arn(name: str) -> str:
    """ARN of a queue of the local cloud."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def _attributes(spec: FunctionSpec, trigger: QueueTrigger, dead: str) -> dict[str, str]:
    return {
        "VisibilityTimeout": str(trigger.visibility or min(6 * spec.timeout, 43_200)),
        "RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": queue_arn(dead), "maxReceiveCount": str(trigger.max_receives)}
        ),
    }


def _queue(sqs: "SQSClient", name: str, attributes: dict[str, str]) -> str:
    """URL of the queue, made if there is none; one of other attributes gets these."""
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)  # type: ignore[arg-type]
    return url


def _notify(s3: "S3Client", bucket: str, queues: Sequence[str]) -> None:
    """Let new objects of `bucket` be told to `queues`; only where it is not so yet: each time sends a test event."""
    wanted = {queue_arn(queue) for queue in queues}
    told = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
    if {entry["QueueArn"] for entry in told} == wanted:
        return
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]} for arn in sorted(wanted)]
        },
    )


def _let_send(ses: "SESV2Client") -> None:
    """Our domain as one that SES takes mails from, and the configuration set that they are sent by."""
    ses.create_email_identity(EmailIdentity=MAIL_DOMAIN)
    with contextlib.suppress(ses.exceptions.AlreadyExistsException):
        ses.create_configuration_set(ConfigurationSetName=MAIL_CONFIGURATION_SET)
