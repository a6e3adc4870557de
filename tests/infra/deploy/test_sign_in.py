"""Tests the sign-in of an operator. The test sends the requests of a browser to the command. A test server checks
PKCE."""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from infra.command import aws
from infra.deploy.account import AwsError
from infra.deploy.sign_in import SignIn
from infra.functions import ROOT
from infra.local.processes import free_port
from tests.command import Command


class Page(HTTPServer):
    """The token endpoint of a sign-in page. It accepts one code if the verifier belongs to the challenge."""

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


def sign_in(
    page: Page,
    *,
    seconds: float = 10,
    before: tuple[str, ...] = (),
    silent: socket.socket | None = None,
    **changes: str,
) -> str:
    """Sign in with a simulated browser that immediately returns with the code.

    The browser first sends the requests in `before`. If `silent` is given, the browser first connects this socket, but
    sends no request through it. `changes` replaces parameters of the redirect.
    """
    attempt = SignIn.begin(f"http://127.0.0.1:{page.server_port}", "client", free_port())

    def browser(url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        page.challenge, page.redirect = query["code_challenge"], query["redirect_uri"]
        answer = {"code": "the-code", "state": query["state"]} | changes
        port = urlsplit(query["redirect_uri"]).port

        def send() -> None:
            for request in (*before, f"?{urlencode(answer)}"):
                with suppress(HTTPError):
                    urlopen(f"http://127.0.0.1:{port}/{request}").read()

        if silent:
            silent.connect(("127.0.0.1", int(port or 0)))
        threading.Thread(target=send).start()

    return attempt.wait(browser, seconds=seconds)


def test_the_command_exchanges_the_code_for_an_access_token(page: Page) -> None:
    assert sign_in(page) == "the-token"


def test_the_redirect_of_another_sign_in_attempt_is_ignored(page: Page) -> None:
    with pytest.raises(AwsError, match="nobody signed in"):
        sign_in(page, seconds=0.5, state="forged")


def test_unrelated_requests_before_the_redirect_do_not_end_the_sign_in(page: Page) -> None:
    assert sign_in(page, before=("favicon.ico", "?code=stolen&state=other", "?state=other")) == "the-token"


def test_a_connection_without_a_request_does_not_end_the_sign_in(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.deploy.sign_in._SILENCE", 0.2)
    with socket.socket() as silent:
        assert sign_in(page, silent=silent) == "the-token"


def test_the_command_prints_the_error_of_the_sign_in_page(page: Page) -> None:
    with pytest.raises(AwsError, match="the sign-in page refused the sign-in: no access"):
        sign_in(page, error="access_denied", error_description="no access", code="")


def test_the_sign_in_fails_with_an_unknown_code(page: Page) -> None:
    with pytest.raises(AwsError, match="gave no token"):
        sign_in(page, code="other")


def test_the_sign_in_ends_after_a_timeout() -> None:
    attempt = SignIn.begin("http://127.0.0.1:1", "client", free_port())
    with pytest.raises(AwsError, match="nobody signed in"):
        attempt.wait(lambda _: None, seconds=0.1)


def test_an_owner_can_sign_in_without_aws_credentials(
    page: Page, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port, begin = free_port(), SignIn.begin
    monkeypatch.setattr(SignIn, "begin", lambda page, client: begin(page, client, port))

    def browser(url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["client_id"] == "4example"
        page.challenge, page.redirect = query["code_challenge"], query["redirect_uri"]
        answer = urlencode({"code": "the-code", "state": query["state"]})
        threading.Thread(target=lambda: urlopen(f"http://127.0.0.1:{port}/?{answer}").read()).start()

    monkeypatch.setattr(webbrowser, "open", browser)
    aws.sign_in(page=f"http://127.0.0.1:{page.server_port}/", client="4example", api="https://api.example.com/")
    assert capsys.readouterr().out.splitlines() == [
        "unset API TOKEN WECELEBRATE_API WECELEBRATE_ENV_API WECELEBRATE_TOKEN WECELEBRATE_DROPS_BUCKET",
        "export WECELEBRATE_ENV=api.example.com",
        "export API=https://api.example.com",
        "export TOKEN=the-token",
        "export WECELEBRATE_API=https://api.example.com",
        "export WECELEBRATE_ENV_API=https://api.example.com",
        "export WECELEBRATE_TOKEN=the-token",
    ]


def test_a_failed_sign_in_sets_the_environment_but_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(SignIn, "wait", lambda *_: (_ for _ in ()).throw(AwsError("nobody signed in")))
    with pytest.raises(AwsError, match="nobody signed in"):
        aws.sign_in(page="https://sign-in.example.com", client="4example", api="https://api.example.com")
    script = f"""TOKEN=old; export WECELEBRATE_API=https://old.example.com WECELEBRATE_TOKEN=old
    eval '{capsys.readouterr().out}'
    echo "$TOKEN,$WECELEBRATE_API,$WECELEBRATE_TOKEN,$WECELEBRATE_ENV"
    '{sys.executable}' -m infra.command switch cache=off"""
    result = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout == ",,,api.example.com\n"
    assert result.returncode == 2
    assert "the sign-in to api.example.com did not succeed" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--client", "x"), "give all three, or none"),
        (("--page", "https://a.example", "--api", "https://b.example"), "give all three, or none"),
        (("--page", "http://a.example", "--client", "x", "--api", "https://b.example"), "--page must be a URL"),
        (("--page", "https://a.example", "--client", "x", "--api", "https://b.example/v1"), "--api must be a URL"),
    ],
)
def test_a_sign_in_command_with_incomplete_or_insecure_options_is_refused(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = Command(tmp_path, {})("sign-in", *options)
    assert result.returncode == 2
    assert message in result.stderr
