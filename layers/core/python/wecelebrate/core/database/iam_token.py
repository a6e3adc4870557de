"""Signs the IAM tokens with which functions sign in to RDS Proxy and Aurora.

A token is a presigned URL of the action `rds-db:connect`, without its scheme. boto3 creates the same text, but its
import takes about a second of CPU time. The first request of an instance would wait for the import.
"""

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

from wecelebrate.core.aws_signature import ALGORITHM, NoCredentials, Signer
from wecelebrate.core.errors import Unavailable

VALID_SECONDS = 900
"""How long a token is accepted for new connections. This is the maximum that AWS allows."""

_EMPTY_BODY = hashlib.sha256(b"").hexdigest()


def iam_token(address: str, login: str, now: datetime | None = None) -> str:
    """Return the password of `login` at an address (`host:port`). Lambda provides the credentials of the role.

    now: the time of the signature, by default the current time. Raises Unavailable if there are no credentials.
    """
    try:
        signer = Signer.of("rds-db")
    except NoCredentials as error:
        raise Unavailable(f"IAM credentials are missing: {error}. Try again in a moment.") from error
    time = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    parameters = {
        "Action": "connect",
        "DBUser": login,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{signer.access_key}/{signer.scope(time)}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(VALID_SECONDS),
        "X-Amz-SignedHeaders": "host",
        **({"X-Amz-Security-Token": signer.session_token} if signer.session_token else {}),
    }
    parts = [f"{name}={quote(value, safe='-_.~')}" for name, value in parameters.items()]
    query = "&".join(sorted(parts))
    request = "\n".join(["GET", "/", query, f"host:{address}\n", "host", _EMPTY_BODY])
    return f"{address}/?{'&'.join(parts)}&X-Amz-Signature={signer.signature(time, request)}"
