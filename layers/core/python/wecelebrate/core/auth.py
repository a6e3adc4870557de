"""Authentication: the caller comes only from the claims of a verified token.

API Gateway verifies the token on routes with `auth = "required"`. This module verifies the token on routes with
`auth = "optional"`. No header can select a tenant. A request with an invalid token is refused: it is never handled as
an anonymous request.
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from wecelebrate.core.database import Caller
from wecelebrate.core.errors import Unauthenticated, Unavailable
from wecelebrate.core.models import storable
from wecelebrate.core.settings import settings
from wecelebrate.core.types import email_address
from wecelebrate.core.types.normal_forms import nfc

MACHINE_PREFIX = "machine:"
"""The prefix of a machine's subject.

A person's subject cannot have this prefix. A client adds a machine as a member without an invitation. Because of the
prefix, the client cannot add a person in the same way.
"""
JWKS_LIFE_SECONDS = 3600.0
"""How long the public keys of the issuer are cached."""
JWKS_REFRESH_SECONDS = 10.0
"""The minimum time between two requests for the issuer's public keys, if a token was signed with an unknown key."""
LEEWAY_SECONDS = 30
"""The allowed difference between the clock of the issuer and the clock of this instance."""

_jwks: Any = None
_jwks_read_at = float("-inf")


def gateway_claims(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the claims that the authorizer of the gateway verified. It returns None if the route has no authorizer."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims")
    return cast(Mapping[str, Any], claims) if claims else None


def bearer_claims(header: str | None) -> Mapping[str, Any] | None:
    """Verify the token in an Authorization header and return its claims. It returns None if `header` is None.

    Raises Unauthenticated.
    """
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("The Authorization header must be `Bearer <token>`.")
    return _verify(token.strip())


def caller(claims: Mapping[str, Any] | None, site_domain: str | None = None) -> Caller:
    """Derive the caller from verified claims. If `claims` is None, the caller is an anonymous visitor.

    Raises Unauthenticated, e.g. if the token is not an access token.
    """
    if claims is None:
        return Caller(site_domain=site_domain)
    # Cognito's tokens have the claim `token_use`, which is `access` or `id`. API Gateway does not check this claim.
    # https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
    # Tokens of other issuers do not have this claim. Their audience shows whether they are access tokens or ID tokens.
    if claims.get("token_use", "access") != "access":
        raise Unauthenticated("The token must be an access token. An ID token is not accepted.")
    email_verified = str(claims.get("email_verified", "")).lower() == "true"
    subject = _subject(str(claims.get("sub", "")))
    return Caller(
        subject=f"{MACHINE_PREFIX}{subject}" if _is_machine(claims) else subject,
        email=_email(str(claims["email"])) if email_verified and "email" in claims else None,
        site_domain=site_domain,
        session_started_at=_session_start(claims),
    )


def _session_start(claims: Mapping[str, Any]) -> float:
    """Return when the session of a token began. A refreshed token keeps the `auth_time` of the first token.

    If the token has no such time, the session counts as old. It ends whenever the sessions of the account are ended.
    """
    for name in ("auth_time", "iat"):
        with suppress(KeyError, TypeError, ValueError):
            return float(claims[name])
    return 0.0


def _is_machine(claims: Mapping[str, Any]) -> bool:
    """Return whether the token was issued to a program (grant `client_credentials`), and not to a person.

    In a token of Cognito for a program, the subject is the id of the app client. Auth0 writes the grant into `gty`.
    """
    return claims.get("client_id") == claims.get("sub") or claims.get("gty") == "client-credentials"


def _email(address: str) -> str:
    """Return the e-mail address of a token as the platform stores addresses: in NFC, with the domain in ASCII."""
    address = nfc(_storable(address))
    return address if address.isascii() else email_address(address) or address


def _subject(subject: str) -> str:
    # OpenID Connect Core 1.0, section 2, allows at most 255 ASCII characters. A line break is refused because cached
    # sessions contain one value per line.
    if not (0 < len(subject) <= 255 and subject.isprintable()) or subject.startswith(("service:", MACHINE_PREFIX)):
        raise Unauthenticated("The token has no valid subject (`sub`).")
    return subject


def _storable(claim: str) -> str:
    if not storable(claim):
        raise Unauthenticated("The token contains text that cannot be stored: NUL or an unpaired surrogate.")
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
        # Cognito's access tokens have a `client_id` instead of an `aud`. The authorizer of API Gateway handles them in
        # the same way.
        audience = decoded.claims["aud"] if "aud" in decoded.claims else decoded.claims.get("client_id")
        if config.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("The access token is for another audience.")
    except (JoseError, ValueError) as error:
        raise Unauthenticated("The access token is not valid.") from error
    return decoded.claims


def _keys(refresh: bool = False) -> Any:
    """Return the public keys of the issuer, from the cache if the cached keys are recent.

    If `refresh` is true, the keys are requested again, but at most once in JWKS_REFRESH_SECONDS. Therefore forged
    tokens cause few requests.
    """
    global _jwks, _jwks_read_at  # noqa: PLW0603 — one set of keys per instance
    import urllib.request

    from joserfc.jwk import KeySet

    age = time.monotonic() - _jwks_read_at
    if _jwks is None or age > JWKS_LIFE_SECONDS or (refresh and age > JWKS_REFRESH_SECONDS):
        url = settings().jwks_url
        try:
            with urllib.request.urlopen(url, timeout=3) as response:  # noqa: S310 — our own issuer, from the settings
                _jwks = KeySet.import_key_set(json.load(response))
        except Exception as error:  # If there is no valid response, the cached keys stay in use.
            if _jwks is None:
                raise Unavailable("The token issuer does not respond. Try again in a few seconds.") from error
        _jwks_read_at = time.monotonic()
    return _jwks
