"""Signs the IAM tokens with which functions sign in to RDS Proxy and Aurora.

A token is a presigned URL of the action `rds-db:connect`, without its scheme. The signature is SigV4 with query
parameters (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). boto3 creates
the same text, but the import of boto3 takes about a second of CPU time, and the first request of an instance would wait
for the import.
"""

import hashlib
import hmac
import os
from datetime import UTC, datetime
from urllib.parse import quote

from wecelebrate.core.errors import Unavailable

VALID_SECONDS = 900
"""How long a token is accepted for new connections. This is the maximum that AWS allows."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "rds-db"
_EMPTY_BODY = hashlib.sha256(b"").hexdigest()


def iam_token(address: str, login: str, now: datetime | None = None) -> str:
    """Return the password of `login` at an address (`host:port`). Lambda provides the credentials of the role.

    now: the time of the signature, by default the current time. Raises Unavailable if there are no credentials.
    """
    try:
        key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        region = os.environ["AWS_REGION"]
    except KeyError as error:
        raise Unavailable(f"IAM credentials are missing: {error.args[0]} is not set. Try again in a moment.") from error
    session_token = os.environ.get("AWS_SESSION_TOKEN")
    time = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{region}/{_SERVICE}/aws4_request"
    parameters = {
        "Action": "connect",
        "DBUser": login,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{key}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(VALID_SECONDS),
        "X-Amz-SignedHeaders": "host",
        **({"X-Amz-Security-Token": session_token} if session_token else {}),
    }
    parts = [f"{name}={quote(value, safe='-_.~')}" for name, value in parameters.items()]
    query = "&".join(sorted(parts))
    request = "\n".join(["GET", "/", query, f"host:{address}\n", "host", _EMPTY_BODY])
    to_sign = "\n".join([_ALGORITHM, time, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = hmac.new(_signing_key(secret, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{address}/?{'&'.join(parts)}&X-Amz-Signature={signature}"


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
