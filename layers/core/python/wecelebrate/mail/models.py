"""A mail, and an address that is written to no more."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment, Url
from wecelebrate.core.pages import ListParameters

Template = Literal["order_confirmation", "order_shipped", "job_finished"]
MailState = Literal["queued", "failed", "suppressed", "sent", "delivered", "bounced", "complained"]
Cause = Literal["bounce", "complaint"]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Tracking(Input):
    """Where a parcel can be followed."""

    carrier: Short | None = None
    number: Short | None = None
    url: Url | None = None


class ListedMail(BaseModel):
    """A mail as lists show it."""

    id: UUID
    client_id: UUID | None = Field(description="Null: a mail of the platform.")
    job_id: UUID | None = Field(description="The job that sends it.")
    template: Template
    order_id: UUID | None
    recipient: str
    locale: str | None = Field(description="What it was written in; null until it was.")
    state: MailState
    reason: str | None = Field(description="Why it was not delivered, in words.")
    message_id: str | None = Field(description="What SES calls it.")
    created_at: Moment
    updated_at: Moment
    sent_at: Moment | None


class Mail(ListedMail):
    """A mail with its text, written anew from what it is about as that is now."""

    sender: str
    reply_to: str | None
    subject: str
    text: str
    html: str


class MailFilters(ListParameters):
    """What a list of mails may be asked."""

    client_id: UUID | None = None
    template: Template | None = None
    state: MailState | None = None
    order_id: UUID | None = None
    recipient: str | None = Field(default=None, max_length=320, description="The whole address, in any case.")


class Suppression(BaseModel):
    """An address that nothing is sent to."""

    id: UUID
    client_id: UUID | None = Field(description="Whose mail came back or was complained of; null: the platform's.")
    address: str = Field(description="In lower case.")
    cause: Cause
    reason: str | None = Field(description="What the other side said.")
    mail_id: UUID | None = Field(description="The mail that told.")
    created_at: Moment
    released_at: Moment | None = Field(description="When it was let go: it may be written to again.")
    released_by: str | None


class SuppressionFilters(ListParameters):
    """What a list of suppressed addresses may be asked."""

    client_id: UUID | None = None
    address: str | None = Field(default=None, max_length=320, description="The whole address, in any case.")
    cause: Cause | None = None
    released: bool = Field(default=False, description="Those that were let go, in place of those that hold.")
