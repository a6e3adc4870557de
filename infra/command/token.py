"""The command `wecelebrate token`: prints an access token of the local issuer."""

from typing import Annotated

import typer

from infra.command.api import LocalCloud, issue_token, local_cloud
from infra.command.errors import BadUsage, NotFound, database_errors
from infra.command.help import LOCAL, command

_ADD_MEMBER = """
insert into client_users (client_id, user_id, email, role)
select id, %(subject)s, %(email)s, %(role)s from clients where slug = %(slug)s
on conflict (client_id, user_id) do update set is_active = true
"""


@command(
    "wecelebrate token --as admin",
    "TOKEN=$(wecelebrate token --as client:acme)",
    environment=LOCAL,
)
def token(
    identity: Annotated[
        str,
        typer.Option("--as", help="admin, support, client:<slug>, editor:<slug>, viewer:<slug> or customer:<email>."),
    ],
    expires_in: Annotated[int, typer.Option("--expires-in", min=1, help="Lifetime of the token, in seconds.")] = 12
    * 3600,
) -> None:
    """Print an access token. If the user must be a member of a client, also create or reactivate the membership.

    The command needs the local cloud.
    """
    typer.echo(token_of(local_cloud("token"), identity, expires_in))


def token_of(cloud: LocalCloud, identity: str, expires_in: int = 12 * 3600) -> str:
    """Return an access token of the local cloud. Raises BadUsage and NotFound.

    If the user must be a member of a client, this function also creates or reactivates the membership.

    expires_in: lifetime of the token in seconds.
    """
    kind, _, name = identity.partition(":")
    subject, email = identity, name
    match kind:
        case "admin" | "support" if not name:
            email = f"{kind}@wecelebrate.test"
        case "client" | "editor" | "viewer" if name:
            role = "owner" if kind == "client" else kind
            email = f"{role}@{name}.test"  # the same subject as in the demo data and on the sign-in page of the issuer
            _add_member(cloud.endpoints.database, subject, email, role, name)
        case "customer" if "@" in name:
            pass
        case _:
            raise BadUsage(
                f"--as '{identity}' is not valid: use admin, support, client:<slug>, editor:<slug>, viewer:<slug>"
                " or customer:<email>"
            )
    return issue_token(cloud, subject, email, expires_in)


def _add_member(database: str, subject: str, email: str, role: str, slug: str) -> None:
    import psycopg

    with database_errors(), psycopg.connect(database) as connection:
        member = {"subject": subject, "email": email, "role": role, "slug": slug}
        if connection.execute(_ADD_MEMBER, member).rowcount == 0:
            slugs = [row[0] for row in connection.execute("select slug from clients order by slug limit 20")]
            existing = f"use one of {', '.join(slugs)}" if slugs else "the database has no clients yet"
            raise NotFound(f"client {slug} does not exist: {existing}")
