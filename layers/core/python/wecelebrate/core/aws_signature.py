"""Signs requests to AWS with Signature Version 4, without boto3. Lambda provides the credentials of the role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


class NoCredentials(Exception):
    """An environment variable with the credentials or the region is not set. The message names it."""


@dataclass(frozen=True)
class Signer:
    """The credentials of a function, and the region and the service of its requests."""

    access_key: str
    secret_key: str
    session_token: str | None
    region: str
    service: str

    @classmethod
    def of(cls, service: str) -> "Signer":
        """Read the environment variables that Lambda sets. Raises NoCredentials if one of them is missing."""
        try:
            key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
            region = os.environ["AWS_REGION"]
        except KeyError as error:
            raise NoCredentials(f"{error.args[0]} is not set") from error
        return cls(key, secret, os.environ.get("AWS_SESSION_TOKEN"), region, service)

    def scope(self, time: str) -> str:
        """Return the scope of the signatures of a day. `time` has the form `20261128T180000Z`."""
        return f"{time[:8]}/{self.region}/{self.service}/aws4_request"

    def signature(self, time: str, canonical_request: str) -> str:
        """Return the signature of a canonical request, in hexadecimal digits."""
        scope = self.scope(time)
        text = "\n".join([ALGORITHM, time, scope, sha256(canonical_request.encode()).hexdigest()])
        return hmac.digest(_signing_key(self.secret_key, scope), text.encode(), "sha256").hex()


def signed_headers(service: str, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a signed POST request: `headers` with lower-case names, and the headers of the signature.

    The path of the URL may contain only characters that need no encoding. Raises NoCredentials.
    """
    signer = Signer.of(service)
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = urlsplit(url)
    signed = {**headers, "host": target.netloc, "x-amz-date": time}
    if signer.session_token:
        signed["x-amz-security-token"] = signer.session_token
    names = sorted(signed)
    lines = [f"{name}:{signed[name]}" for name in names]
    canonical = "\n".join(["POST", target.path, "", *lines, "", ";".join(names), sha256(body).hexdigest()])
    signed["authorization"] = (
        f"{ALGORITHM} Credential={signer.access_key}/{signer.scope(time)}, SignedHeaders={';'.join(names)},"
        f" Signature={signer.signature(time, canonical)}"
    )
    # This header allows Lambda to detect functions that invoke each other in a loop.
    if trace := os.environ.get("_X_AMZN_TRACE_ID"):
        signed["x-amzn-trace-id"] = quote(trace, safe="-=;:+&[]{}\"',")
    return signed


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, scope: str) -> bytes:
    """Return the key of a scope. It is cached, because all requests of a day to a service have the same key."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
