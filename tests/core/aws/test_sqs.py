"""Tests that the platform sends messages to SQS in the same form as boto3, and what happens if SQS refuses a message.

A server in this process replaces SQS, so that a test can choose each response.
"""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.core.aws.function import clear_clients, configure
from tests.core.http_server import HttpServer, answer, receive, serving
from wecelebrate.core import queue, sqs
from wecelebrate.core.settings import settings

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
TEMPORARY = [
    (503, "ServiceUnavailable"), (500, "InternalError"), (400, "ThrottlingException"),
    (400, "com.amazonaws.sqs#RequestThrottled"),
]  # fmt: skip
PERMANENT = [(403, "AccessDenied"), (400, "ExpiredToken"), (403, "RequestTimeTooSkewed"), (302, "")]


def body_of(request: bytes) -> Any:
    return json.loads(request.partition(b"\r\n\r\n")[2])


class Sqs:
    """Answers the first requests with the given errors. Afterwards, accepts all messages except the messages in
    `refused`.
    """

    def __init__(self) -> None:
        self.errors: list[tuple[int, str]] = []
        self.refused: set[str] = set()
        self.accepted: list[str] = []
        self.drops = 0
        """The number of requests that are accepted, but whose connection ends without a response."""
        self.successful: Callable[[list[dict[str, str]]], list[dict[str, str]]] = lambda entries: entries

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if self.errors:
            status, code = self.errors.pop(0)
            content = json.dumps({"__type": code, "message": "m"}).encode()
            answer(status, content, Connection="close")(connection, request)
            return
        entries = body_of(request)["Entries"]
        accepted = [entry for entry in entries if entry["Id"] not in self.refused]
        self.accepted += [entry["MessageBody"] for entry in accepted]
        if self.drops:
            self.drops -= 1
            return
        failed = [{"Id": each["Id"], "Code": "InternalError"} for each in entries if each["Id"] in self.refused]
        successful = self.successful([{"Id": entry["Id"]} for entry in accepted])
        content = json.dumps({"Successful": successful, "Failed": failed}).encode()
        answer(200, content, Connection="close")(connection, request)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sqs, HttpServer]]:
    """Start the server, and configure this process like a function that sends messages to it, without pauses."""
    configure(monkeypatch)
    monkeypatch.setattr(sqs, "sleep", lambda _: None)
    fake = Sqs()
    with serving(fake) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        yield fake, server
    sqs._connection.close()
    clear_clients()


def messages(count: int) -> list[queue.OutgoingMessage]:
    return [queue.message("jobs", {"n": number}, None, delay=number) for number in range(count)]


def test_messages_are_sent_in_calls_of_ten_with_their_groups_and_delays(service: tuple[Sqs, HttpServer]) -> None:
    _, server = service
    queue.send(messages(12))
    bodies = [body_of(request) for request in server.requests]
    assert [len(body["Entries"]) for body in bodies] == [10, 2]
    assert {body["QueueUrl"] for body in bodies} == {settings().queue("jobs")}
    entries = [entry for body in bodies for entry in body["Entries"]]
    assert {(entry["MessageBody"], entry["MessageGroupId"], entry["DelaySeconds"]) for entry in entries} == {
        (json.dumps({"n": number}), "platform", number) for number in range(12)
    }
    assert server.sent("x-amz-target") == ["AmazonSQS.SendMessageBatch"] * 2


@pytest.mark.parametrize("token", [None, "session/token=="])
@pytest.mark.parametrize("text", ["plain", "Grüße 🎁\\"])
def test_a_request_has_the_signature_that_botocore_computes(
    service: tuple[Sqs, HttpServer], monkeypatch: pytest.MonkeyPatch, token: str | None, text: str
) -> None:
    _, server = service
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a/secret+key")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    else:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    sqs.send_batch(QUEUE_URL, [{"Id": "0", "MessageBody": text}])
    [at], [authorization] = server.sent("x-amz-date"), server.sent("authorization")
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "a/secret+key"), "sqs", "eu-central-1")
    names = ["content-type", "host", "x-amz-date", "x-amz-target"] + (["x-amz-security-token"] if token else [])
    headers = {name: server.sent(name)[0] for name in names}
    body = server.requests[0].partition(b"\r\n\r\n")[2]
    request = AWSRequest("POST", server.url(), data=body, headers=headers)
    request.context["timestamp"] = at
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert authorization.endswith(f"Signature={signature}")
    assert f"Credential=AKIDEXAMPLE/{at[:8]}/eu-central-1/sqs/aws4_request, " in authorization
    assert f"SignedHeaders={';'.join(sorted(names))}," in authorization
    assert server.sent("x-amz-security-token") == [token or ""]


def test_requests_go_to_the_configured_endpoint_or_to_the_host_of_the_queue_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.delenv(name, raising=False)
    assert sqs._endpoint(QUEUE_URL) == "https://sqs.us-east-1.amazonaws.com/"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert sqs._endpoint(QUEUE_URL) == "http://127.0.0.1:1/"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:2/")
    assert sqs._endpoint(QUEUE_URL) == "http://127.0.0.1:2/"


def test_the_trace_id_is_sent_to_sqs(service: tuple[Sqs, HttpServer], monkeypatch: pytest.MonkeyPatch) -> None:
    _, server = service
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-0-0;Parent=1;Sampled=0\r\nX: y")
    queue.send(messages(1))
    assert server.sent("x-amzn-trace-id") == ["Root=1-0-0;Parent=1;Sampled=0%0D%0AX:%20y"]


@pytest.mark.parametrize("error", TEMPORARY, ids=lambda error: error[1])
def test_each_message_is_accepted_once_if_the_third_attempt_succeeds(
    service: tuple[Sqs, HttpServer], error: tuple[int, str]
) -> None:
    fake, server = service
    fake.errors = [error, error]
    assert queue.send_or_defer(messages(3))
    assert len(fake.accepted) == 3
    assert len(server.requests) == 3


@pytest.mark.parametrize("error", TEMPORARY, ids=lambda error: error[1])
def test_messages_are_deferred_after_three_failed_attempts(
    service: tuple[Sqs, HttpServer], error: tuple[int, str]
) -> None:
    fake, server = service
    fake.errors = [error] * 4
    assert not queue.send_or_defer(messages(3))
    assert fake.accepted == []
    assert len(server.requests) == 3


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: error[1])
def test_a_call_with_a_permanent_error_is_not_repeated(service: tuple[Sqs, HttpServer], error: tuple[int, str]) -> None:
    fake, server = service
    fake.errors = [error]
    assert not queue.send_or_defer(messages(3))
    assert len(server.requests) == 1


def test_a_request_is_repeated_if_the_response_is_lost(service: tuple[Sqs, HttpServer]) -> None:
    fake, _ = service
    fake.drops = 1
    assert queue.send_or_defer(messages(1))
    assert len(fake.accepted) == 2, "a message may be delivered twice"


def accept_then_drop(requests: int) -> Callable[[socket.socket, bytes], None]:
    """Answer the given number of requests of each connection. Close the connection after the next request."""

    def handle(connection: socket.socket, request: bytes) -> None:
        for _ in range(requests):
            entries = body_of(request)["Entries"]
            answer(200, json.dumps({"Successful": [{"Id": each["Id"]} for each in entries]}).encode())(connection, b"")
            request = receive(connection)

    return handle


def test_a_request_is_repeated_at_once_if_a_reused_connection_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    pauses: list[float] = []
    monkeypatch.setattr(sqs, "sleep", pauses.append)
    with serving(accept_then_drop(1)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        for number in range(3):
            sqs.send_batch(QUEUE_URL, [{"Id": str(number), "MessageBody": "{}"}])
        sqs._connection.close()
    assert (pauses, len(server.requests)) == ([], 3), "each connection has one answered request"


def test_a_request_is_repeated_after_a_pause_if_a_new_connection_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    pauses: list[float] = []
    monkeypatch.setattr(sqs, "sleep", pauses.append)
    with serving(accept_then_drop(0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        with pytest.raises(sqs.SqsError, match="no valid response"):
            sqs.send_batch(QUEUE_URL, [{"Id": "0", "MessageBody": "{}"}])
    assert (len(pauses), len(server.requests)) == (2, 3)


def test_all_messages_of_a_transaction_are_deferred_if_sqs_refuses_one_message(
    service: tuple[Sqs, HttpServer],
) -> None:
    fake, _ = service
    fake.refused = {"1"}
    assert not queue.send_or_defer(messages(3))
    assert len(fake.accepted) == 2


def test_a_response_that_lacks_a_message_raises_send_error(service: tuple[Sqs, HttpServer]) -> None:
    fake, _ = service
    fake.successful = lambda entries: entries[1:]
    with pytest.raises(queue.SendError, match="does not name all messages"):
        queue.send(messages(3))


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_sending_without_credentials_raises_send_error(
    service: tuple[Sqs, HttpServer], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    _, server = service
    monkeypatch.delenv(variable)
    with pytest.raises(queue.SendError, match="credentials"):
        queue.send(messages(1))
    assert server.requests == []


def test_the_sweeper_sends_messages_later_if_sqs_cannot_be_reached(service: tuple[Sqs, HttpServer]) -> None:
    with pytest.MonkeyPatch.context() as environment, socket.create_server(("127.0.0.1", 0)) as closed:
        environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        closed.close()
        assert not queue.send_or_defer(messages(1))
    assert queue.send_or_defer(messages(1))
