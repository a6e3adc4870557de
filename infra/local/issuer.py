"""A small OpenID Connect issuer, which replaces Cognito in the local cloud.

The private key is in a file of the state directory. A program that can read this file, e.g. `wecelebrate token`, can
sign tokens without a server. The server publishes the public key.
"""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from infra.local.oidc import SCOPES, Provider
from infra.local.private_files import create_once
from infra.local.sign_in import PATHS, SignIn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

AUDIENCE = "wecelebrate"

KEY_FILE = "issuer.pem"
_PUBLIC = [("access-control-allow-origin", "*")]
"""As with Cognito, scripts of every page may read the discovery document and the public keys."""


class Issuer:
    """Signs tokens with RS256. The issuer creates the private key at its first use. Only the owner can read the key
    file.

    state: the folder of the key file. url: the value of the claim `iss` in all tokens, after a slash at its end is
    removed.
    """

    def __init__(self, state: Path, url: str, audience: str = AUDIENCE) -> None:
        self.url = url.rstrip("/")
        self.audience = audience
        self._host = urlsplit(self.url).netloc.encode()
        self._key = _load_key(state / KEY_FILE)
        self._sign_in = SignIn(Provider(state, self.token, audience), self.url, self._key)

    def token(
        self,
        subject: str,
        email: str | None = None,
        email_verified: bool = True,
        expires_in: int = 3600,
        **claims: Any,
    ) -> str:
        """Sign a token for `subject` that expires in `expires_in` seconds.

        `claims` are added to the default claims, and can replace them. As with Cognito, an access token names its
        audience in `client_id`, and a token with `token_use="id"` names it in `aud`.
        """
        now = int(time.time())
        audience = "aud" if claims.get("token_use") == "id" else "client_id"
        default_claims: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            audience: self.audience,
            "iat": now,
            "nbf": now,
            "exp": now + expires_in,
            "jti": secrets.token_urlsafe(16),
            "token_use": "access",
        }
        if email is not None:
            default_claims |= {"email": email, "email_verified": email_verified}
        header = {"alg": "RS256", "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, default_claims | claims, self._key, algorithms=["RS256"])

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}

    def configuration(self) -> dict[str, Any]:
        """Return the OpenID Connect discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "scopes_supported": list(SCOPES),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": [
                "iss",
                "sub",
                "client_id",
                "token_use",
                "exp",
                "iat",
                "nbf",
                "jti",
                "email",
                "email_verified",
            ],
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the discovery document, the keys, and the endpoints of `sign_in` (ASGI).

        If the body of `POST /token` is a JSON object with `subject` and the optional fields `email`, `email_verified`
        and `expires_in`, the response is a token of this subject. The request needs no secret, because only programs on
        this machine can reach the server. The server refuses a request with another Host header, because such a request
        comes from a web page whose domain points to this machine (DNS rebinding).
        """
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if hosts != [self._host]:
            await _send_json(send, 421, {"error": "invalid_request", "error_description": f"use {self.url}"})
            return
        match (scope["method"], scope["path"]):
            case ("GET", "/.well-known/openid-configuration"):
                await _send_json(send, 200, self.configuration(), _PUBLIC)
            case ("GET", "/.well-known/jwks.json"):
                await _send_json(send, 200, self.jwks(), _PUBLIC)
            case (method, path) if path in PATHS:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
                body = await _read_body(receive)
                if method == "POST" and path == "/token" and "json" in headers.get("content-type", ""):
                    await self._serve_token(body, send)
                    return
                query = scope["query_string"].decode("latin-1")
                # Authlib reads the header under this name.
                named = {**headers, "Authorization": headers.get("authorization", "")}
                await _send(send, *self._sign_in.respond(method, path, query, body, named))
            case _:
                await _send_json(send, 404, {"error": "not_found"})

    async def _serve_token(self, body: bytes, send: Send) -> None:
        try:
            request = json.loads(body)
            expires_in = int(request.get("expires_in", 3600))
            token = self.token(
                str(request["subject"]), request.get("email"), bool(request.get("email_verified", True)), expires_in
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            description = "the body must be a JSON object with `subject`"
            await _send_json(send, 400, {"error": "invalid_request", "error_description": description})
            return
        await _send_json(send, 200, {"access_token": token, "token_type": "Bearer", "expires_in": expires_in})


def _load_key(file: Path) -> RSAKey:
    """Read the private key from `file`. If the file does not exist, create it with a new key."""
    try:
        pem = file.read_bytes()
    except FileNotFoundError:
        create_once(file, RSAKey.generate_key(2048).as_pem(private=True))
        pem = file.read_bytes()
    key = RSAKey.import_key(pem)
    return RSAKey.import_key(pem, {"kid": key.thumbprint()})


async def _read_body(receive: Receive) -> bytes:
    body = b""
    more_body = True
    while more_body and len(body) < 65_536:
        message = await receive()
        body += message.get("body", b"")
        more_body = message.get("more_body", False)
    return body


async def _send_json(send: Send, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]] = ()) -> None:
    await _send(send, status, body, [("content-type", "application/json"), *headers])


async def _send(send: Send, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> None:
    payload = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = {name.lower(): value for name, value in headers} | {"content-length": str(len(payload))}
    encoded = [(name.encode(), value.encode()) for name, value in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": payload})
