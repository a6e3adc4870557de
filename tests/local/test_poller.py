"""Tests SQS event source mappings with the SQS of the local cloud."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from infra.local.aws import Aws
from infra.local.function_process import Result
from infra.local.poller import failures
from infra.local.processes import free_port
from infra.local.sqs import Sqs, SqsError
from tests.local.event_source import RecordingQueue, polling

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with Aws(tmp_path_factory.mktemp("aws"), free_port()) as aws:
        yield aws


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.poller.POLL_SECONDS", 1)


async def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not met within {seconds} s"
        await asyncio.sleep(0.05)


StartQueue = Callable[..., Awaitable[RecordingQueue]]


@pytest.fixture
async def start_queue(aws: Aws, tmp_path: Path) -> AsyncIterator[StartQueue]:
    """Returns a helper that creates a queue with a function, and starts to poll the queue.

    The keyword arguments of the helper override settings in the `[queue]` table.
    """
    async with AsyncExitStack() as stack:

        async def start(name: str, **settings: int) -> RecordingQueue:
            queue_settings = {"visibility": 1, "max_receives": 3, "maximum_concurrency": 2} | settings
            table = "\n".join(f"{key} = {value}" for key, value in queue_settings.items())
            queue = RecordingQueue(aws, tmp_path, name, f"timeout = 1\n\n[queue]\n{table}\n")
            await stack.enter_async_context(polling(aws, queue))
            return queue

        yield start


async def test_a_message_is_delivered_as_a_record_and_then_deleted(start_queue: StartQueue) -> None:
    queue = await start_queue("record")
    response = queue.sqs.send_message(
        QueueUrl=queue.url,
        MessageBody='{"a": "é"}',
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
    )
    await wait_until(lambda: bool(queue.runs()) and queue.remaining() == 0)
    [record] = queue.runs()[0]["records"]
    attributes = record.pop("attributes")
    assert {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(
        attributes
    )
    assert attributes["ApproximateReceiveCount"] == "1"
    assert record.pop("receiptHandle")
    assert record.pop("md5OfMessageAttributes")
    assert record == {
        "messageId": response["MessageId"],
        "body": '{"a": "é"}',
        "messageAttributes": {
            "kind": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": response["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:record",
        "awsRegion": "us-east-1",
    }


async def test_only_failed_messages_are_redelivered_and_become_dead_letters(start_queue: StartQueue) -> None:
    queue = await start_queue("partial", max_receives=2)
    queue.send("good", "bad", "fine")
    await wait_until(lambda: queue.dead_letters() == 1 and queue.remaining() == 0)
    bodies = queue.bodies()
    assert (bodies.count("good"), bodies.count("fine"), bodies.count("bad")) == (1, 1, 2)
    messages = queue.sqs.receive_message(QueueUrl=queue.dead_letters_url)["Messages"]
    assert [message["Body"] for message in messages] == ["bad"]


async def test_an_exception_fails_the_whole_batch(start_queue: StartQueue) -> None:
    queue = await start_queue("crash", max_receives=2, visibility=2)
    queue.send("crash")
    await wait_until(lambda: queue.dead_letters() == 1)
    assert queue.bodies() == ["crash", "crash"]
    first, second = queue.runs()
    # SQS delivers the message again 2 s after the first receive. The first invocation began after the receive, because
    # the process of the function had to start. Therefore the time between the two invocations can be shorter than 2 s.
    assert second["began"] - first["began"] >= 1.5


async def test_the_number_of_concurrent_batches_reaches_exactly_the_declared_maximum(
    start_queue: StartQueue,
) -> None:
    queue = await start_queue("many", batch_size=1, maximum_concurrency=3, visibility=20)
    queue.send(*["sleep 0.3"] * 9)
    await wait_until(lambda: len(queue.runs()) == 9)
    edges = sorted(edge for run in queue.runs() for edge in ((run["began"], 1), (run["ended"], -1)))
    running = [sum(step for _, step in edges[: index + 1]) for index in range(len(edges))]
    assert max(running) == 3


async def test_a_batch_collects_messages_until_the_batching_window_ends(start_queue: StartQueue) -> None:
    queue = await start_queue("window", batch_size=25, window=2, visibility=20)
    for start in range(0, 25, 10):
        entries: Any = [{"Id": str(number), "MessageBody": "x"} for number in range(start, min(start + 10, 25))]
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    await wait_until(lambda: len(queue.bodies()) == 25)
    assert [len(run["records"]) for run in queue.runs()] == [25]


async def test_a_message_is_delivered_immediately_if_the_queue_has_no_batching_window(start_queue: StartQueue) -> None:
    queue = await start_queue("prompt", visibility=20)
    queue.send("x")
    await wait_until(lambda: len(queue.runs()) == 1)
    began = time.time()
    queue.send("x")
    await wait_until(lambda: len(queue.runs()) == 2)
    assert queue.runs()[1]["began"] - began < 1


async def test_messages_in_progress_become_visible_when_polling_stops(aws: Aws, tmp_path: Path) -> None:
    declaration = "timeout = 60\n[queue]\nvisibility = 600\nmaximum_concurrency = 2\n"
    queue = RecordingQueue(aws, tmp_path, "released", declaration)
    async with polling(aws, queue):
        queue.send("sleep 30")
        await wait_until(lambda: queue.visible() == 0)
    messages = queue.sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=2)["Messages"]
    assert [message["Body"] for message in messages] == ["sleep 30"]


async def test_a_missing_queue_is_an_error(aws: Aws) -> None:
    sqs = Sqs(aws.url, "us-east-1", "test", "test")
    with pytest.raises(SqsError, match=r"ReceiveMessage: .*(NonExistentQueue|QueueDoesNotExist)"):
        await sqs.receive(f"{aws.url}/000000000000/nowhere", 1, 0)
    await sqs.close()


async def test_an_unreachable_sqs_is_an_error() -> None:
    sqs = Sqs(f"http://127.0.0.1:{free_port()}", "us-east-1", "test", "test")
    with pytest.raises(SqsError, match="ReceiveMessage: ") as raised:
        await sqs.receive("http://127.0.0.1/000000000000/queue", 1, 0)
    assert isinstance(raised.value.__cause__, aiohttp.ClientConnectorError)
    await sqs.close()


BATCH = [{"MessageId": "1"}, {"MessageId": "2"}]


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b"null", set()),
        (b"{}", set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "2"}]}', {"2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', {"1", "2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', {"1", "2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "3"}]}', {"1", "2"}),
        (b'{"batchItemFailures": [{"id": "2"}]}', {"1", "2"}),
        (b'{"batchItemFailures": "2"}', {"1", "2"}),
        (b'"done"', {"1", "2"}),
        (b"not json", {"1", "2"}),
    ],
)
def test_the_poller_interprets_partial_batch_responses_in_the_same_way_as_aws(payload: bytes, failed: set[str]) -> None:
    assert failures(Result(payload), BATCH) == failed


def test_an_error_result_fails_the_whole_batch() -> None:
    assert failures(Result(b"{}", "Unhandled"), BATCH) == {"1", "2"}
