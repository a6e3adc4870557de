"""A batch tells SQS exactly which of its messages failed, whichever they are, and when they come again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra.local.endpoints import Endpoints
from infra.local.poller import record
from wecelebrate.core import queue
from wecelebrate.core.settings import settings

BATCH = 10


@dataclass
class Context:
    """What a handler looks at of Lambda's context."""

    aws_request_id: str = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def sqs(cloud: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """SQS, and this process as a function that it brings messages to."""
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.s3,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "WC_MAX_RECEIVES": "20",
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    queue._sqs.cache_clear()
    yield boto3.client("sqs")
    settings.cache_clear()
    queue._sqs.cache_clear()


@pytest.fixture
def batch(sqs: Any) -> Iterator[list[dict[str, Any]]]:
    """Ten messages as a function gets them, of a queue of their own. A message that failed is hidden for seconds alone,
    so that the queue's own hour tells them apart."""
    name = f"wecelebrate-local-test-{uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    for number in range(BATCH):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": number}))
    received: list[dict[str, Any]] = []
    while len(received) < BATCH:
        received += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    received.sort(key=lambda message: json.loads(message["Body"])["n"])
    yield [record(message, f"arn:aws:sqs:us-east-1:000000000000:{name}", "us-east-1") for message in received]
    sqs.delete_queue(QueueUrl=url)


def in_flight(sqs: Any, batch: list[dict[str, Any]]) -> int:
    name = batch[0]["eventSourceARN"].rpartition(":")[2]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    asked = "ApproximateNumberOfMessagesNotVisible"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[asked])["Attributes"][asked])


def unexpected(queue_name: str, text: str, receives: int, error: Exception) -> None:
    """No message of these tests becomes a dead letter."""
    raise AssertionError(f"{text} became a dead letter of {queue_name}")


@pytest.mark.timeout(180)
def test_every_set_of_failures_is_reported_as_it_is(sqs: Any, batch: list[dict[str, Any]]) -> None:
    failing: set[int] = set()
    done: list[int] = []

    def work(message: queue.Message) -> None:
        if message.body["n"] in failing:
            raise RuntimeError("as it was told to")
        done.append(message.body["n"])

    handler = queue.consume(work, on_dead_letter=unexpected)
    for bits in product((False, True), repeat=BATCH):
        failing, done = {number for number, fails in enumerate(bits) if fails}, []
        answer = handler({"Records": batch}, Context())
        expected = [{"itemIdentifier": batch[number]["messageId"]} for number in sorted(failing)]
        assert answer == {"batchItemFailures": expected}
        assert done == [number for number in range(BATCH) if number not in failing]


def test_what_failed_comes_again_within_seconds_and_the_rest_stays_hidden(
    sqs: Any, batch: list[dict[str, Any]]
) -> None:
    def work(message: queue.Message) -> None:
        if message.body["n"] % 3 == 0:
            raise RuntimeError("as it was told to")

    assert in_flight(sqs, batch) == BATCH
    queue.consume(work, on_dead_letter=unexpected)({"Records": batch}, Context())
    url = sqs.get_queue_url(QueueName=batch[0]["eventSourceARN"].rpartition(":")[2])["QueueUrl"]
    again: set[int] = set()
    for _ in range(6):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", []):
            again.add(json.loads(message["Body"])["n"])
    assert again == {0, 3, 6, 9}
