"""The command `wecelebrate token`: prints an access token of the local issuer."""

from typing import Annotated

import psycopg
import typer

from infra.local.control import running_endpoints
from infra.local.endpoints import state_directory
from infra.local.issuer import Issuer
from infra.local.processes import LocalCloudError

_ADD_MEMBER = """
insert into client_users (client_id, user_id, email, role)
select id, %(subject)s, %(email)s, %(role)s from clients where slug = %(slug)s
on conflict (client_id, user_id) do update set is_active = true
"""


def token(
    identity: Annotated[
        str,
        typer.Option("--as", help="admin, support, client:<slug>, editor:<slug>, viewer:<slug> or customer:<email>."),
    ],
    expires_in: Annotated[int, typer.Option(min=1, help="Lifetime of the token, in seconds.")] = 12 * 3600,
) -> None:
    """Print an access token. If the user needs a membership of a client, also create or reactivate it."""
    typer.echo(issue_token(identity, expires_in))


def issue_token(identity: str, expires_in: int = 12 * 3600) -> str:
    """Return an access token of the running local cloud. Raises LocalCloudError.

    If the user needs a membership of a client, this function also creates or reactivates it.

    expires_in: lifetime of the token in seconds.
    """
    state = state_directory()
    endpoints = running_endpoints(state)
    kind, _, name = identity.partition(":")
    subject, email = identity, name
    match kind:
        case "admin" | "support" if not name:
            email = f"{kind}@wecelebrate.test"
        case "client" | "editor" | "viewer" if name:
            email = f"{kind}@{name}.test"
            _add_member(endpoints.database, subject, email, "owner" if kind == "client" else kind, name)
        case "customer" if "@" in name:
            pass
        case _:
            raise LocalCloudError(
                f"--as '{identity}' is not valid: use admin, support, client:<slug>, editor:<slug>, viewer:<slug>"
                " or customer:<email>"
            )
    return Issuer(state, endpoints.issuer).token(subject, email=email, expires_in=expires_in)


def _add_member(database: str, subject: str, email: str, role: str, slug: str) -> None:
    with psycopg.connect(database) as connection:
        member = {"subject": subject, "email": email, "role": role, "slug": slug}
        if connection.execute(_ADD_MEMBER, member).rowcount == 0:
            slugs = [row[0] for row in connection.execute("select slug from clients order by slug limit 20")]
            existing = f"use one of {', '.join(slugs)}" if slugs else "the database has no clients yet"
            raise LocalCloudError(f"client {slug} does not exist: {existing}")
