"""Sends a mail through SES. `wecelebrate.jobs.rate_limit` limits the number of mails per second."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from wecelebrate.core import ses
from wecelebrate.core.aws import EXPIRED_CODES
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.kept_connection import NotConnected
from wecelebrate.core.settings import settings
from wecelebrate.core.types import email_address
from wecelebrate.jobs.lease import JobRejected
from wecelebrate.mail.attachments import Attachment

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import MessageTypeDef, SendEmailRequestTypeDef

    from wecelebrate.mail.rendering import RenderedMail

RETRYABLE_ERRORS = (
    "TooManyRequestsException",
    "LimitExceededException",
    "ThrottlingException",
    "SendingPausedException",
    *sorted(EXPIRED_CODES),
)
"""The error codes of SES after which SES can accept the mail later."""
PERMANENT_ERRORS = ("BadRequestException", "MessageRejected")
"""The error codes of SES after which SES never accepts the mail."""
_UNVERIFIED = "not verified"
"""A part of the error text if the domain of the platform is not verified in SES. The job is then retried, because the
mail itself is valid."""
_CHARSET = "UTF-8"


def send(mail: "RenderedMail", tags: Mapping[str, str], attachments: Sequence[Attachment] = ()) -> str:
    """Send a mail through SES, and return its id in SES.

    Raises Unavailable if SES can accept the mail later, and JobRejected if SES never accepts the mail. After any other
    error, it is unknown whether SES has accepted the mail.
    """
    request = send_email_request(mail, tags, attachments)
    try:
        return ses.send_email(request)
    except ses.SesError as error:
        if error.code in RETRYABLE_ERRORS:
            raise Unavailable(f"SES: {error.code}: {error.message}") from error
        if error.code in PERMANENT_ERRORS and _UNVERIFIED not in error.message:
            raise JobRejected("mail_refused", f"SES does not accept the mail: {error.message}") from error
        raise
    except NotConnected as error:
        raise Unavailable(f"SES cannot be reached: {error}") from error


def send_email_request(
    mail: "RenderedMail", tags: Mapping[str, str], attachments: Sequence[Attachment] = ()
) -> "SendEmailRequestTypeDef":
    """Return the parameters of the SES request `SendEmail`.

    For a mail with attachments or with a link to unsubscribe, the request contains a complete MIME message. SES
    composes all other mails. Raises JobRejected if the recipient is not an e-mail address.
    """
    address = email_address(mail.recipient)
    if address is None:
        raise JobRejected("bad_address", "The recipient must be a valid e-mail address, e.g. name@example.com.")
    request: SendEmailRequestTypeDef = {
        "FromEmailAddress": mail.sender,
        "Destination": {"ToAddresses": [address]},
        "Content": {"Simple": _simple(mail)},
        "ConfigurationSetName": settings().mail_configuration_set,
        # Every event that SES sends about this mail contains these tags.
        "EmailTags": [{"Name": name, "Value": value} for name, value in sorted(tags.items())],
    }
    if attachments or mail.unsubscribe_url:
        request["Content"] = {"Raw": {"Data": mime_message(mail, address, attachments).as_bytes()}}
    if mail.reply_to:
        request["ReplyToAddresses"] = [mail.reply_to]
    return request


def _simple(mail: "RenderedMail") -> "MessageTypeDef":
    return {
        "Subject": {"Data": mail.subject, "Charset": _CHARSET},
        "Body": {
            "Text": {"Data": mail.text, "Charset": _CHARSET},
            "Html": {"Data": mail.html, "Charset": _CHARSET},
        },
    }


def mime_message(mail: "RenderedMail", address: str, attachments: Sequence[Attachment]) -> EmailMessage:
    """Return a mail as a MIME message (RFC 2045), with its texts, the images of its HTML, and its attachments.

    With the headers of RFC 8058, the recipient can unsubscribe with one click in the mail program. SES adds the date,
    the id and the signature.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = address
    message["Subject"] = mail.subject
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    html = message.get_body(("html",))
    if not isinstance(html, EmailMessage):
        raise TypeError("the message has no HTML part")
    for file in attachments:
        main_type, _, subtype = file.media_type.partition("/")
        if file.content_id is not None:
            html.add_related(
                file.body, main_type, subtype, cid=f"<{file.content_id}>", filename=file.name, disposition="inline"
            )
        else:
            message.add_attachment(file.body, main_type, subtype, filename=file.name)
    return message
