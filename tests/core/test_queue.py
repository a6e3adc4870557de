"""Tests that a handler reports exactly the failed messages of a batch to SQS, and sets their delays."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra.local.endpoints import Endpoints
from infra.local.poller import record
from tests.faults.environment import FULL
from wecelebrate.core import queue
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings

BATCH_SIZE = 10
COMBINATIONS = [
    bits for bits in product((False, True), repeat=BATCH_SIZE) if FULL or not 2 < sum(bits) < BATCH_SIZE - 2
]
"""The combinations of failed messages in a batch. `make faults` tries all 1,024 combinations. `make test` tries the 112
combinations in which at most two messages fail or at most two messages succeed.
"""


@dataclass
class Context:
    """The attributes of the Lambda context that a handler reads."""

    aws_request_id: str = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def sqs(cloud: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Create a client of the local SQS, and set the environment variables of a function with a queue."""
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
    """Create a queue with ten messages, receive the messages, and return the records that a Lambda function gets.

    The visibility timeout of the queue is one hour. A failed message becomes visible within seconds. A test can
    therefore distinguish failed messages from other messages.
    """
    name = f"wecelebrate-local-test-{uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    for number in range(BATCH_SIZE):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": number}))
    received: list[dict[str, Any]] = []
    while len(received) < BATCH_SIZE:
        received += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    received.sort(key=lambda message: json.loads(message["Body"])["n"])
    yield [record(message, f"arn:aws:sqs:us-east-1:000000000000:{name}", "us-east-1") for message in received]
    sqs.delete_queue(QueueUrl=url)


def in_flight(sqs: Any, batch: list[dict[str, Any]]) -> int:
    """Return the number of messages that SQS has delivered and currently hides."""
    name = batch[0]["eventSourceARN"].rpartition(":")[2]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attribute = "ApproximateNumberOfMessagesNotVisible"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute])


def fail_on_dead_letter(queue_name: str, text: str, receives: int, error: Exception) -> None:
    """Fail the test, because no message of these tests is allowed to become a dead letter."""
    raise AssertionError(f"the message {text} became a dead letter of the queue {queue_name}")


@pytest.mark.timeout(180)
def test_exactly_the_failed_messages_are_reported_for_every_combination_of_failures(
    sqs: Any, batch: list[dict[str, Any]]
) -> None:
    failing: set[int] = set()
    handled: list[int] = []

    def work(message: queue.Message) -> None:
        if message.body["n"] in failing:
            raise RuntimeError("raised on purpose by this test")
        handled.append(message.body["n"])

    handler = queue.consume(work, on_dead_letter=fail_on_dead_letter)
    for bits in COMBINATIONS:
        failing, handled = {number for number, fails in enumerate(bits) if fails}, []
        response = handler({"Records": batch}, Context())
        expected = [{"itemIdentifier": batch[number]["messageId"]} for number in sorted(failing)]
        assert response == {"batchItemFailures": expected}
        assert handled == [number for number in range(BATCH_SIZE) if number not in failing]


def test_only_failed_messages_of_a_batch_are_delivered_again_within_seconds(
    sqs: Any, batch: list[dict[str, Any]]
) -> None:
    def work(message: queue.Message) -> None:
        if message.body["n"] % 3 == 0:
            raise RuntimeError("raised on purpose by this test")

    assert in_flight(sqs, batch) == BATCH_SIZE
    queue.consume(work, on_dead_letter=fail_on_dead_letter)({"Records": batch}, Context())
    url = sqs.get_queue_url(QueueName=batch[0]["eventSourceARN"].rpartition(":")[2])["QueueUrl"]
    redelivered: set[int] = set()
    for _ in range(6):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", []):
            redelivered.add(json.loads(message["Body"])["n"])
    assert redelivered == {0, 3, 6, 9}


def test_all_messages_of_a_batch_are_handled_in_one_call(sqs: Any, batch: list[dict[str, Any]]) -> None:
    calls: list[list[int]] = []
    handler = queue.consume_together(
        lambda messages: calls.append([message.body["n"] for message in messages]),
        on_dead_letter=fail_on_dead_letter,
    )
    assert handler({"Records": batch}, Context()) == {"batchItemFailures": []}
    assert calls == [list(range(BATCH_SIZE))]


def test_a_failed_message_does_not_affect_the_other_messages_of_its_batch(
    sqs: Any, batch: list[dict[str, Any]]
) -> None:
    handled: set[int] = set()

    def work(messages: Sequence[queue.Message]) -> None:
        numbers = [message.body["n"] for message in messages]
        if 4 in numbers:
            raise RuntimeError("raised on purpose by this test")
        handled.update(numbers)

    handler = queue.consume_together(work, on_dead_letter=fail_on_dead_letter)
    assert handler({"Records": batch}, Context()) == {"batchItemFailures": [{"itemIdentifier": batch[4]["messageId"]}]}
    assert handled == set(range(BATCH_SIZE)) - {4}
    assert in_flight(sqs, batch) == BATCH_SIZE


def test_a_message_that_is_not_json_becomes_a_dead_letter(sqs: Any, batch: list[dict[str, Any]]) -> None:
    handled: set[int] = set()
    dead: list[str] = []
    broken = [record | ({"body": "no JSON"} if number == 7 else {}) for number, record in enumerate(batch)]
    handler = queue.consume_together(
        lambda messages: handled.update(message.body["n"] for message in messages),
        on_dead_letter=lambda name, text, receives, error: dead.append(text),
    )
    assert handler({"Records": broken}, Context()) == {"batchItemFailures": []}
    assert (handled, dead) == (set(range(BATCH_SIZE)) - {7}, ["no JSON"])


def test_all_messages_of_a_batch_are_retried_while_the_database_is_down(sqs: Any, batch: list[dict[str, Any]]) -> None:
    calls: list[int] = []

    def work(messages: Sequence[queue.Message]) -> None:
        calls.append(len(messages))
        raise Unavailable("the database is down")

    handler = queue.consume_together(work, on_dead_letter=fail_on_dead_letter)
    failures = handler({"Records": batch}, Context())["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failures] == [record["messageId"] for record in batch]
    assert calls == [BATCH_SIZE]
