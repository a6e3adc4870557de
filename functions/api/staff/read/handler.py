"""Staff: list and read the staff of the platform and the invitations to the staff."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.members import invitations, staff
from wecelebrate.members.models import Invitation, InvitationFilters, StaffFilters, StaffMember

app = api()


@app.get("/v1/admin/members", response_model=Page[StaffMember])
def list_staff(request: Request, filters: Annotated[StaffFilters, Query()], tx: Reading) -> Response:
    """List the staff of the platform, newest first. Only admins can do this."""
    return page_response(request, filters, staff.page(tx, filters))


@app.get("/v1/admin/members/{member_id}")
def get_staff_member(member_id: Id, tx: Reading) -> StaffMember:
    """Read one person of the staff. Only admins can do this."""
    return staff.get(tx, member_id)


@app.get("/v1/admin/invitations", response_model=Page[Invitation])
def list_staff_invitations(request: Request, filters: Annotated[InvitationFilters, Query()], tx: Reading) -> Response:
    """List the invitations to the staff, newest first. Only admins can do this."""
    return page_response(request, filters, invitations.page(tx, None, filters))


@app.get("/v1/admin/invitations/{invitation_id}")
def get_staff_invitation(invitation_id: Id, tx: Reading) -> Invitation:
    """Read one invitation to the staff. Only admins can do this."""
    return invitations.get(tx, None, invitation_id)


handler = serve(app)
