"""Tests the requests to SES, and the handling of its responses. A stub of botocore replaces SES."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings
from wecelebrate.jobs.lease import JobRejected
from wecelebrate.mail import sending
from wecelebrate.mail.rendering import RenderedMail

MAIL = RenderedMail(
    "Acme <mail@mail.test>", "Acme <a@acme.test>", "ada@example.test", "Hällo", "text", "<p>html</p>", "en"
)
TAGS = {"mail": "m-1", "client": "c-1"}


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    settings.cache_clear()
    monkeypatch.setenv("WC_MAIL_CONFIGURATION_SET", "mails")
    client = boto3.client(
        "sesv2",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    monkeypatch.setattr(sending, "_ses", lambda: client)
    with Stubber(client) as stub:
        yield stub
    settings.cache_clear()


def test_a_mail_is_sent_as_text_and_html_with_the_tags_of_the_platform(ses: Stubber) -> None:
    expected = {
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
    ses.add_response("send_email", {"MessageId": "0100"}, expected)
    assert sending.send(MAIL, TAGS) == "0100"
    ses.assert_no_pending_responses()


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "LimitExceededException", "SendingPausedException", "ThrottlingException"]
)
def test_sending_raises_unavailable_if_the_ses_account_is_throttled_or_paused(ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, "Maximum sending rate exceeded.", 429)
    with pytest.raises(Unavailable, match=code):
        sending.send(MAIL, TAGS)


@pytest.mark.parametrize("code", ["BadRequestException", "MessageRejected"])
def test_a_mail_is_rejected_if_ses_can_never_accept_it(ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, "Local address contains control or whitespace", 400)
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
    ],
)
def test_a_mail_is_not_rejected_if_the_error_concerns_the_ses_account_of_the_platform(
    ses: Stubber, code: str, text: str
) -> None:
    ses.add_client_error("send_email", code, text, 400)
    with pytest.raises(ClientError):
        sending.send(MAIL, TAGS)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (EndpointConnectionError(endpoint_url="https://ses.test"), Unavailable),
        # It is possible that SES has accepted the mail, so this error counts as an attempt.
        (ReadTimeoutError(endpoint_url="https://ses.test"), ReadTimeoutError),
    ],
)
def test_a_failed_connection_raises_unavailable_but_a_read_timeout_does_not(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    class FailingSes:
        def send_email(self, **_: Any) -> None:
            raise error

    monkeypatch.setattr(sending, "_ses", FailingSes)
    with pytest.raises(raised):
        sending.send(MAIL, TAGS)


def test_boto3_does_not_retry_requests_to_ses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sending._ses.cache_clear()
    config: Any = sending._ses().meta.config
    assert config.retries["total_max_attempts"] == 1
    sending._ses.cache_clear()


@pytest.mark.parametrize("address", ["", "no address", "a@b.test, c@d.test", "a@b.test\r\nBcc: c@d.test", "ä@b.test"])
def test_a_mail_to_an_invalid_address_is_rejected_without_a_request_to_ses(ses: Stubber, address: str) -> None:
    mail = RenderedMail("Acme <mail@mail.test>", None, address, "s", "t", "h", "en")
    with pytest.raises(JobRejected) as rejection:
        sending.send(mail, TAGS)
    assert rejection.value.code == "bad_address"
