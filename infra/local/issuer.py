"""A small OpenID Connect issuer, where Cognito stands on AWS.

Its key lives in the state folder: whoever can read it, such as the `wecelebrate token` command, signs tokens
without asking a server. The server publishes the public half.
"""

import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

AUDIENCE = "wecelebrate"

KEY_FILE = "issuer.pem"


class Issuer:
    """Signs tokens, RS256, with a key that is made on first use and kept in `state`, readable by its owner only.

    state: folder; url: the `iss` of its tokens, without a slash at the end.
    """

    def __init__(self, state: Path, url: str, audience: str = AUDIENCE) -> None:
        self.url = url.rstrip("/")
        self.audience = audience
        self._key = _key(state / KEY_FILE)

    def token(
        self,
        subject: str,
        email: str | None = None,
        email_verified: bool = True,
        expires_in: int = 3600,
        **claims: Any,
    ) -> str:
        """A token for `subject` that ends in `expires_in` seconds. `claims` are added, or take the place of its own."""
        now = int(time.time())
        own: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            "aud": self.audience,
            "iat": now,
            "nbf": now,
            "exp": now + expires_in,
            "jti": secrets.token_urlsafe(16),
            "token_use": "access",
        }
        if email is not None:
            own |= {"email": email, "email_verified": email_verified}
        header = {"alg": "RS256", "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, own | claims, self._key, algorithms=["RS256"])

    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}

    def configuration(self) -> dict[str, Any]:
        """The OpenID Connect discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["token"],
            "grant_types_supported": ["client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "email", "email_verified"],
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the documents and `POST /token` (ASGI).

        `/token` takes JSON `{"subject", "email"?, "email_verified"?, "expires_in"?}` and asks for no secret: it
        listens on the loopback interface of a developer's machine.
        """
        match (scope["method"], scope["path"]):
            case ("GET", "/.well-known/openid-configuration"):
                await _answer(send, 200, self.configuration())
            case ("GET", "/.well-known/jwks.json"):
                await _answer(send, 200, self.jwks())
            case ("POST", "/token"):
                await self._token(receive, send)
            case _:
                await _answer(send, 404, {"error": "not_found"})

    async def _token(self, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more and len(body) < 65_536:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            wanted = json.loads(body)
            expires_in = int(wanted.get("expires_in", 3600))
            token = self.token(
                str(wanted["subject"]), wanted.get("email"), bool(wanted.get("email_verified", True)), expires_in
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            await _answer(send, 400, {"error": "invalid_request", "error_description": "subject is missing"})
            return
        await _answer(send, 200, {"access_token": token, "token_type": "Bearer", "expires_in": expires_in})


def _key(file: Path) -> RSAKey:
    try:
        pem = file.read_bytes()
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        made = RSAKey.generate_key(2048)
        draft = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(made.as_pem(private=True))
        try:
            # Of two that make a key at once, one wins, and both use its key.
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        pem = file.read_bytes()
    key = RSAKey.import_key(pem)
    return RSAKey.import_key(pem, {"kid": key.thumbprint()})


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
