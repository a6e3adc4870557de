"""Checks the key of the old applications.

The configuration contains only hashes of the keys. A hash does not reveal its key, because the key has 256 random bits.
Two keys can be valid at the same time, so that an operator can replace a key without an interruption.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from wecelebrate.core.settings import settings
from wecelebrate.kv.errors import StoreError


def new_key() -> str:
    """Return a new random key."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return the SHA-256 hash of a key, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def check(headers: Mapping[str, str]) -> None:
    """Check the key of a request: the header `apikey` or a bearer token. Raises StoreError with the status 401.

    headers: the headers of the request, with names in lower case.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = headers.get("apikey") or (token.strip() if scheme.lower() == "bearer" else "")
    if not key:
        raise StoreError(401, "401", "No API key found in request", hint="Send the key in the header `apikey`.")
    hashes = [text for text in settings().kv_key_hashes.split(",") if text]
    # All hashes are compared, so that the response time does not reveal whether a hash is similar to the hash of the
    # key.
    if sum(hmac.compare_digest(hash_of(key), valid) for valid in hashes) == 0:
        raise StoreError(401, "401", "Invalid API key", hint="An operator can create a key with `wecelebrate kv key`.")
