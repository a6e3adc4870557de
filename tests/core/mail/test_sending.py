"""Tests the requests to SES, and the handling of its responses.

A server in this process replaces SES, so that a test can choose each response.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.core.aws.function import clear_clients, configure
from tests.core.http_server import HttpServer, answer, receive, serving
from wecelebrate.core import ses
from wecelebrate.core.aws_signature import NoCredentials
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.kept_connection import ConnectionDropped
from wecelebrate.jobs.lease import JobRejected
from wecelebrate.mail import sending
from wecelebrate.mail.rendering import RenderedMail

MAIL = RenderedMail(
    "Acme <mail@mail.test>", "Acme <a@acme.test>", "ada@example.test", "Hällo", "text", "<p>html</p>", "en"
)
TAGS = {"mail": "m-1", "client": "c-1"}


class Ses:
    """Answers the first requests with the given errors. Afterwards, accepts all mails."""

    def __init__(self) -> None:
        self.errors: list[tuple[int, dict[str, str], dict[str, str]]] = []
        """The status, the headers and the body of each error."""

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if self.errors:
            status, headers, body = self.errors.pop(0)
            answer(status, json.dumps(body).encode(), length=None, Connection="close", **headers)(connection, request)
        else:
            answer(200, b'{"MessageId": "0100"}', Connection="close")(connection, request)


Service = tuple[Ses, HttpServer]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Start the server, and configure this process like a function that sends mails through it."""
    monkeypatch.setenv("WC_MAIL_CONFIGURATION_SET", "mails")
    configure(monkeypatch)
    fake = Ses()
    with serving(fake) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        yield fake, server
    ses._connection.close()
    clear_clients()


def body_of(request: bytes) -> Any:
    return json.loads(request.partition(b"\r\n\r\n")[2])


def test_a_mail_is_sent_as_text_and_html_with_the_tags_of_the_platform(service: Service) -> None:
    _, server = service
    assert sending.send(MAIL, TAGS) == "0100"
    [request] = server.requests
    assert request.startswith(b"POST /v2/email/outbound-emails HTTP/1.1\r\n")
    assert server.sent("content-type") == ["application/json"]
    assert body_of(request) == {
        "FromEmailAddress": "Acme <mail@mail.test>",
        "Destination": {"ToAddresses": ["ada@example.test"]},
        "ReplyToAddresses": ["Acme <a@acme.test>"],
        "Content": {
            "Simple": {
                "Subject": {"Data": "Hällo", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "text", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>html</p>", "Charset": "UTF-8"},
                },
            }
        },
        "ConfigurationSetName": "mails",
        "EmailTags": [{"Name": "client", "Value": "c-1"}, {"Name": "mail", "Value": "m-1"}],
    }


def test_the_body_of_a_request_is_the_body_that_boto3_sends(service: Service) -> None:
    _, server = service
    request = sending.send_email_request(MAIL, TAGS)
    request["Content"] = {"Raw": {"Data": b"From: a@acme.test\r\n\r\nGr\xfc\xdfe"}}
    ses.send_email(request)
    boto3.client("sesv2", config=Config(retries={"total_max_attempts": 1})).send_email(**request)
    ours, botos = server.requests
    assert body_of(ours) == body_of(botos)
    assert ours.split()[:2] == botos.split()[:2]


@pytest.mark.parametrize("token", [None, "session/token=="])
def test_a_request_has_the_signature_that_botocore_computes(
    service: Service, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    _, server = service
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    else:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    sending.send(MAIL, TAGS)
    names = ["content-type", "host", "x-amz-date"] + (["x-amz-security-token"] if token else [])
    headers = {name: server.sent(name)[0] for name in names}
    body = server.requests[0].partition(b"\r\n\r\n")[2]
    request = AWSRequest("POST", server.url("/v2/email/outbound-emails"), data=body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials("test", "test"), "ses", "eu-central-1")
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert server.sent("authorization")[0].endswith(f"Signature={signature}")
    assert server.sent("x-amz-security-token") == [token or ""]


def test_requests_go_to_the_configured_endpoint_or_to_the_endpoint_of_the_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SESV2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert ses._endpoint() == boto3.client("sesv2", region_name="eu-central-1").meta.endpoint_url
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert ses._endpoint() == "http://127.0.0.1:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:2/")
    assert ses._endpoint() == "http://127.0.0.1:2"


ERRORS = [
    lambda code, text: ({"x_amzn_ErrorType": code}, {"message": text}),
    lambda code, text: ({"x_amzn_ErrorType": f"{code}:http://internal.amazon.com/coral/"}, {"Message": text}),
    lambda code, text: ({}, {"__type": f"com.amazonaws.sesv2#{code}", "message": text}),
    lambda code, text: ({}, {"code": code, "message": text}),
]
"""Functions that create an error response. SES and its replacements name the error in different headers and fields."""


@pytest.mark.parametrize("form", ERRORS)
@pytest.mark.parametrize(
    "code",
    [
        "TooManyRequestsException", "LimitExceededException", "SendingPausedException", "ThrottlingException",
        "ExpiredTokenException",
    ],
)  # fmt: skip
def test_sending_raises_unavailable_if_the_ses_account_is_throttled_or_paused(
    service: Service, code: str, form: Any
) -> None:
    service[0].errors = [(429, *form(code, "Maximum sending rate exceeded."))]
    with pytest.raises(Unavailable, match=f"{code}: Maximum"):
        sending.send(MAIL, TAGS)


@pytest.mark.parametrize("form", ERRORS)
@pytest.mark.parametrize("code", ["BadRequestException", "MessageRejected"])
def test_a_mail_is_rejected_if_ses_can_never_accept_it(service: Service, code: str, form: Any) -> None:
    service[0].errors = [(400, *form(code, "Local address contains control or whitespace"))]
    with pytest.raises(JobRejected, match="control or whitespace") as rejection:
        sending.send(MAIL, TAGS)
    assert rejection.value.code == "mail_refused"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("MessageRejected", "Email address is not verified. The following identities failed the check"),
        ("MailFromDomainNotVerifiedException", ""),
        ("AccountSuspendedException", ""),
        ("NotFoundException", "Configuration set <mails> does not exist."),
        ("InternalServiceErrorException", ""),
        ("", ""),
    ],
)
def test_a_mail_is_not_rejected_because_of_an_error_of_the_ses_account(service: Service, code: str, text: str) -> None:
    fake, server = service
    fake.errors = [(400, {"x_amzn_ErrorType": code}, {"message": text})] * 2
    with pytest.raises(ses.SesError) as error:
        sending.send(MAIL, TAGS)
    assert (error.value.code, error.value.message) == (code, text)
    assert len(server.requests) == 1


def test_an_error_without_json_is_not_a_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    with serving(answer(502, b"<html>Bad Gateway</html>", Connection="close")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        with pytest.raises(ses.SesError, match="502"):
            sending.send(MAIL, TAGS)
    ses._connection.close()


def test_sending_raises_unavailable_if_ses_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(Unavailable, match="cannot be reached"):
        sending.send(MAIL, TAGS)


@pytest.mark.parametrize(
    "answer_bytes",
    [b"HTTP/1.1 400 no TLS\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46"],
    ids=["no TLS", "protocol_version"],
)
def test_a_failed_tls_handshake_is_an_error_and_not_an_outage(
    monkeypatch: pytest.MonkeyPatch, answer_bytes: bytes
) -> None:
    configure(monkeypatch)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_without_tls() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer_bytes)

        server = threading.Thread(target=answer_without_tls)
        server.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(ssl.SSLError):
            sending.send(MAIL, TAGS)
        server.join()
    ses._connection.close()


@pytest.mark.parametrize(
    "answer_bytes",
    [b"", b"\x15\x03\x03\x00\x02\x01\x00", b"\x15\x03\x03\x00\x02\x02\x28"],
    ids=["end", "close_notify", "handshake_failure"],
)
def test_sending_raises_unavailable_if_the_server_ends_the_tls_handshake(
    monkeypatch: pytest.MonkeyPatch, answer_bytes: bytes
) -> None:
    configure(monkeypatch)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def end_the_handshake() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer_bytes)

        server = threading.Thread(target=end_the_handshake)
        server.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(Unavailable, match="SES cannot be reached"):
            sending.send(MAIL, TAGS)
        server.join()
    ses._connection.close()


def test_a_mail_is_not_sent_again_if_the_response_does_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES has possibly accepted the mail. The error therefore counts as an attempt of the job."""
    configure(monkeypatch)

    def accept_one(connection: socket.socket, request: bytes) -> None:
        answer(200, b'{"MessageId": "1"}')(connection, request)
        receive(connection)

    with serving(accept_one) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        assert sending.send(MAIL, TAGS) == "1"
        with pytest.raises(ConnectionDropped):
            sending.send(MAIL, TAGS)
        assert len(server.requests) == 1, "the second mail was sent on the kept connection, and not again on a new one"
        assert sending.send(MAIL, TAGS) == "1", "the next mail gets a new connection"
    ses._connection.close()


def test_a_request_is_not_repeated_after_a_read_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    monkeypatch.setattr(ses._connection, "_read_timeout", 0.2)

    def wait(connection: socket.socket, _: bytes) -> None:
        receive(connection)

    with serving(wait) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        with pytest.raises(TimeoutError):
            sending.send(MAIL, TAGS)
        assert len(server.requests) == 1
    ses._connection.close()


def test_sending_fails_without_credentials(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentials):
        sending.send(MAIL, TAGS)
    assert service[1].requests == []


@pytest.mark.parametrize("address", ["", "no address", "a@b.test, c@d.test", "a@b.test\r\nBcc: c@d.test", "ä@b.test"])
def test_a_mail_to_an_invalid_address_is_rejected_without_a_request_to_ses(service: Service, address: str) -> None:
    mail = RenderedMail("Acme <mail@mail.test>", None, address, "s", "t", "h", "en")
    with pytest.raises(JobRejected) as rejection:
        sending.send(mail, TAGS)
    assert rejection.value.code == "bad_address"
    assert service[1].requests == []
