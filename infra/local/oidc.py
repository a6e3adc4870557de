"""Sign-in at the local issuer: OAuth 2.0 and OpenID Connect, like the managed login of Cognito.

Authlib implements the protocols: authorization code with PKCE (RFC 7636), refresh tokens with rotation (RFC 9700),
client credentials, and revocation (RFC 7009). This module keeps the clients, codes and refresh tokens, and signs tokens
with the claims that Cognito uses. Codes and refresh tokens are in memory, so a restart ends all sign-ins.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, grants
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge

from infra.local.private_files import create_once

CLIENTS_FILE = "issuer-clients.json"
WEB_CLIENT = "wecelebrate"
"""The public client of browsers. It has no secret, so it must use PKCE."""
CODE_SECONDS = 300
REFRESH_SECONDS = 30 * 24 * 3600
SCOPES = ("openid", "email", "profile", "wecelebrate/read", "wecelebrate/write")
_DEFAULT_CLIENTS = {
    "web": {
        "redirect_uris": ["http://127.0.0.1:3000/callback", "http://localhost:3000/callback"],
        "logout_uris": ["http://127.0.0.1:3000/", "http://localhost:3000/"],
    },
}
SignToken = Callable[..., str]


@dataclass(frozen=True)
class Account:
    """A person who signs in."""

    subject: str
    email: str
    email_verified: bool = True

    @classmethod
    def of(cls, email: str, email_verified: bool) -> "Account":
        """Return the account of an address. The same address always has the same subject."""
        digest = hashlib.sha256(email.lower().encode()).hexdigest()
        return cls(f"user-{digest[:32]}", email, email_verified)


@dataclass
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A client of the issuer. A machine has a secret, and the public client of browsers has redirect URIs."""

    client_id: str
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()
    logout_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES

    def get_client_id(self) -> str:
        """Return the id of the client."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Return None, because every request must contain its redirect URI."""
        return

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the requested scopes that the client may use. If the request names no scopes, return all scopes of the
        client, as Cognito does."""
        requested = scope.split() if scope else self.scopes
        return " ".join(name for name in requested if name in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether the redirect URI is registered in exactly this form."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether a secret is the secret of the client."""
        return self.secret is not None and secrets.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - the signature of Authlib
        """Return whether the client may authenticate with a method."""
        return method == "none" if self.secret is None else method != "none"

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may request a response of this type. The only possible type is `code`."""
        return response_type == "code" and self.secret is None

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use a grant type."""
        return grant_type in (
            ("authorization_code", "refresh_token") if self.secret is None else ("client_credentials",)
        )


@dataclass
class Code:
    """An authorization code. It stays stored after its use, so that a second use is detected."""

    client_id: str
    account: Account
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    family: str
    created_at: float = field(default_factory=time.time)
    is_used: bool = False

    def get_redirect_uri(self) -> str:
        """Return the redirect URI of the request."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return the scopes of the request."""
        return self.scope


@dataclass
class RefreshToken:
    """A refresh token. All refresh tokens of one sign-in form a family."""

    client_id: str
    account: Account
    scope: str
    family: str
    signed_in_at: int
    created_at: float = field(default_factory=time.time)
    is_used: bool = False

    def check_client(self, client: Client) -> bool:
        """Return whether the token was issued to a client."""
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        """Return the scopes of the sign-in."""
        return self.scope


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request in the form that Authlib expects."""

    def __init__(self, method: str, parameters: Mapping[str, list[str]], headers: Mapping[str, str]) -> None:
        # Authlib refuses http URLs, except for `localhost`. Plain HTTP is safe, because the server listens only on this
        # machine.
        super().__init__(method, "https://localhost/", headers=headers)
        self.payload = BasicOAuth2Payload({name: values[0] for name, values in parameters.items()})
        self.payload._datalist = dict(parameters)

    @property
    def args(self) -> Mapping[str, str]:
        """The parameters of the request."""
        values: Mapping[str, str] = self.payload.data
        return values

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters of the request."""
        return self.args


Response = tuple[int, Any, list[tuple[str, str]]]
"""The status, the body, and the headers of a response of Authlib."""


class Provider(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """The authorization server. `sign` signs a token with claims (`Issuer.token`)."""

    def __init__(self, state: Path, sign: SignToken, audience: str) -> None:
        super().__init__(scopes_supported=SCOPES)
        self._sign = sign
        self._audience = audience
        self.clients_file = state / CLIENTS_FILE
        _create_clients(self.clients_file)
        self.codes: dict[str, Code] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.ended_families: set[str] = set()
        self.register_token_generator("default", self._tokens)
        self.register_grant(_CodeGrant, [_S256(required=True)])
        self.register_grant(_RefreshGrant)
        self.register_grant(_MachineGrant)
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> Client | None:
        """Return a client. The file of clients is read at every request, so that changes of a developer apply
        immediately."""
        _create_clients(self.clients_file)  # a developer can delete the file
        clients = json.loads(self.clients_file.read_text("utf-8"))
        if client_id == WEB_CLIENT:
            web = clients["web"]
            return Client(client_id, None, tuple(web["redirect_uris"]), tuple(web["logout_uris"]), SCOPES[:3])
        machine = clients["machines"].get(client_id)
        return Client(client_id, machine["secret"], scopes=tuple(machine["scopes"])) if machine else None

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Do nothing, because `_tokens` has stored the refresh token."""

    def create_oauth2_request(self, request: Request) -> Request:
        """Return the request."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        """Return the response."""
        return status, body, headers

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Ignore a signal."""

    def end_family(self, family: str) -> None:
        """End a sign-in. The server no longer accepts its refresh tokens."""
        self.ended_families.add(family)

    def _tokens(self, grant_type: str, client: Client, user: Any = None, scope: str | None = None, **_: Any) -> Any:
        allowed = client.get_allowed_scope(scope)
        claims: dict[str, Any] = {"version": 2, "scope": allowed}
        answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": 3600, "scope": allowed}
        if grant_type == "client_credentials":
            audience = {"client_id": client.client_id, "aud": self._audience}
            return {**answer, "access_token": self._sign(client.client_id, **claims, **audience)}
        source: Code | RefreshToken = user
        signed_in_at = source.signed_in_at if isinstance(source, RefreshToken) else int(source.created_at)
        account = source.account
        claims |= {"auth_time": signed_in_at, "username": account.subject}
        identity = {"email": account.email, "email_verified": account.email_verified}
        answer["access_token"] = self._sign(account.subject, client_id=client.client_id, **identity, **claims)
        if "openid" in allowed.split():
            nonce = {"nonce": source.nonce} if isinstance(source, Code) and source.nonce else {}
            answer["id_token"] = self._sign(
                account.subject, token_use="id", auth_time=signed_in_at, **identity, **nonce,  # noqa: S106
                **{"cognito:username": account.subject},
            )  # fmt: skip
        refresh_token = secrets.token_urlsafe(32)
        self.refresh_tokens[refresh_token] = RefreshToken(
            client.client_id, account, source.scope, source.family, signed_in_at
        )
        return {**answer, "refresh_token": refresh_token}


def _create_clients(file: Path) -> None:
    """If the file of clients does not exist, create it. Only the owner can read the file, because it contains a
    secret."""
    if file.exists():
        return
    machine = {"secret": secrets.token_urlsafe(32), "scopes": ["wecelebrate/read", "wecelebrate/write"]}
    clients = {**_DEFAULT_CLIENTS, "machines": {"demo-machine": machine}}
    create_once(file, json.dumps(clients, indent=2).encode())


class _S256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """Implements PKCE. Every request needs a challenge, and only the method S256 is accepted."""

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without a challenge or with another method than S256."""
        super().validate_code_challenge(grant, redirect_uri)
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge with the method S256 is required.", redirect_uri=redirect_uri)


class _CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["none"]

    def save_authorization_code(self, code: str, request: Request) -> None:
        data = request.payload.data
        self.server.codes[code] = Code(
            request.client.client_id, request.user, self.redirect_uri, request.payload.scope or " ".join(SCOPES[:3]),
            data.get("nonce"), data["code_challenge"], data["code_challenge_method"], secrets.token_urlsafe(16),
        )  # fmt: skip

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        item: Code | None = self.server.codes.get(code)
        if item is None or item.client_id != client.client_id:
            return None
        if item.is_used:
            # A second use shows that another person has the code. Therefore revoke the tokens of the code (RFC 6749,
            # section 4.1.2).
            self.server.end_family(item.family)
            return None
        return item if time.time() < item.created_at + CODE_SECONDS else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        authorization_code.is_used = True

    def authenticate_user(self, authorization_code: Code) -> Code:
        return authorization_code


class _RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["none"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        token: RefreshToken | None = self.server.refresh_tokens.get(refresh_token)
        if token is None or token.family in self.server.ended_families:
            return None
        if token.is_used:
            # If a token is used twice, one of the two callers has stolen the token (RFC 9700, section 4.14.2).
            self.server.end_family(token.family)
            return None
        return token if time.time() < token.created_at + REFRESH_SECONDS else None

    def authenticate_user(self, refresh_token: RefreshToken) -> RefreshToken:
        return refresh_token

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        refresh_token.is_used = True


class _MachineGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post"]


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS: ClassVar = ["none"]

    def query_token(self, token_string: str, token_type_hint: str | None) -> RefreshToken | None:  # noqa: ARG002
        token: RefreshToken | None = self.server.refresh_tokens.get(token_string)
        return token

    def revoke_token(self, token: RefreshToken, request: Request) -> None:  # noqa: ARG002 - the signature of Authlib
        self.server.end_family(token.family)
