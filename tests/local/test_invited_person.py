"""Tests a browser app and a program that use the local cloud with the OIDC client library Authlib (docs/members.md).

An invited person signs in, accepts the invitation, refreshes the session and ends all sessions. A machine gets a token.
"""

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest

from infra.local.oidc import CLIENTS_FILE
from tests.platform import TLS, Platform, created, ok, problem

with warnings.catch_warnings():
    # Authlib prefers the package httpx2, and prints a warning when it is imported.
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth2Client

CALLBACK = "http://127.0.0.1:3000/callback"
CODE = re.compile(r": ([0-9a-f]{32}[0-9A-Za-z_-]*)$", flags=re.MULTILINE)
VERIFIER = "v" * 64


@pytest.fixture
def discovery(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # without this variable, the client library refuses http
    document: dict[str, Any] = httpx.get(f"{platform.endpoints.issuer}/.well-known/openid-configuration").json()
    return document


@pytest.fixture
def app(discovery: dict[str, Any]) -> Iterator[Any]:
    """An app in a browser: a public client with PKCE, configured only by the discovery document."""
    with OAuth2Client(
        client_id="wecelebrate",
        token_endpoint=discovery["token_endpoint"],
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
        redirect_uri=CALLBACK,
        scope="openid email",
    ) as client:
        yield client


def sign_in(app: Any, discovery: dict[str, Any], address: str) -> dict[str, Any]:
    """Sign in with an address, and return the response with the tokens."""
    url, _ = app.create_authorization_url(discovery["authorization_endpoint"], code_verifier=VERIFIER)
    page = httpx.get(url)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    assert fields.items() >= dict(parse_qsl(urlsplit(url).query)).items()
    answer = httpx.post(discovery["authorization_endpoint"], data={**fields, "email": address})
    assert answer.status_code == 302
    return dict(app.fetch_token(authorization_response=answer.headers["location"], code_verifier=VERIFIER))


def api(platform: Platform, token: str) -> httpx.Client:
    return httpx.Client(base_url=platform.endpoints.api, headers={"Authorization": f"Bearer {token}"}, verify=TLS)


def code_for(platform: Platform, address: str) -> str:
    match = CODE.search(platform.mails_to(address)[0].text)
    assert match is not None
    return match[1]


def test_an_invited_person_can_sign_in_and_refresh_and_end_a_session(
    platform: Platform, app: Any, discovery: dict[str, Any]
) -> None:
    tenant, address = platform.tenant(), f"ann-{uuid4().hex[:8]}@example.com"
    created(tenant.owner.post(f"/v1/clients/{tenant.client_id}/members", json={"email": address, "role": "editor"}))
    code = code_for(platform, address)
    tokens = sign_in(app, discovery, address)
    with api(platform, tokens["access_token"]) as person:
        problem(person.get("/v1/me"), 403, "no_membership")
        accepted = ok(person.post("/v1/invitations/accept", json={"code": code}))
        assert (accepted["client_id"], accepted["role"]) == (tenant.client_id, "editor")
        assert accepted["client_name"]
        problem(person.post("/v1/invitations/accept", json={"code": code}), 409, "invitation_ended")
        assert ok(person.get("/v1/sites"))["data"]
    with api(platform, tokens["id_token"]) as wrong:
        assert wrong.get("/v1/me").status_code == 401  # an ID token is not an access token
    stranger = sign_in(app, discovery, f"eve-{uuid4().hex[:8]}@example.com")
    with api(platform, stranger["access_token"]) as other:
        assert other.post("/v1/invitations/accept", json={"code": code}).status_code in (403, 409)
    refreshed = dict(app.refresh_token(discovery["token_endpoint"], refresh_token=tokens["refresh_token"]))
    with api(platform, refreshed["access_token"]) as person:
        assert ok(person.get("/v1/me"))["memberships"]
        assert person.post("/v1/me/revoke-sessions").is_success
    for token in (tokens["access_token"], refreshed["access_token"]):
        with api(platform, token) as person:
            problem(person.get("/v1/me"), 401, "session_revoked")
    again = dict(app.refresh_token(discovery["token_endpoint"], refresh_token=refreshed["refresh_token"]))
    with api(platform, again["access_token"]) as person:
        problem(person.get("/v1/me"), 401, "session_revoked")


def test_a_machine_gets_a_token_with_the_rights_of_its_membership(
    platform: Platform, discovery: dict[str, Any]
) -> None:
    machines = json.loads((platform.state / CLIENTS_FILE).read_text())["machines"]
    id, machine = next(iter(machines.items()))
    with OAuth2Client(
        client_id=id, client_secret=machine["secret"], token_endpoint=discovery["token_endpoint"],
        token_endpoint_auth_method="client_secret_basic",
    ) as client:  # fmt: skip
        token = client.fetch_token(grant_type="client_credentials", scope="wecelebrate/read wecelebrate/write")
    tenant = platform.tenant()
    with api(platform, token["access_token"]) as program:
        path = f"/v1/clients/{tenant.client_id}/machines"
        member = created(tenant.owner.post(path, json={"machine_id": id, "role": "viewer"}))
        try:
            ok(program.post(f"{path}/accept"))
            assert ok(program.get("/v1/sites"))["data"]
            refused = program.post("/v1/sites", json={"client_id": tenant.client_id, "name": "Not allowed"})
            problem(refused, 403, "forbidden")
        finally:
            removed = tenant.owner.delete(
                f"/v1/clients/{tenant.client_id}/members/{member['id']}", headers={"If-Match": "*"}
            )
            assert removed.status_code == 204
        problem(program.get("/v1/sites"), 403, "no_membership")
