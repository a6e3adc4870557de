"""Mails, suppressed addresses, and the filters for listing them."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from wecelebrate.core.models import Input
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import EmailAddress, HttpUrl, Id, Moment, ShortLine, Switch

Template = Literal[
    "order_confirmation",
    "order_shipped",
    "order_delivered",
    "order_cancelled",
    "order_confirm_request",
    "order_lookup",
    "job_finished",
    "invitation",
    "report",
]
MailState = Literal["queued", "failed", "suppressed", "sent", "delivered", "bounced", "complained"]
SuppressionCause = Literal["bounce", "complaint"]


class Tracking(Input):
    """The carrier and the tracking data of a parcel."""

    carrier: ShortLine | None = None
    number: ShortLine | None = None
    url: HttpUrl | None = None


class ListedMail(BaseModel):
    """A mail in a list, without its text."""

    id: UUID
    client_id: UUID | None = Field(description="The client for which the mail is sent. Null for the platform.")
    job_id: UUID | None = Field(description="The job that sends the mail.")
    template: Template
    """The template from which the mail is rendered."""
    order_id: UUID | None
    """The order that the mail is about. Null if the mail is not about an order."""
    recipient: str
    locale: str | None = Field(description="The BCP 47 locale of the text. In a list, null until the mail is sent.")
    state: MailState
    """The state of the mail."""
    reason: str | None = Field(description="Why the mail was not delivered, as text for people.")
    message_id: str | None = Field(description="The id of the mail in SES. Null until SES has accepted the mail.")
    created_at: Moment
    updated_at: Moment
    sent_at: Moment | None
    """When the mail was sent. Null if it was not sent."""


class Mail(ListedMail):
    """A mail with its text. The text is rendered for this response, from the current data of the order or job."""

    sender: str
    """The sender of the mail: the display name and the address."""
    reply_to: str | None
    """The address for replies. Null if replies go to the address of the sender."""
    subject: str
    """The subject of the mail."""
    text: str
    """The mail as plain text."""
    html: str
    """The mail as HTML."""


class MailFilters(ListParameters):
    """The filters of a list of mails."""

    client_id: Id | None = None
    template: Template | None = None
    state: MailState | None = None
    order_id: Id | None = None
    recipient: EmailAddress | None = Field(default=None, description="The complete address. Case is ignored.")


class Suppression(BaseModel):
    """An address to which no mail is sent."""

    id: UUID
    client_id: UUID | None = Field(
        description="The client whose mail bounced or caused a complaint. Null for a mail of the platform."
    )
    address: str = Field(description="The address in lower case.")
    cause: SuppressionCause
    """What caused the suppression."""
    reason: str | None = Field(description="Why the address is suppressed, as text for people.")
    mail_id: UUID | None = Field(description="The mail that bounced or caused a complaint.")
    created_at: Moment
    released_at: Moment | None = Field(
        description="When the address was released. After that, mails are sent to the address again."
    )
    released_by: str | None = Field(description="The `sub` claim of the user who released the address.")


class SuppressionFilters(ListParameters):
    """The filters of a list of suppressed addresses."""

    client_id: Id | None = None
    address: EmailAddress | None = Field(default=None, description="The complete address. Case is ignored.")
    cause: SuppressionCause | None = None
    released: Switch = Field(
        default=False,
        description="Whether the list contains the released addresses instead of the suppressed addresses.",
    )
