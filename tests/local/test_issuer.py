"""Tests that joserfc and the authorizer of the gateway can verify the tokens of the issuer."""

import base64
import json
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from infra.local.authorizer import Authorizer, KeysUnavailable, Unauthorized, render
from infra.local.issuer import KEY_FILE, Issuer
from infra.local.oidc import CLIENTS_FILE

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8788"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("state"), URL)


class Keys:
    """Returns the public keys of the given issuers, and counts how often the keys are fetched."""

    def __init__(self, *issuers: Issuer) -> None:
        self.issuers = list(issuers)
        self.fetches = 0

    async def __call__(self) -> Mapping[str, Any]:
        self.fetches += 1
        if not self.issuers:
            raise KeysUnavailable("raised on purpose by this test")
        return {"keys": [key for issuer in self.issuers for key in issuer.jwks()["keys"]]}


def authorizer(*issuers: Issuer) -> Authorizer:
    return Authorizer(URL, "wecelebrate", Keys(*issuers))


def test_joserfc_verifies_a_token_with_the_published_keys(issuer: Issuer) -> None:
    token = issuer.token("someone", email="a@example.com", expires_in=60, roles=["x"])
    decoded = jwt.decode(token, KeySet.import_key_set(issuer.jwks()), algorithms=["RS256"])  # type: ignore[arg-type]
    claims = decoded.claims
    now = time.time()
    assert claims["iss"] == URL
    assert (claims["sub"], claims["client_id"], claims["token_use"]) == ("someone", "wecelebrate", "access")
    assert (claims["email"], claims["email_verified"], claims["roles"]) == ("a@example.com", True, ["x"])
    assert claims["nbf"] == claims["iat"] <= now
    assert claims["exp"] == claims["iat"] + 60
    assert claims["jti"] != jwt.decode(issuer.token("someone"), issuer_key(issuer), algorithms=["RS256"]).claims["jti"]
    assert decoded.header["kid"] == issuer.jwks()["keys"][0]["kid"]


def issuer_key(issuer: Issuer) -> RSAKey:
    return RSAKey.import_key(issuer.jwks()["keys"][0])


def test_the_private_key_is_stored_in_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    first, second = Issuer(tmp_path, URL), Issuer(tmp_path, URL)
    assert first.jwks() == second.jwks()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == [CLIENTS_FILE, KEY_FILE]
    assert not {"d", "p", "q"} & set(first.jwks()["keys"][0])


async def test_the_issuer_serves_its_documents_and_tokens(issuer: Issuer) -> None:
    transport = httpx.ASGITransport(issuer)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        configuration = (await client.get("/.well-known/openid-configuration")).json()
        assert configuration["issuer"] == URL
        assert (await client.get(configuration["jwks_uri"])).json() == issuer.jwks()
        token = (await client.post("/token", json={"subject": "someone", "email": "a@example.com"})).json()
        assert (await authorizer(issuer).claims(f"Bearer {token['access_token']}"))["email"] == "a@example.com"
        assert (await client.post("/token", content=b"[]")).status_code == 400
        assert (await client.get("/other")).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8788", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8788.evil.test", ""]
)
async def test_the_issuer_signs_no_token_for_a_request_to_another_host(issuer: Issuer, host: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer), base_url=URL) as client:
        for method, path in (("POST", "/token"), ("GET", "/.well-known/jwks.json")):
            response = await client.request(method, path, json={"subject": "admin"}, headers={"Host": host})
            assert response.status_code == 421
            assert response.json()["error_description"] == f"use {URL}"


async def test_the_authorizer_returns_claims_as_text(issuer: Issuer) -> None:
    claims = await authorizer(issuer).claims(f"Bearer {issuer.token('me', 'a@example.com', groups=['a', 'b'])}")
    assert claims["sub"] == "me"
    assert claims["email_verified"] == "true"
    assert claims["groups"] == "[a b]"
    assert claims["exp"].isdigit()


def test_claims_of_all_types_are_rendered_as_text() -> None:
    values = [None, True, 1, 1.5, "x", ["a", 1], {"b": [1], "a": False}]
    assert [render(value) for value in values] == ["<nil>", "true", "1", "1.5", "x", "[a 1]", "map[a:false b:[1]]"]


@pytest.mark.parametrize("value", ["a\ud800b", ["a\ud800b"], {"a\ud800b": "\udfff"}])
def test_a_claim_with_an_unpaired_surrogate_becomes_valid_unicode(value: object) -> None:
    assert "a\ufffdb" in render(value).encode().decode()


def unsigned(issuer: Issuer) -> str:
    _, claims, _ = issuer.token("me").split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{claims}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    key = OctKey.import_key(json.dumps(issuer.jwks()["keys"][0]))
    kid = issuer.jwks()["keys"][0]["kid"]
    now = int(time.time())
    claims = {"iss": URL, "aud": "wecelebrate", "sub": "me", "exp": now + 60}
    return jwt.encode({"alg": "HS256", "kid": kid}, claims, key, algorithms=["HS256"])


def tampered(issuer: Issuer) -> str:
    header, _, signature = issuer.token("me").split(".")
    _, admin_claims, _ = issuer.token("admin").split(".")
    return f"{header}.{admin_claims}.{signature}"


@pytest.mark.parametrize("forged", [unsigned, signed_with_the_public_key, tampered, lambda _: "x", lambda _: "a.b.c"])
async def test_a_forged_token_is_rejected(issuer: Issuer, forged: Any) -> None:
    with pytest.raises(Unauthorized, match="malformed or its signature"):
        await authorizer(issuer).claims(f"Bearer {forged(issuer)}")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": None}, "valid exp"),
        ({"exp": "9999999999"}, "valid exp"),
        ({"aud": "somebody-else"}, "valid audience"),
        ({"aud": ["a", "b"]}, "valid audience"),
        ({"aud": "somebody-else", "client_id": "wecelebrate"}, "valid audience"),
        ({"iss": "http://evil.example"}, "valid issuer"),
    ],
)
async def test_a_token_with_invalid_claims_is_rejected(issuer: Issuer, claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthorized, match=f'^Bearer scope="" error="invalid_token" error_description=".*{reason}"$'):
        await authorizer(issuer).claims(f"Bearer {issuer.token('me', **claims)}")


@pytest.mark.parametrize(
    ("claim", "seconds", "reason"),
    [("exp", -1, "the token has expired"), ("nbf", 600, "not valid yet"), ("iat", 600, "not valid yet")],
)
async def test_an_expired_or_not_yet_valid_token_is_rejected(
    issuer: Issuer, claim: str, seconds: int, reason: str
) -> None:
    """The test adds the current time to the parameter `seconds`.

    A parameter cannot contain the current time, because pytest computes the parameters long before the test runs.
    """
    claims: dict[str, Any] = {claim: int(time.time()) + seconds}
    with pytest.raises(Unauthorized, match=f'^Bearer scope="" error="invalid_token" error_description=".*{reason}"$'):
        await authorizer(issuer).claims(f"Bearer {issuer.token('me', **claims)}")


async def test_a_token_can_have_several_audiences(issuer: Issuer) -> None:
    claims = await authorizer(issuer).claims(f"Bearer {issuer.token('me', aud=['other', 'wecelebrate'])}")
    assert claims["aud"] == "[other wecelebrate]"


@pytest.mark.parametrize("header", [None, ""])
async def test_a_missing_token_is_rejected_with_a_bearer_challenge(issuer: Issuer, header: str | None) -> None:
    with pytest.raises(Unauthorized, match=r"^Bearer$"):
        await authorizer(issuer).claims(header)


async def test_tokens_with_an_unknown_key_are_rejected_and_cause_at_most_one_fetch(
    issuer: Issuer, tmp_path: Path
) -> None:
    other = Issuer(tmp_path, URL)
    keys = Keys(issuer)
    verifier = Authorizer(URL, "wecelebrate", keys)
    await verifier.claims(f"Bearer {issuer.token('me')}")
    for _ in range(5):
        with pytest.raises(Unauthorized):
            await verifier.claims(f"Bearer {other.token('me')}")
    # Unknown key ids cause at most one fetch per MIN_REFETCH_INTERVAL. Without this limit, a client could cause an
    # unlimited number of fetches.
    assert keys.fetches == 1


async def test_a_token_with_a_new_key_makes_the_authorizer_fetch_the_keys_again(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.authorizer.MIN_REFETCH_INTERVAL", 0.0)
    other = Issuer(tmp_path, URL)
    keys = Keys(issuer)
    verifier = Authorizer(URL, "wecelebrate", keys)
    await verifier.claims(f"Bearer {issuer.token('me')}")
    keys.issuers.append(other)
    assert (await verifier.claims(f"Bearer {other.token('you')}"))["sub"] == "you"
    assert keys.fetches == 2


async def test_the_authorizer_rejects_all_tokens_if_the_keys_are_unavailable(issuer: Issuer) -> None:
    with pytest.raises(Unauthorized, match="keys of the issuer are not available"):
        await authorizer().claims(f"Bearer {issuer.token('me')}")


async def test_a_cached_token_is_rejected_after_its_expiry(issuer: Issuer) -> None:
    verifier = authorizer(issuer)
    token = issuer.token("me", expires_in=1)
    assert (await verifier.claims(f"Bearer {token}"))["sub"] == "me"
    time.sleep(1.1)  # noqa: ASYNC251 (no other task runs)
    with pytest.raises(Unauthorized, match="expired"):
        await verifier.claims(f"Bearer {token}")
