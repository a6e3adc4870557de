"""Signs a function in to PostgreSQL: with a password if a password is configured, otherwise with an IAM token."""

from typing import Any

from psycopg.conninfo import make_conninfo

from wecelebrate.core.aws import temporary_errors
from wecelebrate.core.settings import settings

CONNECT_TIMEOUT_SECONDS = 2
"""The timeout for connecting. libpq does not support a shorter timeout than 2 seconds."""


def direct_url() -> str:
    """Return the connection string of the primary, with the login of this function. Migrations use this string."""
    return make_conninfo(**connection_parameters(settings().database_writer))


def connection_parameters(address: str, *, in_thread: bool = False) -> dict[str, Any]:
    """Return the parameters of `psycopg.connect` for an address (`host:port`), with the login of this function.

    in_thread: whether the caller is a thread that runs beside the main thread.
    """
    config = settings()
    host, _, port = address.rpartition(":")
    return {
        "host": host,
        "port": port,
        "dbname": config.database_name,
        "user": config.database_login,
        "password": config.database_password or _iam_token(host, port, config.database_login, in_thread),
        "sslmode": "prefer" if config.environment == "local" else "require",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": config.database_login,
    }


def _iam_token(host: str, port: str, login: str, in_thread: bool) -> str:
    """Return a password for RDS Proxy. It is signed with the role of the function and is valid for 15 minutes.

    Raises Unavailable if the credentials of the role cannot be retrieved.
    """
    import boto3

    with temporary_errors("IAM"):
        # Two threads must not create clients from the default session at the same time.
        client = boto3.session.Session().client("rds") if in_thread else boto3.client("rds")
        token: str = client.generate_db_auth_token(DBHostname=host, Port=int(port), DBUsername=login)
    return token
