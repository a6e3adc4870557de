"""The pages and endpoints of the local issuer that give tokens to people and machines."""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.oauth2.rfc6749.errors import OAuth2Error
from joserfc import jwt
from joserfc.errors import JoseError

from infra.local.oidc import WEB_CLIENT, Account, Provider, Request, Response

DEMO_ACCOUNTS = (
    Account("admin", "admin@wecelebrate.test"),
    Account("support", "support@wecelebrate.test"),
    Account("client:acme", "owner@acme.test"),
    Account("viewer:acme", "viewer@acme.test"),
)
"""The accounts that the sign-in page offers."""
PATHS = ("/authorize", "/token", "/revoke", "/logout", "/userinfo")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<style>body{{font:16px/1.5 system-ui;max-width:28rem;margin:3rem auto;padding:0 1rem}}button{{display:block;width:100%;
margin:.4rem 0;padding:.6rem;font:inherit;text-align:left}}input[type=email]{{width:100%;padding:.6rem;font:inherit;
box-sizing:border-box}}</style></head><body><h1>Who are you?</h1>
<p>This is the local issuer. It needs no password.</p>
<form method="post" action="/authorize">{hidden}{accounts}
<p><label>Another e-mail address<input type="email" name="email" maxlength="254" autocomplete="email"></label></p>
<p><label><input type="checkbox" name="unverified" value="1"> the address is not verified</label></p>
<button>Sign in</button><button name="account" value="cancel">Cancel</button></form></body></html>"""
_ERROR_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body><h1>The request is not valid</h1>
<p>{reason}</p>{hint}</body></html>"""


class SignIn:
    """Answers the requests of browsers and machines. `url` is the base URL of the issuer."""

    def __init__(self, provider: Provider, url: str, key: Any) -> None:
        self._provider = provider
        self._url = url
        self._key = key

    def respond(self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Return the response to a request for one of PATHS."""
        form = body.decode("utf-8", "replace") if method == "POST" else query
        parameters = parse_qs(form, keep_blank_values=True, max_num_fields=50)
        request = Request(method, parameters, headers)
        match (method, path):
            case ("OPTIONS", _):
                return 204, "", self._cors(headers)
            case ("GET", "/authorize"):
                return self._ask(request)
            case ("POST", "/authorize"):
                return self._authorize(request, headers)
            case ("POST", "/token"):
                status, answer, more = self._provider.create_token_response(request)
                return status, answer, [*more, *self._cors(headers)]
            case ("POST", "/revoke"):
                status, answer, more = self._provider.create_endpoint_response("revocation", request)
                return status, answer, [*more, *self._cors(headers)]
            case ("GET", "/logout"):
                return self._log_out(request)
            case ("GET" | "POST", "/userinfo"):
                return self._user_info(headers)
        return 405, {"error": "invalid_request"}, []

    def _ask(self, request: Request) -> Response:
        """Show the page on which a person chooses an account."""
        try:
            grant = self._provider.get_consent_grant(request)
        except OAuth2Error as error:
            return self._refuse(error)
        if request.args.get("prompt") == "none":
            state = {"state": request.payload.state} if request.payload.state else {}
            return _redirect(grant.redirect_uri, {"error": "login_required", **state})
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in request.args.items()
            if name not in ("account", "email", "unverified")
        )
        accounts = "".join(
            f'<button name="account" value="{escape(account.subject)}">{escape(account.email)}'
            f" ({escape(account.subject)})</button>"
            for account in DEMO_ACCOUNTS
        )
        return _html(200, _PAGE.format(hidden=hidden, accounts=accounts), _origin(grant.redirect_uri))

    def _authorize(self, request: Request, headers: Mapping[str, str]) -> Response:
        """Issue an authorization code for the chosen account, and redirect the browser to its client."""
        if headers.get("origin", self._url) not in (self._url, "null"):
            return self._error(403, "The form comes from another site.")
        try:
            grant = self._provider.get_consent_grant(request)
            account = _account(request.args)
            if account is None and request.args.get("account") != "cancel":
                return self._error(400, "Choose an account, or enter an e-mail address.")
            answer: Response = self._provider.create_authorization_response(request, account, grant)
        except OAuth2Error as error:
            return self._refuse(error)
        return answer

    def _log_out(self, request: Request) -> Response:
        """Redirect the browser to a registered page. The issuer stores no session of the browser."""
        client = self._provider.query_client(request.payload.client_id or "")
        target = request.args.get("logout_uri") or request.args.get("post_logout_redirect_uri") or ""
        if client is None or target not in client.logout_uris:
            return self._error(400, "`client_id` and a registered `logout_uri` are required.", names_file=True)
        state = request.args.get("state")
        return _redirect(target, {"state": state} if state else {})

    def _user_info(self, headers: Mapping[str, str]) -> Response:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise ValueError
            claims = jwt.decode(token, self._key, algorithms=["RS256"]).claims
            jwt.JWTClaimsRegistry(exp={"essential": True}, token_use={"value": "access"}).validate(claims)
            if "openid" not in claims.get("scope", "").split():
                raise ValueError
        except (JoseError, ValueError):
            refusal = ("www-authenticate", 'Bearer error="invalid_token"')
            return 401, {"error": "invalid_token"}, [refusal, *self._cors(headers)]
        names = ("sub", "email", "email_verified", "username")
        return 200, {name: claims[name] for name in names if name in claims}, self._cors(headers)

    def _refuse(self, error: OAuth2Error) -> Response:
        """If the redirect URI of the client is registered, send the error to the client. Otherwise show the error to
        the person."""
        if error.redirect_uri:
            answer: Response = error()
            return answer
        return self._error(400, error.description or error.error, names_file=True)

    def _error(self, status: int, reason: str, *, names_file: bool = False) -> Response:
        """Show the reason of an error. If the developer can correct the error in the file of registered clients, also
        name this file."""
        file = escape(str(self._provider.clients_file))
        hint = f"<p>The clients and their redirect URIs are in <code>{file}</code>.</p>" if names_file else ""
        return _html(status, _ERROR_PAGE.format(reason=escape(reason), hint=hint))

    def _cors(self, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        """If the page belongs to a registered redirect URI, return the CORS headers, otherwise nothing."""
        client = self._provider.query_client(WEB_CLIENT)
        assert client is not None
        origin = headers.get("origin", "")
        allowed = {_origin(uri) for uri in client.redirect_uris}
        if origin not in allowed:
            return [("vary", "Origin")]
        return [
            ("vary", "Origin"),
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-headers", "Authorization, Content-Type"),
        ]


def _account(form: Mapping[str, str]) -> Account | None:
    from wecelebrate.core.types import email_address

    for account in DEMO_ACCOUNTS:
        if form.get("account") == account.subject:
            return account
    email = email_address(form.get("email", "").strip())
    return Account.of(email, "unverified" not in form) if email and "account" not in form else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _redirect(url: str, parameters: Mapping[str, str]) -> Response:
    separator = "&" if urlsplit(url).query else "?"
    return 302, "", [("location", url + (separator + urlencode(parameters) if parameters else ""))]


def _html(status: int, page: str, form_target: str = "") -> Response:
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {form_target}; frame-ancestors 'none';"
        " base-uri 'none'"
    )
    return (
        status,
        page,
        [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", policy),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ],
    )
