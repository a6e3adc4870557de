"""Tests what the platform does if AWS throttles a call, refuses a call, or accepts only some messages of a call.

The local cloud never causes these errors. In these tests, moto replaces AWS inside the test process, and faults are
injected into the responses that boto3 receives. The retries of boto3 are therefore the same as on AWS.
"""

import ast
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.local.poller import record
from tests.core.aws.function import KEY, S3_CALLS, clear_clients, configure, write_object
from wecelebrate.core import queue, storage
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings
from wecelebrate.core.upload import PART_BYTES, ObjectWriter

CODE = Path(storage.__file__).parents[1]
TEMPORARY = [
    (503, "SlowDown"),
    (500, "InternalError"),
    (503, "ServiceUnavailable"),
    (400, "ThrottlingException"),
    (400, "ExpiredToken"),
    (403, "RequestTimeTooSkewed"),
    (400, "RequestTimeout"),
]
PERMANENT = [(403, "AccessDenied"), (403, "InvalidAccessKeyId"), (404, "NoSuchBucket")]


class RawBody(io.BytesIO):
    """The body of a response, in the form that botocore reads."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


@dataclass
class Faults:
    """Answers calls to AWS with errors. After the last error, calls reach moto."""

    errors: list[tuple[int, str]] = field(default_factory=list)
    """The HTTP status and the error code of each of the next responses."""
    forever: tuple[int, str] | None = None
    """The error of every response after the responses in `errors`."""
    operation: str | None = None
    """The operation whose calls fail. None means all operations."""
    operations: list[str] = field(default_factory=list)
    """The names of all operations that were called, e.g. `GetObject`. A retry counts as a separate call."""
    version: str = ""
    """The id of the version of the object KEY."""

    @contextmanager
    def only(self, operation: str, errors: list[tuple[int, str]]) -> Iterator[None]:
        """Restrict the errors to the calls of one AWS operation."""
        self.operation, self.errors = operation, list(errors)
        try:
            yield
        finally:
            self.operation, self.errors = None, []

    def __call__(self, request: Any, event_name: str, **_: object) -> AWSResponse | None:
        service, operation = event_name.split(".")[1:3]
        self.operations.append(operation)
        if self.operation not in (None, operation):
            return None
        error = self.errors.pop(0) if self.errors else self.forever
        if error is None:
            return None
        status, code = error
        request.url = "https://fault.test/"  # moto does not handle requests to a host that it does not know
        if service == "s3":
            text, content_type = f"<Error><Code>{code}</Code><Message>m</Message></Error>", "application/xml"
        else:
            text, content_type = json.dumps({"__type": code, "message": "m"}), "application/x-amz-json-1.0"
        return AWSResponse(
            request.url, status, HTTPHeaders.from_dict({"content-type": content_type}), RawBody(text.encode())
        )


@pytest.fixture(scope="module")
def moto() -> Iterator[Faults]:
    """Start moto with a versioned bucket and a queue, and inject faults into the calls of the platform's clients."""
    injected = Faults()
    # moto also changes the environment. moto must therefore restore the environment last.
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        configure(environment)
        s3, sqs = boto3.client("s3"), boto3.client("sqs")
        s3.create_bucket(Bucket="drops")
        s3.put_bucket_versioning(Bucket="drops", VersioningConfiguration={"Status": "Enabled"})
        injected.version = s3.put_object(Bucket="drops", Key=KEY, Body=b"sku,name\n1,Mug\n")["VersionId"]
        sqs.create_queue(QueueName="jobs")
        for client in (storage.s3_client(), queue._sqs()):
            client.meta.events.register_first("before-send", injected)  # type: ignore[arg-type] # the types of botocore know no responses
        yield injected
    clear_clients()


@pytest.fixture
def faults(moto: Faults) -> Iterator[Faults]:
    """Yield faults that do not contain an error yet. Empty the queue at the end of the test."""
    yield moto
    moto.errors, moto.forever = [], None
    moto.operations.clear()
    received()


@pytest.mark.parametrize("error", TEMPORARY, ids=lambda error: error[1])
@pytest.mark.parametrize("call", S3_CALLS)
def test_a_temporary_error_of_s3_raises_unavailable(faults: Faults, call: str, error: tuple[int, str]) -> None:
    faults.forever = error
    with pytest.raises(Unavailable, match="S3"):
        S3_CALLS[call](faults.version)


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: error[1])
@pytest.mark.parametrize("call", S3_CALLS)
def test_a_permanent_error_of_s3_is_raised_unchanged(faults: Faults, call: str, error: tuple[int, str]) -> None:
    faults.forever = error
    with pytest.raises(ClientError) as raised:
        S3_CALLS[call](faults.version)
    expected = error[1] if not call.startswith("head_object") else str(error[0])  # a response to HEAD has no body
    assert raised.value.response["Error"]["Code"] in (error[1], expected)


@pytest.mark.parametrize("call", S3_CALLS)
def test_a_call_to_s3_succeeds_after_two_throttled_attempts(faults: Faults, call: str) -> None:
    expected = S3_CALLS[call](faults.version)
    faults.operations.clear()
    faults.errors = [(503, "SlowDown"), (503, "SlowDown")]
    result = S3_CALLS[call](faults.version)
    assert len(faults.operations) == 3
    assert call == "put_object" or result == expected


def test_reading_a_deleted_object_raises_object_gone(faults: Faults) -> None:
    with pytest.raises(storage.ObjectGone):
        storage.open_version("drops", "c/other.csv", faults.version)
    assert storage.read("drops", "c/other.csv", 10) is None
    assert storage.newest_version("drops", "c/other.csv") is None
    assert storage.size_of("drops", "c/other.csv") is None


LARGE = bytes(range(256)) * (2 * PART_BYTES // 256) + b"end"
"""The content of an object that is sent in three parts."""
MULTIPART = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")


def open_uploads() -> list[Any]:
    return boto3.client("s3").list_multipart_uploads(Bucket="drops").get("Uploads", [])


def test_a_large_object_is_sent_in_parts_and_is_complete(faults: Faults) -> None:
    assert write_object("c/large", LARGE) == len(LARGE)
    assert storage.open_from("drops", "c/large", 0).read() == LARGE
    assert [operation for operation in faults.operations if operation in MULTIPART] == [
        "CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload",
    ]  # fmt: skip


@pytest.mark.parametrize("failing", MULTIPART)
def test_a_part_that_s3_throttles_is_sent_again(faults: Faults, failing: str) -> None:
    with faults.only(failing, [(503, "SlowDown"), (503, "SlowDown")]):
        write_object("c/throttled", LARGE)
    assert storage.size_of("drops", "c/throttled") == len(LARGE)


@pytest.mark.parametrize("failing", MULTIPART)
def test_a_failed_upload_stores_no_object_and_no_parts_in_s3(faults: Faults, failing: str) -> None:
    with faults.only(failing, [(503, "SlowDown")] * 9), pytest.raises(Unavailable, match="S3"):
        write_object(f"c/failed-{failing}", LARGE)
    assert storage.size_of("drops", f"c/failed-{failing}") is None
    assert open_uploads() == []


def test_an_exception_during_an_upload_stores_no_object_and_no_parts_in_s3(faults: Faults) -> None:
    with pytest.raises(ZeroDivisionError), ObjectWriter("drops", "c/stopped", "text/plain") as out:
        out.write(LARGE)
        raise ZeroDivisionError
    assert storage.size_of("drops", "c/stopped") is None
    assert open_uploads() == []


def test_all_versions_below_a_prefix_are_deleted(faults: Faults) -> None:
    for content in (b"1", b"2"):
        storage.put_version("drops", "p/1/file", content, "text/plain")
    boto3.client("s3").delete_object(Bucket="drops", Key="p/1/file")
    storage.put_version("drops", "p/2/file", b"3", "text/plain")
    with faults.only("DeleteObjects", [(503, "SlowDown")] * 9), pytest.raises(Unavailable, match="S3"):
        storage.delete_all("drops", "p/1/")
    storage.delete_all("drops", "p/1/")
    versions = boto3.client("s3").list_object_versions(Bucket="drops", Prefix="p/")
    assert [version["Key"] for version in versions["Versions"]] == ["p/2/file"]
    assert "DeleteMarkers" not in versions


def test_an_object_is_read_from_the_given_byte_to_the_end(faults: Faults) -> None:
    whole = storage.open_version("drops", KEY, faults.version).read()
    assert storage.size_of("drops", KEY) == len(whole)
    assert storage.open_from("drops", KEY, 3).read() == whole[3:]
    for key, offset in (("c/other.csv", 0), (KEY, len(whole)), (KEY, len(whole) + 1)):
        with pytest.raises(storage.ObjectGone):
            storage.open_from("drops", key, offset)


def received() -> list[int]:
    """Receive all messages of the queue, and return their numbers in order."""
    sqs, numbers = boto3.client("sqs"), []
    while batch := sqs.receive_message(QueueUrl=settings().queue("jobs"), MaxNumberOfMessages=10).get("Messages"):
        numbers += [json.loads(message["Body"])["n"] for message in batch]
    return sorted(numbers)


@pytest.mark.parametrize("error", [*TEMPORARY, (403, "AccessDenied")], ids=lambda error: error[1])
def test_a_failed_message_is_reported_even_if_its_visibility_cannot_be_changed(
    faults: Faults, error: tuple[int, str]
) -> None:
    def fail(_: queue.Message) -> None:
        raise RuntimeError("raised on purpose by this test")

    def refuse(*_: object) -> None:
        raise AssertionError("no message of this test is a dead letter")

    boto3.client("sqs").send_message(QueueUrl=settings().queue("jobs"), MessageBody='{"n": 0}')
    message = boto3.client("sqs").receive_message(QueueUrl=settings().queue("jobs"), AttributeNames=["All"])["Messages"]
    event = {"Records": [record(dict(message[0]), "arn:aws:sqs:us-east-1:123456789012:jobs", "us-east-1")]}
    faults.forever = error
    context = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 30_000)
    response = queue.consume(fail, on_dead_letter=refuse)(event, context)
    assert response == {"batchItemFailures": [{"itemIdentifier": message[0]["MessageId"]}]}
    assert "GetQueueUrl" in faults.operations


TESTED = {
    "s3_client": {
        "get_object", "upload_fileobj", "put_object", "head_object", "get_paginator", "generate_presigned_url",
        "delete_objects", "create_multipart_upload", "upload_part", "complete_multipart_upload",
        "abort_multipart_upload",
    },
    "_sqs": {"get_queue_url", "change_message_visibility"},  # messages are sent by `core.sqs`: see test_sqs.py
    "_client": {"invoke"},  # tested in test_direct_workers.py
    "boto3": {"client"},
}  # fmt: skip
"""Maps each boto3 client to the methods whose errors are tested in this folder."""
SERVICES = {"s3", "sqs", "lambda"}
"""The services of AWS that these clients call."""


def test_the_errors_of_every_call_to_aws_are_tested() -> None:
    called: dict[str, set[str]] = {}
    services: set[str] = set()
    texts = [file.read_text("utf-8") for file in CODE.rglob("*.py")]
    for text in (text for text in texts if "boto3" in text or "s3_client" in text):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value.func if isinstance(node.func.value, ast.Call) else node.func.value
                if isinstance(owner, ast.Name) and owner.id in TESTED:
                    called.setdefault(owner.id, set()).add(node.func.attr)
                    if owner.id == "boto3":
                        services |= {str(each.value) for each in node.args if isinstance(each, ast.Constant)}
    assert services == SERVICES, "a client of another service is not covered by TESTED"
    assert called == TESTED
