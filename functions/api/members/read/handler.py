"""Members: list and read the members of a client and the invitations to a client."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import members
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.members import invitations
from wecelebrate.members.models import Invitation, InvitationFilters, Member, MemberFilters

app = api()


@app.get("/v1/clients/{client_id}/members", response_model=Page[Member], dependencies=[records_reads("member")])
def list_members(request: Request, client_id: Id, filters: Annotated[MemberFilters, Query()], tx: Reading) -> Response:
    """List the members of a client, newest first."""
    return page_response(request, filters, members.page(tx, client_id, filters))


@app.get("/v1/clients/{client_id}/members/{member_id}", dependencies=[records_reads("member")])
def get_member(client_id: Id, member_id: Id, tx: Reading) -> Member:
    """Read one member of a client."""
    return members.get(tx, client_id, member_id)


@app.get(
    "/v1/clients/{client_id}/invitations",
    response_model=Page[Invitation],
    dependencies=[records_reads("invitation")],
)
def list_invitations(
    request: Request, client_id: Id, filters: Annotated[InvitationFilters, Query()], tx: Reading
) -> Response:
    """List the invitations to a client, newest first. Only owners and admins can do this."""
    return page_response(request, filters, invitations.page(tx, client_id, filters))


@app.get("/v1/clients/{client_id}/invitations/{invitation_id}", dependencies=[records_reads("invitation")])
def get_invitation(client_id: Id, invitation_id: Id, tx: Reading) -> Invitation:
    """Read one invitation to a client. Only owners and admins can do this."""
    return invitations.get(tx, client_id, invitation_id)


handler = serve(app)
