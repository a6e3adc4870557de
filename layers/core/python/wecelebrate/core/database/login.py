"""How a function signs in to PostgreSQL: with a password where there is one, otherwise by its role."""

from typing import Any

from psycopg.conninfo import make_conninfo

from wecelebrate.core.settings import settings

CONNECT_TIMEOUT = 2
"""Seconds; libpq knows no shorter."""


def direct_url() -> str:
    """How migrations reach the writer: a connection string with the login of this function."""
    return make_conninfo(**parameters(settings().database_writer))


def parameters(address: str) -> dict[str, Any]:
    """What psycopg connects with, as the login of this function, to an address (`host:port`)."""
    chosen = settings()
    host, _, port = address.rpartition(":")
    return {
        "host": host,
        "port": port,
        "dbname": chosen.database_name,
        "user": chosen.database_login,
        "password": chosen.database_password or _iam_token(host, port, chosen.database_login),
        "sslmode": "prefer" if chosen.environment == "local" else "require",
        "connect_timeout": CONNECT_TIMEOUT,
        "application_name": chosen.database_login,
    }


def _iam_token(host: str, port: str, login: str) -> str:
    """A password for RDS Proxy: a request signed with the function's own role, good for 15 minutes."""
    import boto3

    token: str = boto3.client("rds").generate_db_auth_token(DBHostname=host, Port=int(port), DBUsername=login)
    return token
