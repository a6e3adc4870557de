"""Verifies access tokens in the same way as the JWT authorizer of an HTTP API on AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from logging import getLogger
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

log = getLogger(__name__)

MAX_CACHED_TOKENS = 10_000
"""The maximum number of verified tokens whose claims are cached."""

MIN_REFETCH_INTERVAL = 10.0
"""The minimum time between a successful fetch of the keys and the next fetch, in seconds. Without this minimum, every
token with an unknown key id would cause a fetch."""

MAX_KEYS_AGE = 3600.0
"""The maximum age of the keys, in seconds. Older keys are fetched again."""


class Unauthorized(Exception):
    """The token is missing or not valid. The message is the value of the response header `www-authenticate`."""


class KeysUnavailable(Exception):
    """The issuer's keys could not be fetched."""


class Authorizer:
    """Verifies the bearer tokens of one issuer.

    fetch_keys: a function that fetches the JSON Web Key Set of the issuer and returns the parsed JSON. It raises
    KeysUnavailable if the fetch fails.
    """

    def __init__(self, issuer: str, audience: str, fetch_keys: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        self._issuer = issuer
        self._audience = audience
        self._fetch = fetch_keys
        self._keys: KeySet | None = None
        self._key_ids: frozenset[str] = frozenset()
        self._fetched_at = float("-inf")
        self._fetch_lock = asyncio.Lock()
        self._verified: OrderedDict[bytes, tuple[float, Mapping[str, str]]] = OrderedDict()

    async def claims(self, authorization: str | None) -> Mapping[str, str]:
        """Return the claims of the token in an `Authorization` header. Each value is text (see `render`).

        Raises Unauthorized if the token is missing or not valid.
        """
        if not authorization:
            raise Unauthorized("Bearer")
        scheme, _, rest = authorization.strip().partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        cached = self._verified.get(digest)
        if cached is not None:
            expires_at, cached_claims = cached
            if expires_at > time.time():
                self._verified.move_to_end(digest)
                return cached_claims
        claims = await self._verify(token)
        claim_texts = {render(name): render(value) for name, value in claims.items()}
        self._verified[digest] = (float(claims["exp"]), claim_texts)
        if len(self._verified) > MAX_CACHED_TOKENS:
            self._verified.popitem(last=False)
        return claim_texts

    async def _verify(self, token: str) -> Mapping[str, Any]:
        try:
            keys = await self._keys_for(token)
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise _invalid("the token is malformed or its signature is not valid") from error
        now = time.time()
        if claims.get("iss") != self._issuer:
            raise _invalid("the token does not have a valid issuer")
        # If a token has no claim `aud`, its claim `client_id` is the audience.
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise _invalid("the token does not have a valid audience")
        for name in ("exp", "nbf", "iat"):
            value = claims.get(name)
            if not _is_time(value) and (name == "exp" or value is not None):
                raise _invalid(f"the token does not have a valid {name}")
        if claims["exp"] <= now:
            raise _invalid("the token has expired")
        if (claims.get("nbf") or 0) > now or (claims.get("iat") or 0) > now:
            raise _invalid("the token is not valid yet")
        return claims

    async def _keys_for(self, token: str) -> KeySet:
        """Return the keys of the issuer.

        If the keys are too old, or if the token names an unknown key, first fetch the keys.
        """
        kid = _kid(token)
        if self._should_fetch(kid):
            async with self._fetch_lock:
                # While this task waited for the lock, another task may have fetched the keys.
                if self._should_fetch(kid):
                    await self._fetch_keys()
        if self._keys is None:
            raise _invalid("the keys of the issuer are not available")
        return self._keys

    def _should_fetch(self, kid: str | None) -> bool:
        age = time.monotonic() - self._fetched_at
        return age > MAX_KEYS_AGE or (kid not in self._key_ids and age > MIN_REFETCH_INTERVAL)

    async def _fetch_keys(self) -> None:
        try:
            key_set = await self._fetch()
        except KeysUnavailable as error:
            # Continue to use the keys from an earlier fetch. `_fetched_at` stays the same, so that the next token can
            # cause a new fetch.
            log.warning("%s", error)
            return
        self._keys = KeySet.import_key_set({"keys": list(key_set["keys"])})
        self._key_ids = frozenset(key["kid"] for key in key_set["keys"] if "kid" in key)
        self._fetched_at = time.monotonic()


def render(value: Any) -> str:
    """Convert the value of a claim to text in the format of HTTP APIs, e.g. a list to `[a b]` or an object to
    `map[k:v]`."""
    if isinstance(value, str):
        # API Gateway creates these texts with Go. When Go reads JSON, it replaces unpaired surrogates.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, list):
        return f"[{' '.join(render(item) for item in value)}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{render(key)}:{render(value[key])}' for key in sorted(value))}]"
    return str(value)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kid(token: str) -> str | None:
    kid = extract_compact(token.encode()).headers().get("kid")
    return kid if isinstance(kid, str) else None


def _invalid(reason: str) -> Unauthorized:
    return Unauthorized(f'Bearer scope="" error="invalid_token" error_description="{reason}"')
