"""How a function signs in to PostgreSQL: with a password if one is configured, otherwise with an IAM token."""

from typing import Any

from psycopg.conninfo import make_conninfo

from wecelebrate.core.settings import settings

CONNECT_TIMEOUT_SECONDS = 2
"""The shortest connect timeout of libpq."""


def direct_url() -> str:
    """A connection string to the writer with the login of this function. Migrations use it."""
    return make_conninfo(**connection_parameters(settings().database_writer))


def connection_parameters(address: str) -> dict[str, Any]:
    """Parameters of `psycopg.connect` for an address (`host:port`), with the login of this function."""
    config = settings()
    host, _, port = address.rpartition(":")
    return {
        "host": host,
        "port": port,
        "dbname": config.database_name,
        "user": config.database_login,
        "password": config.database_password or _iam_token(host, port, config.database_login),
        "sslmode": "prefer" if config.environment == "local" else "require",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": config.database_login,
    }


def _iam_token(host: str, port: str, login: str) -> str:
    """A password for RDS Proxy: a request signed with the function's role, valid for 15 minutes."""
    import boto3

    token: str = boto3.client("rds").generate_db_auth_token(DBHostname=host, Port=int(port), DBUsername=login)
    return token
