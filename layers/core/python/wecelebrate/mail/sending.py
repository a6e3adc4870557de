"""Sending a mail through SES. The queue's rate limit (`wecelebrate.jobs.rate_limit`) sets the mails per second."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings
from wecelebrate.jobs.lease import JobRejected
from wecelebrate.mail.sanitize import mail_address

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

    from wecelebrate.mail.rendering import RenderedMail

RETRYABLE_ERRORS = (
    "TooManyRequestsException",
    "LimitExceededException",
    "ThrottlingException",
    "SendingPausedException",
)
"""Error codes of SES for a mail that it would accept later."""
PERMANENT_ERRORS = ("BadRequestException", "MessageRejected")
"""Error codes of SES for a mail that it never accepts."""
_UNVERIFIED = "not verified"
"""SES also rejects a mail if our own domain is not verified. Then the mail is not at fault."""
_CHARSET = "UTF-8"


@lru_cache(maxsize=1)
def _ses() -> "SESV2Client":
    import boto3
    from botocore.config import Config

    # boto3 must not retry: a retry could send the mail twice. The job retries, after checking for events from SES.
    return boto3.client("sesv2", config=Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1}))


def send(mail: "RenderedMail", tags: Mapping[str, str]) -> str:
    """Send a mail through SES. Returns the id that SES gives it.

    Raises Unavailable if SES would accept it later, JobRejected if SES never accepts it, and the error of boto3 if it
    is unknown whether SES has accepted it.
    """
    from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

    request = send_email_request(mail, tags)
    try:
        return _ses().send_email(**request)["MessageId"]
    except ClientError as error:
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in RETRYABLE_ERRORS:
            raise Unavailable(f"SES: {code}: {text}") from error
        if code in PERMANENT_ERRORS and _UNVERIFIED not in text:
            raise JobRejected("mail_refused", f"SES does not accept the mail: {text}") from error
        raise
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise Unavailable(f"SES cannot be reached: {error}") from error


def send_email_request(mail: "RenderedMail", tags: Mapping[str, str]) -> "SendEmailRequestTypeDef":
    """The parameters of SendEmail. Raises JobRejected if the recipient is not an e-mail address."""
    address = mail_address(mail.recipient)
    if address is None:
        raise JobRejected("bad_address", "The recipient is not a valid e-mail address. Use one like name@example.com.")
    request: SendEmailRequestTypeDef = {
        "FromEmailAddress": mail.sender,
        "Destination": {"ToAddresses": [address]},
        "Content": {
            "Simple": {
                "Subject": {"Data": mail.subject, "Charset": _CHARSET},
                "Body": {
                    "Text": {"Data": mail.text, "Charset": _CHARSET},
                    "Html": {"Data": mail.html, "Charset": _CHARSET},
                },
            }
        },
        "ConfigurationSetName": settings().mail_configuration_set,
        # Every event of SES about this mail contains the tags.
        "EmailTags": [{"Name": name, "Value": value} for name, value in sorted(tags.items())],
    }
    if mail.reply_to:
        request["ReplyToAddresses"] = [mail.reply_to]
    return request
