"""Signs an operator in at the page of Cognito, with the authorization code and PKCE (RFC 7636).

The page redirects to a server on this machine. The redirect URL must be a URL of the console. Therefore, if the
operator has set `console_urls`, this setting must contain `http://localhost:3000/`.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from infra.deploy.account import AwsError

PORT = 3000
_SILENCE = 10
"""The seconds after which the server closes a connection without a request. Browsers open such connections in
advance."""
_DONE = b"You are signed in. You can close this window, and go back to the terminal.\n"
_REFUSED = b"The sign-in failed. The terminal shows the reason.\n"


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
        """Create an attempt with a random code verifier and a random `state`."""
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
        """Open the page, wait for its redirect to this machine, and return the access token. Raises AwsError if the
        sign-in fails.

        The method ignores requests without the `state` of this attempt, e.g. requests for an icon or from another
        attempt.
        """
        answers: list[dict[str, list[str]]] = []
        state = self.state

        class Handler(BaseHTTPRequestHandler):
            timeout = _SILENCE

            def do_GET(self) -> None:
                answer = parse_qs(urlsplit(self.path).query)
                expected = answer.get("state") == [state]
                self.send_response(200 if expected else 404)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                if expected:
                    self.wfile.write(_REFUSED if "error" in answer else _DONE)
                    answers.append(answer)

            def log_message(self, *_: object) -> None:
                """Log nothing, because the query string contains the code."""

        try:
            server = HTTPServer(("127.0.0.1", self.port), Handler)
        except OSError as error:
            raise AwsError(f"port {self.port} is in use: stop the program that uses it") from error
        with server:
            deadline = time.monotonic() + seconds
            open_page(self.url)
            while not answers and (remaining := deadline - time.monotonic()) > 0:
                server.timeout = remaining
                server.handle_request()
        if not answers:
            raise AwsError(f"nobody signed in within {seconds:.0f} seconds: run the command again")
        answer = answers[0]
        if "code" not in answer:
            raise AwsError(f"the sign-in page refused the sign-in: {answer.get('error_description', ['no code'])[0]}")
        return self.exchange(answer["code"][0])

    def exchange(self, code: str) -> str:
        """Exchange the code for an access token. Raises AwsError if the exchange fails."""
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
