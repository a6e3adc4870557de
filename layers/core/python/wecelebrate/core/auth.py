"""Who calls: the claims of a verified token, and nothing else.

On routes with `auth = "required"` API Gateway has verified the token; on those with `auth = "optional"` it looks at
none, so it is verified here. A header never names a tenant, and a token that does not verify is never nobody.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, cast

from wecelebrate.core.database import Caller
from wecelebrate.core.errors import Unauthenticated, Unavailable
from wecelebrate.core.models import storable
from wecelebrate.core.settings import settings

JWKS_LIFE = 3600.0
"""Seconds that the issuer's keys are kept."""
JWKS_REST = 10.0
"""Seconds between two looks for a key that was not there."""
LEEWAY = 30
"""Seconds by which clocks may differ."""

_jwks: Any = None
_jwks_read_at = float("-inf")


def gateway_claims(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The claims that the gateway's authorizer verified, if it did."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims")
    return cast(Mapping[str, Any], claims) if claims else None


def bearer_claims(header: str | None) -> Mapping[str, Any] | None:
    """The claims of an Authorization header, verified here; None without one. Raises Unauthenticated."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("The Authorization header holds no bearer token.")
    return _verified(token.strip())


def caller(claims: Mapping[str, Any] | None, site_domain: str | None = None) -> Caller:
    """The caller that claims speak of; a visitor without them."""
    if claims is None:
        return Caller(site_domain=site_domain)
    verified = str(claims.get("email_verified", "")).lower() == "true"
    return Caller(
        subject=_person(str(claims.get("sub", ""))),
        email=_text(str(claims["email"])) if verified and "email" in claims else None,
        site_domain=site_domain,
    )


def _person(subject: str) -> str:
    # OpenID Connect Core 2: at most 255 ASCII characters. A line break would end a line of a session.
    if not (0 < len(subject) <= 255 and subject.isprintable()) or subject.startswith("service:"):
        raise Unauthenticated("The token speaks for nobody.")
    return subject


def _text(claim: str) -> str:
    if not storable(claim):
        raise Unauthenticated("The token holds text that is none.")
    return claim


def _verified(token: str) -> Mapping[str, Any]:
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    chosen = settings()
    claims = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": chosen.issuer},
        sub={"essential": True},
        exp={"essential": True},
    )
    try:
        try:
            decoded = jwt.decode(token, _keys(), algorithms=["RS256"])
        except InvalidKeyIdError:
            decoded = jwt.decode(token, _keys(renewed=True), algorithms=["RS256"])
        claims.validate(decoded.claims)
        # As API Gateway's authorizer does: Cognito's access tokens have no `aud`, and name the client instead.
        audience = decoded.claims["aud"] if "aud" in decoded.claims else decoded.claims.get("client_id")
        if chosen.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("The access token is for somebody else.")
    except (JoseError, ValueError) as error:
        raise Unauthenticated("The access token is not valid.") from error
    return decoded.claims


def _keys(renewed: bool = False) -> Any:
    """The issuer's keys, cached; looked up again for a key that was not among them, but not at every forged token."""
    global _jwks, _jwks_read_at  # noqa: PLW0603 — one set of keys an instance
    import urllib.request

    from joserfc.jwk import KeySet

    age = time.monotonic() - _jwks_read_at
    if _jwks is None or age > JWKS_LIFE or (renewed and age > JWKS_REST):
        url = settings().jwks_url
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 — our own issuer, from the settings
                _jwks = KeySet.import_key_set(json.load(answer))
        except Exception as error:  # no answer, or one that holds no keys: those in hand go on
            if _jwks is None:
                raise Unavailable("The issuer of tokens does not answer.") from error
        _jwks_read_at = time.monotonic()
    return _jwks
