"""The commands `wecelebrate members`: manage the members of a client and the staff of the platform."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.command import output
from infra.command.errors import BadUsage, NotFound, Refused
from infra.command.help import API, LOCAL, SETTINGS, documented
from infra.command.output import Cell, Column, Json, JsonOption
from infra.command.resources import client_id, client_slugs, only
from infra.local.hints import this_command

if TYPE_CHECKING:
    import httpx

Role = Literal["owner", "editor", "viewer", "super_admin", "admin", "support"]
ClientOption = Annotated[
    str | None, typer.Option("--client", help="Id or slug of the client. Without it, the staff of the platform.")
]
_ROLE = typer.Option("--role", help="owner, editor or viewer of a client; super_admin, admin or support of the staff.")
RoleOption = Annotated[Role, _ROLE]
OptionalRole = Annotated[Role | None, _ROLE]
Language = Literal["de", "en", "es", "fr", "it", "nl"]
MemberArgument = Annotated[str, typer.Argument(help="E-mail address, subject or id of the member.")]
InvitationsOption = Annotated[bool, typer.Option("--invitations", help="List the invitations instead.")]

_MEMBERS = (Column("email", shorten=True), Column("name", shorten=True), Column("role"), Column("since"), Column("id"))
_INVITATIONS = (Column("email", shorten=True), Column("role"), Column("status"), Column("expires"), Column("id"))

app = typer.Typer(
    no_args_is_help=True, help="List, invite, change and remove members of a client, or staff.", **SETTINGS
)


@app.command(
    "list",
    cls=documented(
        "wecelebrate members list --client acme",
        "wecelebrate members list --client acme --invitations",
        environment=API,
    ),
)
def list_members(
    client: ClientOption = None, invitations: InvitationsOption = False, as_json: JsonOption = False
) -> None:
    """List the members of a client, or the staff, newest first."""
    from infra.command.api import connect, get_all

    with connect() as connection:
        base = _base(connection.api, client)
        rows = list(get_all(connection.api, f"{base}/{'invitations' if invitations else 'members'}"))
    if as_json:
        output.print_json_list(rows, has_more=False)
    elif not rows:
        output.note("no invitations" if invitations else "no members")
    elif invitations:
        output.print_table(_INVITATIONS, [_invitation(row) for row in rows])
    else:
        output.print_table(_MEMBERS, [_member(row) for row in rows])


@app.command(
    cls=documented(
        "wecelebrate members invite ann@example.com --client acme --role editor",
        "wecelebrate members invite bob@example.com --role support",
        "wecelebrate members invite ann@example.com --client acme --resend",
        environment=API,
    )
)
def invite(
    email: Annotated[str, typer.Argument(help="The address to which the invitation is sent.")],
    role: OptionalRole = None,
    client: ClientOption = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="The language of the mail. By default en.")
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="Send the mail of an earlier invitation again, e.g. if it got lost.")
    ] = False,
) -> None:
    """Invite a person by e-mail.

    With --resend, the existing invitation keeps its role and its language, and is open for seven more days. The new
    mail has a new code, and all earlier codes are no longer valid. An invitation is sent at most five times.
    """
    from infra.command.api import connect, post

    if resend and (role or language):
        raise BadUsage("--resend keeps the role and the language of the invitation: leave --role and --language out")
    if not resend and role is None:
        raise BadUsage("--role is missing: say what the person may do, e.g. --role viewer")
    with connect() as connection:
        base = _base(connection.api, client)
        if resend:
            path = f"{base}/invitations/{_unanswered(connection.api, base, email)['id']}/resend"
            invitation = post(connection.api, path)
        else:
            body = {"email": email, "role": role, "language": language or "en"}
            invitation = post(connection.api, f"{base}/members", body)
    again = f" again (mail {invitation['sends']} of 5)" if resend else ""
    until = invitation["expires_at"][:10]
    output.success(f"{invitation['email']} is invited{again} as {invitation['role']} until {until}")


@app.command(
    cls=documented("wecelebrate members role ann@example.com --client acme --role owner", environment=API),
)
def role(member: MemberArgument, role: RoleOption, client: ClientOption = None) -> None:
    """Change the role of a member."""
    from infra.command.api import connect, require_success

    with connect() as connection:
        base = _base(connection.api, client)
        row = _find(connection.api, base, member)
        path = f"{base}/members/{row['id']}"
        tag = connection.api.get(path).headers.get("etag", "*")
        require_success(connection.api.patch(path, json={"role": role}, headers={"If-Match": tag}))
    output.success(f"{member} is now {role}")


@app.command(cls=documented("wecelebrate members remove ann@example.com --client acme", environment=API))
def remove(member: MemberArgument, client: ClientOption = None) -> None:
    """Remove a member. The member loses access immediately."""
    from infra.command.api import connect, require_success

    with connect() as connection:
        base = _base(connection.api, client)
        row = _find(connection.api, base, member)
        require_success(connection.api.delete(f"{base}/members/{row['id']}", headers={"If-Match": "*"}))
    output.success(f"{member} is removed")


@app.command(
    cls=documented(
        "wecelebrate members accept CODE",
        "WECELEBRATE_TOKEN=$(wecelebrate token --as customer:ann@example.com) wecelebrate members accept CODE",
        environment=API,
    )
)
def accept(code: Annotated[str, typer.Argument(help="The code of the invitation.")]) -> None:
    """Accept an invitation with the account of $WECELEBRATE_TOKEN."""
    from infra.command.api import connect, post

    with connect() as connection:
        try:
            accepted = post(connection.api, "/v1/invitations/accept", {"code": code})
        except Refused as error:
            if connection.local is None or "another address" not in str(error):
                raise
            token = f"WECELEBRATE_TOKEN=$({this_command()} token --as customer:ADDRESS)"
            raise Refused(f"{error} In the local cloud, {token} acts as the invited person") from error
    output.success(f"you are now {accepted['role']} of {accepted['client_name'] or 'the staff'}")


@app.command("first-admin", cls=documented("wecelebrate members first-admin ann@example.com", environment=LOCAL))
def first_admin(email: Annotated[str, typer.Argument(help="The address of the first super admin.")]) -> None:
    """Invite the first super admin of the local cloud, and print the code of the invitation.

    The command works only if the platform has no super admin. On AWS, invoke the function deploy-migrate
    (docs/members.md).
    """
    from psycopg.conninfo import make_conninfo

    from infra.command.api import local_cloud
    from infra.command.errors import database_errors
    from infra.local.credentials import Credentials
    from infra.local.database import MIGRATOR
    from infra.local.postgres import DATABASE
    from wecelebrate.members.first_admin import invite

    cloud = local_cloud("members first-admin")
    host, _, port = cloud.endpoints.database.rpartition("@")[2].partition("/")[0].rpartition(":")
    password = Credentials.of(cloud.state).logins[MIGRATOR]
    with database_errors():
        try:
            code = invite(make_conninfo(host=host, port=port, dbname=DATABASE, user=MIGRATOR, password=password), email)
        except ValueError as error:
            raise BadUsage(f"{email} {error}") from error
    if code is None:
        raise Refused("the platform has a super admin already, who can invite others with `wecelebrate members invite`")
    output.result(code)


def _base(api: "httpx.Client", client: str | None) -> str:
    return "/v1/admin" if client is None else f"/v1/clients/{client_id(client_slugs(api), client)}"


def _unanswered(api: "httpx.Client", base: str, email: str) -> Json:
    """Return the open invitation of an address. If no invitation is open, return the last expired invitation. Raises
    NotFound."""
    from infra.command.api import get_all

    invitations = list(get_all(api, f"{base}/invitations", {"email": email}))
    for status in ("open", "expired"):
        for invitation in invitations:
            if invitation["status"] == status:
                return invitation
    reason = f"the last one was {invitations[0]['status']}" if invitations else "there was none"
    raise NotFound(f"{email} has no open invitation, and {reason}: invite the person without --resend")


def _find(api: "httpx.Client", base: str, member: str) -> Json:
    """Return the member with this id or this subject, otherwise the member with this address. Raises NotFound, or
    BadUsage if several members have the address."""
    from infra.command.api import get_all

    rows = list(get_all(api, f"{base}/members"))
    matches = [row for row in rows if member in (row["id"], row["subject"])] or [
        row for row in rows if member.lower() == (row["email"] or "").lower()
    ]
    return only("members", "have the address", member, matches, f"{member} is not a member")


def _member(row: Json) -> tuple[Cell, ...]:
    return row["email"] or row["subject"], row["name"], row["role"], row["created_at"][:10], row["id"]


def _invitation(row: Json) -> tuple[Cell, ...]:
    return row["email"], row["role"], row["status"], row["expires_at"][:10], row["id"]
