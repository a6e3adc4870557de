"""Authentication: the caller is taken from the claims of a verified token, and from nothing else.

On routes with `auth = "required"` API Gateway verifies the token. On routes with `auth = "optional"` it does not, so
this module does. A header never names a tenant, and an invalid token is an error, never an anonymous caller.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, cast

from wecelebrate.core.database import Caller
from wecelebrate.core.errors import Unauthenticated, Unavailable
from wecelebrate.core.models import storable
from wecelebrate.core.settings import settings

JWKS_LIFE_SECONDS = 3600.0
"""How long the issuer's keys are cached."""
JWKS_REFRESH_SECONDS = 10.0
"""The shortest time between two requests for a key that was missing."""
LEEWAY_SECONDS = 30
"""The allowed difference between clocks."""

_jwks: Any = None
_jwks_read_at = float("-inf")


def gateway_claims(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The claims that the gateway's authorizer verified. None if the route has no authorizer."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims")
    return cast(Mapping[str, Any], claims) if claims else None


def bearer_claims(header: str | None) -> Mapping[str, Any] | None:
    """Verify the token of an Authorization header and return its claims. None without a header.

    Raises Unauthenticated.
    """
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("The Authorization header must be `Bearer <token>`.")
    return _verify(token.strip())


def caller(claims: Mapping[str, Any] | None, site_domain: str | None = None) -> Caller:
    """The caller of verified claims. Without claims, an anonymous visitor. Raises Unauthenticated."""
    if claims is None:
        return Caller(site_domain=site_domain)
    email_verified = str(claims.get("email_verified", "")).lower() == "true"
    return Caller(
        subject=_subject(str(claims.get("sub", ""))),
        email=_storable(str(claims["email"])) if email_verified and "email" in claims else None,
        site_domain=site_domain,
    )


def _subject(subject: str) -> str:
    # OpenID Connect Core 2 allows at most 255 ASCII characters. A line break would end a line of a cached session.
    if not (0 < len(subject) <= 255 and subject.isprintable()) or subject.startswith("service:"):
        raise Unauthenticated("The token has no valid subject (`sub`).")
    return subject


def _storable(claim: str) -> str:
    if not storable(claim):
        raise Unauthenticated("The token contains invalid text.")
    return claim


def _verify(token: str) -> Mapping[str, Any]:
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    config = settings()
    required_claims = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": config.issuer},
        sub={"essential": True},
        exp={"essential": True},
    )
    try:
        try:
            decoded = jwt.decode(token, _keys(), algorithms=["RS256"])
        except InvalidKeyIdError:
            decoded = jwt.decode(token, _keys(refresh=True), algorithms=["RS256"])
        required_claims.validate(decoded.claims)
        # As API Gateway's authorizer does: access tokens of Cognito have no `aud`, but a `client_id`.
        audience = decoded.claims["aud"] if "aud" in decoded.claims else decoded.claims.get("client_id")
        if config.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("The access token is for another audience.")
    except (JoseError, ValueError) as error:
        raise Unauthenticated("The access token is not valid.") from error
    return decoded.claims


def _keys(refresh: bool = False) -> Any:
    """The issuer's keys, cached. `refresh` requests them again for a missing key, but not for every forged token."""
    global _jwks, _jwks_read_at  # noqa: PLW0603 — one set of keys per instance
    import urllib.request

    from joserfc.jwk import KeySet

    age = time.monotonic() - _jwks_read_at
    if _jwks is None or age > JWKS_LIFE_SECONDS or (refresh and age > JWKS_REFRESH_SECONDS):
        url = settings().jwks_url
        try:
            with urllib.request.urlopen(url, timeout=3) as response:  # noqa: S310 — our own issuer, from the settings
                _jwks = KeySet.import_key_set(json.load(response))
        except Exception as error:  # no response, or an invalid one: the cached keys stay in use
            if _jwks is None:
                raise Unavailable("The token issuer does not respond.") from error
        _jwks_read_at = time.monotonic()
    return _jwks
