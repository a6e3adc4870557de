"""`wecelebrate token`: an access token of the local issuer."""

from typing import Annotated

import psycopg
import typer

from infra.local.control import running_endpoints
from infra.local.endpoints import state_directory
from infra.local.issuer import Issuer
from infra.local.processes import LocalCloudError

_MEMBER = """
insert into client_users (client_id, user_id, email, role)
select id, %(subject)s, %(email)s, %(role)s from clients where slug = %(slug)s
on conflict (client_id, user_id) do update set is_active = true
"""


def token(
    as_whom: Annotated[
        str,
        typer.Option("--as", help="admin, support, client:<slug>, editor:<slug>, viewer:<slug> or customer:<email>."),
    ],
    expires_in: Annotated[int, typer.Option(min=1, help="Seconds.")] = 12 * 3600,
) -> None:
    """Print an access token. A member of a client that has none of that kind yet is made."""
    state = state_directory()
    endpoints = running_endpoints(state)
    kind, _, name = as_whom.partition(":")
    subject, email = as_whom, name
    match kind:
        case "admin" | "support" if not name:
            email = f"{kind}@wecelebrate.test"
        case "client" | "editor" | "viewer" if name:
            email = f"{kind}@{name}.test"
            _join(endpoints.database, subject, email, "owner" if kind == "client" else kind, name)
        case "customer" if "@" in name:
            pass
        case _:
            raise LocalCloudError(
                f"--as '{as_whom}' is nobody: say admin, support, client:<slug>, editor:<slug>, viewer:<slug>"
                " or customer:<email>"
            )
    typer.echo(Issuer(state, endpoints.issuer).token(subject, email=email, expires_in=expires_in))


def _join(database: str, subject: str, email: str, role: str, slug: str) -> None:
    with psycopg.connect(database) as connection:
        joined = connection.execute(_MEMBER, {"subject": subject, "email": email, "role": role, "slug": slug})
        if joined.rowcount == 0:
            slugs = [row[0] for row in connection.execute("select slug from clients order by slug limit 20")]
            raise LocalCloudError(f"there is no client {slug}; there are {', '.join(slugs) or 'none'}")
