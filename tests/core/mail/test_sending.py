"""What SES is asked, how fast, and what becomes of its answers. SES itself is not ours, and cannot be run throttled or
paused here: botocore's own stub answers in its place."""

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
from wecelebrate.mail.rendering import Letter

LETTER = Letter("Acme <mail@mail.test>", "Acme <a@acme.test>", "ada@example.test", "Hällo", "text", "<p>html</p>", "en")
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


def test_ses_is_asked_for_both_parts_with_our_tags(ses: Stubber) -> None:
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
    assert sending.send(LETTER, TAGS) == "0100"
    ses.assert_no_pending_responses()


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "LimitExceededException", "SendingPausedException", "ThrottlingException"]
)
def test_what_ses_takes_later_uses_no_attempt_up(ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, "Maximum sending rate exceeded.", 429)
    with pytest.raises(Unavailable, match=code):
        sending.send(LETTER, TAGS)


@pytest.mark.parametrize("code", ["BadRequestException", "MessageRejected"])
def test_what_ses_never_takes_is_refused_at_once(ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, "Local address contains control or whitespace", 400)
    with pytest.raises(JobRejected, match="control or whitespace") as refused:
        sending.send(LETTER, TAGS)
    assert refused.value.code == "mail_refused"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("MessageRejected", "Email address is not verified. The following identities failed the check"),
        ("MailFromDomainNotVerifiedException", ""),
        ("AccountSuspendedException", ""),
        ("NotFoundException", "Configuration set <mails> does not exist."),
        ("InternalServiceErrorException", ""),
    ],
)
def test_a_fault_of_ours_is_no_fault_of_the_mail(ses: Stubber, code: str, said: str) -> None:
    ses.add_client_error("send_email", code, said, 400)
    with pytest.raises(ClientError):
        sending.send(LETTER, TAGS)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (EndpointConnectionError(endpoint_url="https://ses.test"), Unavailable),
        # Whether SES has it nobody knows: that is a try.
        (ReadTimeoutError(endpoint_url="https://ses.test"), ReadTimeoutError),
    ],
)
def test_who_cannot_be_reached_is_unavailable_and_who_does_not_answer_is_not(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, raised: type[Exception]
) -> None:
    class Silent:
        def send_email(self, **_: Any) -> None:
            raise fault

    monkeypatch.setattr(sending, "_ses", Silent)
    with pytest.raises(raised):
        sending.send(LETTER, TAGS)


def test_boto3_sends_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sending._ses.cache_clear()
    chosen: Any = sending._ses().meta.config
    assert chosen.retries["total_max_attempts"] == 1
    sending._ses.cache_clear()


@pytest.mark.parametrize("address", ["", "no address", "a@b.test, c@d.test", "a@b.test\r\nBcc: c@d.test", "ä@b.test"])
def test_what_is_no_address_is_refused_before_ses_is_asked(ses: Stubber, address: str) -> None:
    wrong = Letter("Acme <mail@mail.test>", None, address, "s", "t", "h", "en")
    with pytest.raises(JobRejected) as refused:
        sending.send(wrong, TAGS)
    assert refused.value.code == "bad_address"
