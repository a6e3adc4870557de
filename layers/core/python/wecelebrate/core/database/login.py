"""Signs a function in to PostgreSQL: with a password if a password is configured, otherwise with an IAM token."""

from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from wecelebrate.core.database.iam_token import iam_token
from wecelebrate.core.settings import settings

CONNECT_TIMEOUT_SECONDS = 2
"""The timeout for connecting. libpq does not support a shorter timeout than 2 seconds."""
DEPLOY_CONNECT_TIMEOUT_SECONDS = 15
"""The timeout for connecting during a deploy. A new or idle database needs several seconds to accept a connection."""
CERTIFICATES = Path(__file__).with_name("certificates.pem")
"""The certificate authorities of RDS Proxy and Aurora. `python -m infra.certificates` writes this file."""


def direct_url(address: str | None = None) -> str:
    """Return the connection string of the primary, with the login of this function. Migrations use this string.

    address: `host:port` of another server, e.g. of a restored cluster.
    """
    parameters = connection_parameters(address or settings().database_writer)
    return make_conninfo(**parameters | {"connect_timeout": DEPLOY_CONNECT_TIMEOUT_SECONDS})


def connection_parameters(address: str) -> dict[str, Any]:
    """Return the parameters of `psycopg.connect` for an address (`host:port`), with the login of this function.

    Raises Unavailable if the function has no password and no credentials.
    """
    config = settings()
    host, _, port = address.rpartition(":")
    return {
        "host": host,
        "port": port,
        "dbname": config.database_name,
        "user": config.database_login,
        "password": config.database_password or iam_token(address, config.database_login),
        **_encryption(config.environment),
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": config.database_login,
    }


def _encryption(environment: str) -> dict[str, str]:
    """Return the TLS parameters of libpq. On AWS, the certificate and the host name of the server are verified."""
    if environment == "local":
        return {"sslmode": "prefer"}
    return {"sslmode": "verify-full", "sslrootcert": str(CERTIFICATES)}
