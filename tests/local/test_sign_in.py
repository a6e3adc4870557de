"""Tests the sign-in at the local issuer with an OAuth client library. People use PKCE, and machines use a secret."""

import json
import re
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from joserfc import jwt
from joserfc.jwk import KeySet

from infra.local.authorizer import Authorizer
from infra.local.issuer import Issuer
from infra.local.oidc import CLIENTS_FILE
from wecelebrate.core.auth import caller

with warnings.catch_warnings():
    # Authlib prefers the package httpx2, and prints a warning when it is imported.
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import AsyncOAuth2Client

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8788"
CALLBACK = "http://127.0.0.1:3000/callback"
VERIFIER = "a" * 43
Claims = dict[str, Any]


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # without this variable, the client library refuses http
    return Issuer(tmp_path, URL)


@pytest.fixture
async def browser(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=URL, transport=httpx.ASGITransport(app=issuer)) as client:
        yield client


def oauth_client(issuer: Issuer, client_id: str = "wecelebrate", secret: str | None = None, **more: Any) -> Any:
    return AsyncOAuth2Client(
        client_id=client_id,
        client_secret=secret,
        token_endpoint=f"{URL}/token",
        revocation_endpoint_auth_method="none",
        token_endpoint_auth_method="none" if secret is None else "client_secret_basic",
        code_challenge_method="S256",
        redirect_uri=CALLBACK,
        scope="openid email",
        transport=httpx.ASGITransport(app=issuer),
        **more,
    )


def claims_of(issuer: Issuer, token: str) -> Claims:
    return dict(jwt.decode(token, KeySet.import_key_set(issuer.jwks()), algorithms=["RS256"]).claims)  # type: ignore[arg-type]


async def choose(browser: httpx.AsyncClient, url: str, **answer: str) -> httpx.Response:
    """Open the page of an authorization URL, and submit the form of the page with the chosen account."""
    page = await browser.get(url)
    assert page.status_code == 200, page.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    assert fields.items() >= dict(parse_qsl(urlsplit(url).query)).items()
    return await browser.post("/authorize", data={**fields, **answer})


async def sign_in(issuer: Issuer, browser: httpx.AsyncClient, client: Any, **answer: str) -> Claims:
    """Sign in with a client library, and return the token response."""
    url, _ = client.create_authorization_url(f"{URL}/authorize", code_verifier=VERIFIER, nonce="a nonce")
    response = await choose(browser, url, **(answer or {"account": "admin"}))
    assert response.status_code == 302, response.text
    return dict(await client.fetch_token(authorization_response=response.headers["location"], code_verifier=VERIFIER))


async def test_a_person_signs_in_and_gets_the_claims_of_cognito(issuer: Issuer, browser: httpx.AsyncClient) -> None:
    async with oauth_client(issuer) as client:
        token = await sign_in(issuer, browser, client, email="Ann@example.com")
    access, identity = claims_of(issuer, token["access_token"]), claims_of(issuer, token["id_token"])
    assert (access["token_use"], access["client_id"], access["scope"]) == ("access", "wecelebrate", "openid email")
    assert (access["email"], access["email_verified"]) == ("Ann@example.com", True)
    assert "aud" not in access
    assert (identity["token_use"], identity["aud"], identity["nonce"]) == ("id", "wecelebrate", "a nonce")
    assert access["sub"] == identity["sub"] == access["username"] == identity["cognito:username"]
    assert access["auth_time"] == identity["auth_time"]
    assert caller(access).email == "Ann@example.com"
    authorization = {"Authorization": f"Bearer {token['access_token']}"}
    user = (await browser.get("/userinfo", headers=authorization)).json()
    assert (user["sub"], user["email"]) == (access["sub"], "Ann@example.com")
    refused = await browser.get("/userinfo", headers={"Authorization": f"Bearer {token['id_token']}"})
    assert refused.status_code == 401


async def test_a_demo_account_has_a_fixed_subject(issuer: Issuer, browser: httpx.AsyncClient) -> None:
    async with oauth_client(issuer) as client:
        token = await sign_in(issuer, browser, client, account="client:acme")
        assert claims_of(issuer, token["access_token"])["sub"] == "client:acme"
        token = await sign_in(issuer, browser, client, email="a@example.com", unverified="1")
        assert caller(claims_of(issuer, token["access_token"])).email is None


async def test_reusing_an_old_refresh_token_ends_the_sign_in(issuer: Issuer, browser: httpx.AsyncClient) -> None:
    async with oauth_client(issuer) as client:
        first = await sign_in(issuer, browser, client)
        second = dict(await client.refresh_token(f"{URL}/token", refresh_token=first["refresh_token"]))
        assert second["refresh_token"] != first["refresh_token"]
        times = [claims_of(issuer, token["access_token"])["auth_time"] for token in (first, second)]
        assert times[0] == times[1]
        # If a thief uses the first token again, the refresh tokens of the thief and of the person become invalid.
        for stolen in (first, second):
            with pytest.raises(OAuthError, match="invalid_grant"):
                await client.refresh_token(f"{URL}/token", refresh_token=stolen["refresh_token"])


async def test_a_revoked_refresh_token_is_refused(issuer: Issuer, browser: httpx.AsyncClient) -> None:
    async with oauth_client(issuer) as client:
        token = await sign_in(issuer, browser, client)
        form = {"token": token["refresh_token"], "client_id": "wecelebrate"}
        assert (await browser.post("/revoke", data=form)).status_code == 200
        assert (await browser.post("/revoke", data=form | {"token": "unknown"})).status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(f"{URL}/token", refresh_token=token["refresh_token"])


async def test_a_second_use_of_a_sign_in_code_ends_the_sign_in(issuer: Issuer, browser: httpx.AsyncClient) -> None:
    async with oauth_client(issuer) as client:
        url, _ = client.create_authorization_url(f"{URL}/authorize", code_verifier=VERIFIER)
        response = await choose(browser, url, account="admin")
        location = response.headers["location"]
        token = await client.fetch_token(authorization_response=location, code_verifier=VERIFIER)
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.fetch_token(authorization_response=location, code_verifier=VERIFIER)
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(f"{URL}/token", refresh_token=token["refresh_token"])


async def test_a_request_with_a_wrong_verifier_or_redirect_uri_gets_no_token(
    issuer: Issuer, browser: httpx.AsyncClient
) -> None:
    async with oauth_client(issuer) as client:
        url, _ = client.create_authorization_url(f"{URL}/authorize", code_verifier=VERIFIER)
        code = parse_qs(urlsplit((await choose(browser, url, account="admin")).headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "client_id": "wecelebrate", "code": code, "redirect_uri": CALLBACK}
    for change in (
        {"code_verifier": "b" * 43},
        {},
        {"code_verifier": VERIFIER, "redirect_uri": "http://localhost:3000/callback"},
        {"code_verifier": VERIFIER, "client_id": "other"},
    ):
        assert (await browser.post("/token", data=form | change)).status_code in (400, 401)
    assert (await browser.post("/token", data=form | {"code_verifier": VERIFIER})).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_an_invalid_request_redirects_to_the_client_with_its_state_parameter(
    issuer: Issuer, browser: httpx.AsyncClient, change: dict[str, str], error: str
) -> None:
    response = await browser.get("/authorize", params=parameters() | change)
    assert response.status_code == 302
    answer = parse_qs(urlsplit(response.headers["location"]).query)
    assert response.headers["location"].startswith(CALLBACK)
    assert (answer["error"], answer["state"]) == ([error], ["a state"])
    assert "code" not in answer


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://127.0.0.1:3000/callback/"},
        {"redirect_uri": "http://127.0.0.1:3000/callback?x=1"},
        {"redirect_uri": "http://evil.example/callback"},
        {"redirect_uri": ""},
        {"client_id": "other"},
        {"client_id": "demo-machine"},
    ],
)
async def test_the_browser_is_never_redirected_to_an_unregistered_address(
    issuer: Issuer, browser: httpx.AsyncClient, change: dict[str, str]
) -> None:
    for response in (
        await browser.get("/authorize", params=parameters() | change),
        await browser.post("/authorize", data=parameters() | change | {"account": "admin"}),
    ):
        assert response.status_code == 400
        assert "location" not in response.headers


def parameters() -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": "wecelebrate",
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "state": "a state",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }


def test_the_issuer_writes_the_clients_file_at_its_start(tmp_path: Path) -> None:
    Issuer(tmp_path, URL)
    file = tmp_path / CLIENTS_FILE
    clients = json.loads(file.read_text("utf-8"))
    assert (list(clients["machines"]), clients["web"]["redirect_uris"][0]) == (["demo-machine"], CALLBACK)
    assert file.stat().st_mode & 0o077 == 0
    Issuer(tmp_path, URL)
    assert json.loads(file.read_text("utf-8")) == clients


@pytest.mark.parametrize("path", ["/authorize?client_id=unknown&response_type=code", "/logout?client_id=unknown"])
async def test_the_error_page_contains_the_path_of_the_clients_file(
    browser: httpx.AsyncClient, tmp_path: Path, path: str
) -> None:
    response = await browser.get(path)
    assert response.status_code == 400
    assert str(tmp_path / CLIENTS_FILE) in response.text


async def test_the_sign_in_page_escapes_its_parameters_and_runs_no_script(browser: httpx.AsyncClient) -> None:
    attack = '"><script>alert(1)</script>'
    response = await browser.get("/authorize", params=parameters() | {"state": attack, "nonce": attack, attack: attack})
    assert response.status_code == 200
    assert "<script" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


async def test_cancelling_the_sign_in_redirects_to_the_client_without_a_code(browser: httpx.AsyncClient) -> None:
    response = await choose(browser, f"{URL}/authorize?{urlencode(parameters())}", account="cancel")
    assert parse_qs(urlsplit(response.headers["location"]).query)["error"] == ["access_denied"]
    for wrong in ({"email": "no address"}, {"email": ""}, {"account": "nobody"}):
        assert (await choose(browser, f"{URL}/authorize?{urlencode(parameters())}", **wrong)).status_code == 400


async def test_a_sign_in_form_that_another_site_submits_is_refused(browser: httpx.AsyncClient) -> None:
    form = parameters() | {"account": "admin"}
    response = await browser.post("/authorize", data=form, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403


async def test_a_machine_gets_a_token_that_the_gateway_accepts(issuer: Issuer, tmp_path: Path) -> None:
    async with oauth_client(issuer, "nobody", "x") as client:
        with pytest.raises(OAuthError, match="invalid_client"):
            await client.fetch_token(grant_type="client_credentials", scope="wecelebrate/read")
    secret = json.loads((tmp_path / CLIENTS_FILE).read_text())["machines"]["demo-machine"]["secret"]
    assert (tmp_path / CLIENTS_FILE).stat().st_mode & 0o077 == 0
    async with oauth_client(issuer, "demo-machine", secret) as client:
        token = await client.fetch_token(grant_type="client_credentials", scope="wecelebrate/read")
        assert "refresh_token" not in token
        with pytest.raises(OAuthError, match="invalid_scope"):
            await client.fetch_token(grant_type="client_credentials", scope="everything")
    claims = claims_of(issuer, token["access_token"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("demo-machine",) * 2 + ("wecelebrate/read",)
    assert caller(claims).subject == "machine:demo-machine"

    async def keys() -> Claims:
        return issuer.jwks()

    verified = await Authorizer(URL, "wecelebrate", keys).claims(f"Bearer {token['access_token']}")
    assert caller(verified).subject == "machine:demo-machine"
    async with oauth_client(issuer, "demo-machine", "wrong") as client:
        with pytest.raises(OAuthError, match="invalid_client"):
            await client.fetch_token(grant_type="client_credentials")


async def test_only_pages_of_a_registered_origin_can_read_tokens(browser: httpx.AsyncClient) -> None:
    own, other = {"Origin": "http://127.0.0.1:3000"}, {"Origin": "http://evil.example"}
    for path in ("/token", "/userinfo", "/revoke"):
        allowed = await browser.options(path, headers=own)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, own["Origin"])
        assert "access-control-allow-origin" not in (await browser.options(path, headers=other)).headers
    assert (await browser.get("/.well-known/openid-configuration")).headers["access-control-allow-origin"] == "*"


async def test_the_logout_page_redirects_only_to_registered_addresses(browser: httpx.AsyncClient) -> None:
    query = {"client_id": "wecelebrate", "logout_uri": "http://127.0.0.1:3000/"}
    response = await browser.get("/logout", params=query)
    assert (response.status_code, response.headers["location"]) == (302, query["logout_uri"])
    for wrong in ({"logout_uri": "http://evil.example/"}, {"client_id": "other"}, {"logout_uri": ""}):
        assert (await browser.get("/logout", params=query | wrong)).status_code == 400
