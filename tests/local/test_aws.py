"""Tests the emulated S3 and SQS: the declared queues, buckets and notifications, and the data after a restart."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from infra.functions import FunctionSpec
from infra.local.aws import Aws, queue_arn
from infra.local.processes import free_port

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

INTAKE = 'uses = ["queue:syncs"]\ntimeout = 30\n[queue]\nbucket = "drops"\n'
SYNCS = 'uses = ["bucket:results:write"]\ntimeout = 60\n[queue]\nvisibility = 70\nmax_receives = 2\n'


def declare(root: Path, syncs: str = SYNCS) -> tuple[FunctionSpec, ...]:
    """Write two functions with queues.

    The first function receives notifications of a bucket. The second function writes to a bucket.
    """
    specs = []
    for name, declaration in (("intake", INTAKE), ("syncs", syncs)):
        folder = root / "functions" / "queues" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "function.toml").write_text(declaration)
        (folder / "handler.py").touch()
        specs.append(FunctionSpec.read(folder))
    return tuple(specs)


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    with Aws(tmp_path, free_port(), declare(tmp_path)) as aws:
        yield aws


def receive(aws: Aws, queue: str, count: int = 1, *, visibility_timeout: int = 30) -> list["MessageTypeDef"]:
    """Return at least `count` messages, or fewer after 10 requests. Ignore the test events of S3."""
    sqs = aws.sqs
    messages: list[MessageTypeDef] = []
    for _ in range(10):
        batch = sqs.receive_message(
            QueueUrl=aws.queues[queue], MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=visibility_timeout
        )
        messages += [message for message in batch.get("Messages", []) if "s3:TestEvent" not in message["Body"]]
        if len(messages) >= count:
            break
    return messages


def queue_attributes(aws: Aws, queue: str) -> Mapping[Any, str]:
    return aws.sqs.get_queue_attributes(QueueUrl=aws.queues[queue], AttributeNames=["All"])["Attributes"]


def test_queues_have_the_declared_attributes(aws: Aws) -> None:
    assert set(aws.queues) == {"intake", "intake-dead-letters", "syncs", "syncs-dead-letters"}
    assert all(url.startswith(f"{aws.url}/") for url in aws.queues.values())
    syncs = queue_attributes(aws, "syncs")
    assert syncs["VisibilityTimeout"] == "70"
    assert json.loads(syncs["RedrivePolicy"]) == {
        "deadLetterTargetArn": queue_arn("syncs-dead-letters"),
        "maxReceiveCount": "2",
    }
    assert queue_attributes(aws, "intake")["VisibilityTimeout"] == str(6 * 30)


def test_the_aws_emulator_listens_on_one_loopback_port(aws: Aws) -> None:
    assert aws.process.pid is not None
    connections = psutil.Process(aws.process.pid).net_connections()
    listening = [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", aws.port)]


def test_a_message_becomes_a_dead_letter_after_the_maximum_number_of_receives(aws: Aws) -> None:
    aws.sqs.send_message(QueueUrl=aws.queues["syncs"], MessageBody="poison")
    for _ in range(2):
        assert receive(aws, "syncs", visibility_timeout=0)
    # SQS moves the message to the dead-letter queue at the next receive.
    assert not aws.sqs.receive_message(QueueUrl=aws.queues["syncs"]).get("Messages")
    assert [message["Body"] for message in receive(aws, "syncs-dead-letters")] == ["poison"]


def test_a_new_object_sends_a_notification_to_the_queue_of_its_bucket(aws: Aws) -> None:
    put = aws.s3.put_object(Bucket=aws.buckets["drops"], Key="one/incoming/a b é.csv", Body=b"x")
    (message,) = receive(aws, "intake")
    (record,) = json.loads(message["Body"])["Records"]
    assert record["s3"]["bucket"]["name"] == aws.buckets["drops"]
    assert record["s3"]["object"]["key"] == "one/incoming/a+b+%C3%A9.csv"
    assert record["s3"]["object"]["versionId"] == put["VersionId"]
    assert record["s3"]["object"]["sequencer"]


def test_buckets_are_versioned(aws: Aws) -> None:
    assert set(aws.buckets) == {"drops", "results"}
    bucket = aws.buckets["results"]
    versions = [aws.s3.put_object(Bucket=bucket, Key="key", Body=body)["VersionId"] for body in (b"1", b"2")]
    assert aws.s3.get_object(Bucket=bucket, Key="key", VersionId=versions[0])["Body"].read() == b"1"


def test_objects_and_messages_remain_after_an_orderly_restart(aws: Aws) -> None:
    aws.s3.put_object(Bucket=aws.buckets["drops"], Key="kept", Body=b"x")
    receive(aws, "intake", visibility_timeout=0)
    aws.sqs.send_message(QueueUrl=aws.queues["syncs"], MessageBody="kept")
    aws.stop()
    aws.start()
    assert aws.s3.get_object(Bucket=aws.buckets["drops"], Key="kept")["Body"].read() == b"x"
    assert [message["Body"] for message in receive(aws, "syncs")] == ["kept"]
    assert len(receive(aws, "intake")) == 1
    aws.s3.put_object(Bucket=aws.buckets["drops"], Key="another", Body=b"y")
    assert len(receive(aws, "intake")) == 1, "S3 must send exactly one notification"


def test_objects_remain_and_notifications_arrive_after_the_emulator_was_killed(aws: Aws) -> None:
    first = aws.s3.put_object(Bucket=aws.buckets["drops"], Key="kept", Body=b"1")["VersionId"]
    aws.s3.put_object(Bucket=aws.buckets["drops"], Key="kept", Body=b"2")
    assert aws.process.pid is not None
    os.kill(aws.process.pid, signal.SIGKILL)
    aws.start()
    assert aws.s3.get_object(Bucket=aws.buckets["drops"], Key="kept")["Body"].read() == b"2"
    assert aws.s3.get_object(Bucket=aws.buckets["drops"], Key="kept", VersionId=first)["Body"].read() == b"1"
    third = aws.s3.put_object(Bucket=aws.buckets["drops"], Key="kept", Body=b"3")["VersionId"]
    (message,) = receive(aws, "intake")
    assert json.loads(message["Body"])["Records"][0]["s3"]["object"]["versionId"] == third


def test_a_changed_queue_declaration_changes_the_queue(aws: Aws, tmp_path: Path) -> None:
    aws.specs = declare(tmp_path, SYNCS.replace("visibility = 70", "visibility = 90").replace("= 2", "= 5"))
    aws.provision()
    syncs = queue_attributes(aws, "syncs")
    assert syncs["VisibilityTimeout"] == "90"
    assert json.loads(syncs["RedrivePolicy"])["maxReceiveCount"] == "5"
