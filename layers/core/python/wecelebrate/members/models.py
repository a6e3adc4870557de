"""Members of clients, the staff of the platform, and invitations."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from wecelebrate.core.models import ABSENT, Input, Patch
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.types import EmailAddress, Flag, Label, Moment, Name

ClientRole = Literal["owner", "editor", "viewer"]
StaffRole = Literal["super_admin", "admin", "support"]
MemberKind = Literal["person", "machine"]
InvitationStatus = Literal["open", "accepted", "revoked", "expired"]
Language = Literal["de", "en", "es", "fr", "it", "nl"]


class Member(BaseModel):
    """A member of a client: a person or a machine. A machine is a program with its own access to the API."""

    id: UUID
    client_id: UUID
    subject: str
    """The `sub` claim of the tokens of the member. For a machine, `machine:` and the id of the machine."""
    kind: MemberKind
    """Whether the member is a person or a machine."""
    name: str | None
    """The name that the people who manage the members see."""
    email: str | None = Field(description="The address of the accepted invitation. Null for a machine.")
    role: ClientRole
    """What the member may do. Viewers can read, editors can also write, and owners can also manage the members."""
    personal_data: bool | None = Field(
        description=(
            "Whether the member sees the personal data of customers. Null: owners and editors see the data, and "
            "viewers get masked data."
        )
    )
    is_active: bool
    """Whether the member has access. If an owner has added a machine, the machine has access after it accepts the
    membership."""
    created_at: Moment
    updated_at: Moment


class MemberFilters(ListParameters):
    """The filters of a list of members."""

    role: ClientRole | None = None
    kind: MemberKind | None = None
    email: EmailAddress | None = Field(default=None, description="The complete address. Case is ignored.")


class MemberPatch(Patch):
    """The change of a member."""

    role: ClientRole = ABSENT
    """The new role. A machine cannot be an owner."""
    personal_data: Flag | None = Field(
        default=None,
        description="Whether the member sees the personal data of customers. Null: the role of the member decides.",
    )
    name: Name | None = None


class NewMember(Input):
    """A person to invite to a client."""

    email: EmailAddress
    """The address to which the invitation is sent. Only an account that has verified this address can accept it."""
    role: ClientRole
    name: Name | None = None
    """The name that the people who manage the members see."""
    language: Language = "en"
    """The language of the mail."""


def _checked_machine_id(value: str) -> str:
    if not value.isascii():  # In a pattern, the meaning of `\S` and `\w` depends on the programming language.
        raise ValueError("must be the client id of the machine at the issuer")
    return value


MachineId = Annotated[
    Label,
    StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9._@|:+-]+$"),
    AfterValidator(_checked_machine_id),
]


class NewMachine(Input):
    """A machine to add to a client."""

    machine_id: MachineId
    """The id with which the machine gets its tokens from the issuer (`client_id` of the grant `client_credentials`)."""
    role: Literal["editor", "viewer"]
    """What the machine may do. Viewers can read, and editors can also write."""
    name: Name | None = None
    """The name that the people who manage the members see."""


class Invitation(BaseModel):
    """An invitation of a person.

    The API does not return the token of the invitation. Only the mail contains the token.
    """

    id: UUID
    client_id: UUID | None
    """The client to which the person is invited. Null if the person is invited to the staff of the platform."""
    email: str
    """The address to which the invitation is sent."""
    role: ClientRole | StaffRole
    """The role that the person gets."""
    name: str | None
    """The name that the people who manage the members see."""
    language: Language = Field(description="The language of the mail.")
    status: InvitationStatus
    """`open`: the person can accept the invitation. All other states are final."""
    sends: int = Field(description="The number of times that the mail was requested. The maximum is 5.")
    invited_by: str
    """The `sub` claim of the user who sent the invitation."""
    created_at: Moment
    updated_at: Moment
    expires_at: Moment
    """When the invitation expires. The person can accept it until then."""
    accepted_at: Moment | None
    """When the person accepted the invitation. Null if the person has not accepted it."""
    revoked_at: Moment | None
    """When the invitation was revoked. Null if it was not revoked."""


class InvitationFilters(ListParameters):
    """The filters of a list of invitations."""

    status: InvitationStatus | None = None
    email: EmailAddress | None = Field(default=None, description="The complete address. Case is ignored.")


class InvitationCode(Input):
    """The code of an invitation.

    It is in the body and not in the URL, because many systems log the URLs of requests.
    """

    code: Label = Field(description="The code in the newest mail of the invitation.")


class AcceptedInvitation(BaseModel):
    """The membership that the caller has received by accepting an invitation."""

    client_id: UUID | None
    """The client of which the caller is now a member. Null if the caller now belongs to the staff."""
    client_name: str | None
    """The name of the client. Null if the caller now belongs to the staff."""
    member_id: UUID
    """The id of the membership."""
    role: ClientRole | StaffRole
    """The role of the caller."""


class AcceptedMembership(BaseModel):
    """The membership that the calling machine has accepted."""

    client_id: UUID
    """The client to which the machine now has access."""
    client_name: str
    """The name of the client."""
    member_id: UUID
    """The id of the membership."""
    role: ClientRole
    """The role of the machine."""


class StaffMember(BaseModel):
    """A person who belongs to the staff of the platform."""

    id: UUID
    subject: str
    """The `sub` claim of the tokens of the person."""
    name: str | None
    """The name that the people who manage the staff see."""
    email: str
    """The address of the accepted invitation."""
    role: StaffRole
    """What the person may do. Support can work on products and orders. Admins can work on everything, and super admins
    can also manage the staff."""
    is_active: bool
    """Whether the person has access."""
    created_at: Moment
    updated_at: Moment


class StaffFilters(ListParameters):
    """The filters of the list of staff."""

    role: StaffRole | None = None
    email: EmailAddress | None = Field(default=None, description="The complete address. Case is ignored.")


class StaffPatch(Patch):
    """A change of a person of the staff."""

    role: StaffRole = ABSENT
    name: Name | None = None


class NewStaffMember(Input):
    """A person to invite to the staff of the platform."""

    email: EmailAddress
    """The address to which the invitation is sent. Only an account that has verified this address can accept it."""
    role: StaffRole
    name: Name | None = None
    """The name that the people who manage the staff see."""
    language: Language = "en"
    """The language of the mail."""
