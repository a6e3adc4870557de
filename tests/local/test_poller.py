"""SQS event source mappings, against a real SQS."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.functions import FunctionSpec, dead_letter_queue
from infra.local.aws import Aws
from infra.local.function_process import Result
from infra.local.poller import Poller, failures
from infra.local.processes import free_port
from infra.local.sqs import Sqs, SqsError
from tests.local.sample_functions import running, write

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


# Each invocation writes down when it began and ended, and which messages it got; a body says what becomes of it.
HANDLER = """
import json, os, time, uuid

def handler(event, context):
    began = time.time()
    records = event["Records"]
    failed = [r["messageId"] for r in records if r["body"] == "bad"]
    time.sleep(max([float(r["body"].removeprefix("sleep ")) for r in records if r["body"].startswith("sleep")] or [0]))
    run = {"began": began, "ended": time.time(), "records": records}
    file = os.path.join(os.environ["RUNS"], uuid.uuid4().hex)
    with open(file + ".part", "w") as out:
        json.dump(run, out)
    os.rename(file + ".part", file)
    if any(r["body"] == "crash" for r in records):
        raise RuntimeError("the whole batch")
    return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with Aws(tmp_path_factory.mktemp("aws"), free_port()) as started:
        yield started


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.poller.POLL_SECONDS", 1)


class Queue:
    """A queue of its own for each test, with its function behind it."""

    def __init__(self, aws: Aws, spec: FunctionSpec, runs: Path) -> None:
        assert spec.queue is not None
        self._aws = aws
        self._runs = runs
        sqs = aws.sqs
        dead = sqs.create_queue(QueueName=dead_letter_queue(spec.queue_name))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": str(spec.queue.max_receives)}
        attributes = {"VisibilityTimeout": str(spec.queue.visibility), "RedrivePolicy": json.dumps(redrive)}
        self.url = sqs.create_queue(QueueName=spec.queue_name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
        self.dead = dead
        self.sqs = sqs

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def runs(self) -> list[dict[str, Any]]:
        """What the function has written down, in the order that it began."""
        done = [file for file in self._runs.iterdir() if not file.suffix]
        return sorted((json.loads(file.read_text()) for file in done), key=lambda run: float(run["began"]))

    def bodies(self) -> list[str]:
        return [record["body"] for run in self.runs() for record in run["records"]]

    def left(self, url: str | None = None) -> int:
        """Messages in a queue, those being worked on included."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())


async def until(true: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to be"
        await asyncio.sleep(0.05)


Mapped = Callable[..., Awaitable[Queue]]


@pytest.fixture
async def mapped(aws: Aws, tmp_path: Path) -> AsyncIterator[Mapped]:
    """Makes a queue with a function of these settings, `name="value"`, and starts to poll it."""
    async with AsyncExitStack() as stack:

        async def make(name: str, **settings: int) -> Queue:
            queue_settings = {"visibility": 1, "max_receives": 3, "maximum_concurrency": 2} | settings
            table = "\n".join(f"{key} = {value}" for key, value in queue_settings.items())
            spec = write(tmp_path, f"queues/{name}", HANDLER, f"timeout = 1\n\n[queue]\n{table}\n")
            runs = tmp_path / "runs"
            runs.mkdir()
            queue = Queue(aws, spec, runs)
            await stack.enter_async_context(polling(aws, tmp_path, spec, queue, runs))
            return queue

        yield make


@asynccontextmanager
async def polling(aws: Aws, root: Path, spec: FunctionSpec, queue: Queue, runs: Path) -> AsyncIterator[None]:
    async with running(root, spec, environment={"RUNS": str(runs)}) as functions:
        sqs = Sqs(aws.url, "us-east-1", "test", "test")
        poller = Poller([spec], {spec.queue_name: queue.url}, functions, sqs, "us-east-1")
        poller.start()
        try:
            yield
        finally:
            await poller.stop(grace=0.2)
            await sqs.close()


async def test_a_message_arrives_as_a_record_and_is_deleted(mapped: Mapped) -> None:
    queue = await mapped("record")
    sent = queue.sqs.send_message(
        QueueUrl=queue.url,
        MessageBody='{"a": "é"}',
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
    )
    await until(lambda: bool(queue.runs()) and queue.left() == 0)
    [record] = queue.runs()[0]["records"]
    attributes = record.pop("attributes")
    assert {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(
        attributes
    )
    assert attributes["ApproximateReceiveCount"] == "1"
    assert record.pop("receiptHandle")
    assert record.pop("md5OfMessageAttributes")
    assert record == {
        "messageId": sent["MessageId"],
        "body": '{"a": "é"}',
        "messageAttributes": {
            "kind": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:record",
        "awsRegion": "us-east-1",
    }


async def test_only_failed_messages_come_again_and_end_as_dead_letters(mapped: Mapped) -> None:
    queue = await mapped("partial", max_receives=2)
    queue.send("good", "bad", "fine")
    await until(lambda: queue.left(queue.dead) == 1 and queue.left() == 0)
    bodies = queue.bodies()
    assert (bodies.count("good"), bodies.count("fine"), bodies.count("bad")) == (1, 1, 2)
    dead = queue.sqs.receive_message(QueueUrl=queue.dead)["Messages"]
    assert [message["Body"] for message in dead] == ["bad"]


async def test_a_function_that_raises_leaves_its_whole_batch(mapped: Mapped) -> None:
    queue = await mapped("crash", max_receives=2)
    queue.send("crash")
    await until(lambda: queue.left(queue.dead) == 1)
    assert queue.bodies() == ["crash", "crash"]
    first, second = queue.runs()
    # It came again when its visibility timeout had ended, not before.
    assert second["began"] - first["began"] >= 0.9


async def test_concurrency_is_used_and_never_exceeded(mapped: Mapped) -> None:
    queue = await mapped("many", batch_size=1, maximum_concurrency=3, visibility=20)
    queue.send(*["sleep 0.3"] * 9)
    await until(lambda: len(queue.runs()) == 9)
    edges = sorted(edge for run in queue.runs() for edge in ((run["began"], 1), (run["ended"], -1)))
    at_once = [sum(step for _, step in edges[: place + 1]) for place in range(len(edges))]
    assert max(at_once) == 3


async def test_a_batch_is_gathered_while_its_window_is_open(mapped: Mapped) -> None:
    queue = await mapped("window", batch_size=25, window=2, visibility=20)
    for start in range(0, 25, 10):
        entries: Any = [{"Id": str(number), "MessageBody": "x"} for number in range(start, min(start + 10, 25))]
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    await until(lambda: len(queue.bodies()) == 25)
    assert [len(run["records"]) for run in queue.runs()] == [25]


async def test_without_a_window_nothing_waits(mapped: Mapped) -> None:
    queue = await mapped("prompt", visibility=20)
    queue.send("x")
    await until(lambda: len(queue.runs()) == 1)
    began = time.time()
    queue.send("x")
    await until(lambda: len(queue.runs()) == 2)
    assert queue.runs()[1]["began"] - began < 1


async def test_what_is_under_way_when_it_stops_is_given_back(aws: Aws, tmp_path: Path) -> None:
    settings = "timeout = 60\n[queue]\nvisibility = 600\nmaximum_concurrency = 2\n"
    spec = write(tmp_path, "queues/given_back", HANDLER, settings)
    runs = tmp_path / "runs"
    runs.mkdir()
    queue = Queue(aws, spec, runs)
    async with polling(aws, tmp_path, spec, queue, runs):
        queue.send("sleep 30")
        visible: Any = ["ApproximateNumberOfMessages"]
        await until(
            lambda: (
                queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=visible)["Attributes"][visible[0]]
                == "0"
            )
        )
    again = queue.sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=2)["Messages"]
    assert [message["Body"] for message in again] == ["sleep 30"]


async def test_a_queue_that_is_not_there_is_said_so(aws: Aws) -> None:
    sqs = Sqs(aws.url, "us-east-1", "test", "test")
    with pytest.raises(SqsError, match=r"ReceiveMessage: .*(NonExistentQueue|QueueDoesNotExist)"):
        await sqs.receive(f"{aws.url}/000000000000/nowhere", 1, 0)
    await sqs.close()


async def test_an_sqs_that_is_not_there_is_said_so() -> None:
    sqs = Sqs(f"http://127.0.0.1:{free_port()}", "us-east-1", "test", "test")
    with pytest.raises(SqsError, match="ReceiveMessage: ") as caught:
        await sqs.receive("http://127.0.0.1/000000000000/queue", 1, 0)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
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
def test_a_partial_batch_response_is_read_as_aws_reads_it(payload: bytes, failed: set[str]) -> None:
    assert failures(Result(payload), BATCH) == failed


def test_an_error_fails_the_whole_batch() -> None:
    assert failures(Result(b"{}", "Unhandled"), BATCH) == {"1", "2"}
