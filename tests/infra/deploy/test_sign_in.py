"""Tests the sign-in of an operator: a real browser request returns to the command, and a server checks PKCE."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from infra.deploy.account import AwsError
from infra.deploy.sign_in import SignIn
from infra.local.processes import free_port


class Page(HTTPServer):
    """The token endpoint of a sign-in page. It accepts one code, and only with the verifier of the challenge."""

    challenge = ""
    redirect = ""


class Handler(BaseHTTPRequestHandler):
    server: Page

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        digest = hashlib.sha256(body["code_verifier"][0].encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.server.challenge
        valid = proven and body["code"] == ["the-code"] and body["redirect_uri"] == [self.server.redirect]
        self.send_response(200 if valid else 400)
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": "the-token"} if valid else {"error": "invalid_grant"}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[Page]:
    with Page(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def sign_in(page: Page, **changes: str) -> str:
    """Sign in with a browser that returns with the code at once. `changes` replaces parts of the returned query."""
    attempt = SignIn.begin(f"http://127.0.0.1:{page.server_port}", "client", free_port())

    def browser(url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        page.challenge, page.redirect = query["code_challenge"], query["redirect_uri"]
        answer = {"code": "the-code", "state": query["state"]} | changes
        port = urlsplit(query["redirect_uri"]).port
        threading.Thread(target=lambda: urlopen(f"http://127.0.0.1:{port}/?{urlencode(answer)}").read()).start()

    return attempt.wait(browser, seconds=10)


def test_the_code_becomes_an_access_token(page: Page) -> None:
    assert sign_in(page) == "the-token"


def test_an_answer_of_another_attempt_is_refused(page: Page) -> None:
    with pytest.raises(AwsError, match="the sign-in page refused"):
        sign_in(page, state="forged")


def test_a_code_that_the_page_does_not_know_gives_no_token(page: Page) -> None:
    with pytest.raises(AwsError, match="gave no token"):
        sign_in(page, code="other")


def test_nobody_has_to_wait_for_ever() -> None:
    attempt = SignIn.begin("http://127.0.0.1:1", "client", free_port())
    with pytest.raises(AwsError, match="nobody signed in"):
        attempt.wait(lambda _: None, seconds=0.1)
