"""Provides a queue whose function records each invocation, for the tests of event source mappings."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from infra.functions import dead_letter_queue
from infra.local.aws import Aws
from infra.local.poller import Poller
from infra.local.sqs import Sqs
from tests.local.sample_functions import running, write

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
        raise RuntimeError("raised on purpose by this test")
    return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""
"""A handler. Each invocation writes a file with the start time, the end time and the records of this invocation.

The body of a message controls the outcome. If the body is `bad`, only this message fails. If it is `crash`, the whole
batch fails. If it is `sleep 0.3`, the invocation waits for 0.3 seconds.
"""


class RecordingQueue:
    """Represents a new queue with its dead-letter queue and its function."""

    def __init__(self, aws: Aws, root: Path, name: str, declaration: str) -> None:
        """Create the queues and the function. `declaration` is the text of `function.toml`."""
        self.spec = write(root, f"queues/{name}", HANDLER, declaration)
        self.root = root
        self.runs_folder = root / "runs"
        self.runs_folder.mkdir()
        self.sqs = aws.sqs
        self.dead_letters_url = self.sqs.create_queue(QueueName=dead_letter_queue(self.spec.queue_name))["QueueUrl"]
        self.url = self.sqs.create_queue(QueueName=self.spec.queue_name, Attributes=self._attributes())["QueueUrl"]

    def _attributes(self) -> Any:
        trigger = self.spec.queue
        assert trigger is not None
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dead_letters_url, AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
            "maxReceiveCount": str(trigger.max_receives),
        }
        return {"VisibilityTimeout": str(trigger.visibility), "RedrivePolicy": json.dumps(redrive)}

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def runs(self) -> list[dict[str, Any]]:
        """The recorded invocations, sorted by their start time."""
        files = [file for file in self.runs_folder.iterdir() if not file.suffix]
        return sorted((json.loads(file.read_text()) for file in files), key=lambda run: float(run["began"]))

    def bodies(self) -> list[str]:
        """The bodies of all messages that the function has received."""
        return [record["body"] for run in self.runs() for record in run["records"]]

    def visible(self) -> int:
        """The number of visible messages in the queue."""
        return self._count(self.url, "ApproximateNumberOfMessages")

    def remaining(self) -> int:
        """The number of messages in the queue, including messages in progress."""
        return self._count(self.url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    def dead_letters(self) -> int:
        """The number of messages in the dead-letter queue."""
        return self._count(self.dead_letters_url, "ApproximateNumberOfMessages")

    def _count(self, url: str, *attributes: Any) -> int:
        counts = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(attributes))["Attributes"]
        return sum(int(count) for count in counts.values())


@asynccontextmanager
async def polling(aws: Aws, queue: RecordingQueue) -> AsyncIterator[None]:
    """Poll the queue and invoke the function of the queue, until the context ends."""
    async with running(queue.root, queue.spec, environment={"RUNS": str(queue.runs_folder)}) as functions:
        sqs = Sqs(aws.url, "us-east-1", "test", "test")
        poller = Poller([queue.spec], {queue.spec.queue_name: queue.url}, functions, sqs, "us-east-1")
        poller.start()
        try:
            yield
        finally:
            await poller.stop(grace=0.2)
            await sqs.close()
