"""Handing a mail to SES. How many a second is the rate of the queue (`wecelebrate.jobs.rate_limit`)."""

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

    from wecelebrate.mail.rendering import Letter

BUSY = ("TooManyRequestsException", "LimitExceededException", "ThrottlingException", "SendingPausedException")
"""What SES says when it would take the mail at another time."""
NEVER = ("BadRequestException", "MessageRejected")
"""What SES says of a mail that it never takes."""
_UNVERIFIED = "not verified"
"""SES rejects a mail, too, when our own domain is not verified: that is no fault of the mail."""
_CHARSET = "UTF-8"


@lru_cache(maxsize=1)
def _ses() -> "SESV2Client":
    import boto3
    from botocore.config import Config

    # Sent by SDK a second time it might arrive twice: the job tries again, after looking at what SES told.
    return boto3.client("sesv2", config=Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1}))


def send(letter: "Letter", tags: Mapping[str, str]) -> str:
    """Hand a mail to SES; what SES calls it.

    Raises Unavailable when SES would take it at another time, JobRejected when never, and whatever boto3 raises when it
    may or may not have it.
    """
    from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

    asked = request(letter, tags)
    try:
        return _ses().send_email(**asked)["MessageId"]
    except ClientError as error:
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in BUSY:
            raise Unavailable(f"SES: {code}: {said}") from error
        if code in NEVER and _UNVERIFIED not in said:
            raise JobRejected("mail_refused", f"SES does not take the mail: {said}") from error
        raise
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise Unavailable(f"SES cannot be reached: {error}") from error


def request(letter: "Letter", tags: Mapping[str, str]) -> "SendEmailRequestTypeDef":
    """What SES is asked. Raises JobRejected for an address that cannot be one."""
    address = mail_address(letter.recipient)
    if address is None:
        raise JobRejected("bad_address", "This is not an e-mail address that mail can be sent to.")
    asked: SendEmailRequestTypeDef = {
        "FromEmailAddress": letter.sender,
        "Destination": {"ToAddresses": [address]},
        "Content": {
            "Simple": {
                "Subject": {"Data": letter.subject, "Charset": _CHARSET},
                "Body": {
                    "Text": {"Data": letter.text, "Charset": _CHARSET},
                    "Html": {"Data": letter.html, "Charset": _CHARSET},
                },
            }
        },
        "ConfigurationSetName": settings().mail_configuration_set,
        # Every event of SES brings them back.
        "EmailTags": [{"Name": name, "Value": value} for name, value in sorted(tags.items())],
    }
    if letter.reply_to:
        asked["ReplyToAddresses"] = [letter.reply_to]
    return asked
