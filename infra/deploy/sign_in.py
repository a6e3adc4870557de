"""Signs an operator in at the page of Cognito, with the authorization code and PKCE (RFC 7636).

The page returns to a server on this machine. The redirect URL must be a URL of the console, so this works only if the
operator has not set `console_urls`, or has added `http://localhost:3000/` to it.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from infra.deploy.account import AwsError

PORT = 3000
_DONE = b"You are signed in. You can close this window, and go back to the terminal.\n"


@dataclass(frozen=True)
class SignIn:
    """One attempt to sign in."""

    page: str
    """The base URL of the sign-in page."""
    client: str
    """The id of the app client."""
    port: int = PORT
    verifier: str = ""
    state: str = ""

    @classmethod
    def begin(cls, page: str, client: str, port: int = PORT) -> "SignIn":
        """Create an attempt with a random verifier and state."""
        return cls(page, client, port, secrets.token_urlsafe(48), secrets.token_urlsafe(16))

    @property
    def redirect(self) -> str:
        return f"http://localhost:{self.port}/"

    @property
    def url(self) -> str:
        """The URL that the operator opens in a browser."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "scope": "openid email",
            "state": self.state,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.page}/oauth2/authorize?{urlencode(query)}"

    def wait(self, open_page: Callable[[str], object], seconds: float = 300) -> str:
        """Open the page, wait until it returns, and return the access token. Raises AwsError."""
        answers: list[dict[str, list[str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(_DONE)
                answers.append(parse_qs(urlsplit(self.path).query))

            def log_message(self, *_: object) -> None:
                """Print nothing: the query contains the code."""

        try:
            server = HTTPServer(("127.0.0.1", self.port), Handler)
        except OSError as error:
            raise AwsError(f"port {self.port} is in use: stop the program that uses it") from error
        with server:
            server.timeout = seconds
            open_page(self.url)
            server.handle_request()
        if not answers:
            raise AwsError(f"nobody signed in within {seconds:.0f} seconds: run the command again")
        answer = answers[0]
        if answer.get("state") != [self.state] or "code" not in answer:
            raise AwsError(f"the sign-in page refused: {answer.get('error_description', ['no code'])[0]}")
        return self.exchange(answer["code"][0])

    def exchange(self, code: str) -> str:
        """Exchange the code for an access token. Raises AwsError."""
        body = urlencode(
            {
                "grant_type": "authorization_code",
                "client_id": self.client,
                "code": code,
                "redirect_uri": self.redirect,
                "code_verifier": self.verifier,
            }
        ).encode()
        try:
            with urlopen(Request(f"{self.page}/oauth2/token", body), timeout=10) as response:  # noqa: S310
                return str(json.load(response)["access_token"])
        except (OSError, ValueError, KeyError) as error:
            raise AwsError(f"the sign-in page gave no token: {error}") from error
