"""The issuer's tokens, as joserfc and as the gateway's authorizer see them."""

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

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8788"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("state"), URL)


class Keys:
    """Gives an issuer's keys, and counts how often it was asked."""

    def __init__(self, *issuers: Issuer) -> None:
        self.issuers = list(issuers)
        self.fetched = 0

    async def __call__(self) -> Mapping[str, Any]:
        self.fetched += 1
        if not self.issuers:
            raise KeysUnavailable("no issuer")
        return {"keys": [key for issuer in self.issuers for key in issuer.jwks()["keys"]]}


def authorizer(*issuers: Issuer) -> Authorizer:
    return Authorizer(URL, "wecelebrate", Keys(*issuers))


def test_joserfc_verifies_a_token_with_the_published_keys(issuer: Issuer) -> None:
    token = issuer.token("someone", email="a@example.com", expires_in=60, roles=["x"])
    decoded = jwt.decode(token, KeySet.import_key_set(issuer.jwks()), algorithms=["RS256"])  # type: ignore[arg-type]
    claims = decoded.claims
    now = time.time()
    assert claims["iss"] == URL
    assert (claims["sub"], claims["aud"], claims["token_use"]) == ("someone", "wecelebrate", "access")
    assert (claims["email"], claims["email_verified"], claims["roles"]) == ("a@example.com", True, ["x"])
    assert claims["nbf"] == claims["iat"] <= now
    assert claims["exp"] == claims["iat"] + 60
    assert claims["jti"] != jwt.decode(issuer.token("someone"), issuer_key(issuer), algorithms=["RS256"]).claims["jti"]
    assert decoded.header["kid"] == issuer.jwks()["keys"][0]["kid"]


def issuer_key(issuer: Issuer) -> RSAKey:
    return RSAKey.import_key(issuer.jwks()["keys"][0])


def test_the_key_is_kept_and_is_its_owners_only(tmp_path: Path) -> None:
    first, second = Issuer(tmp_path, URL), Issuer(tmp_path, URL)
    assert first.jwks() == second.jwks()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
    assert not {"d", "p", "q"} & set(first.jwks()["keys"][0])


async def test_the_documents_are_served(issuer: Issuer) -> None:
    transport = httpx.ASGITransport(issuer)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        configuration = (await client.get("/.well-known/openid-configuration")).json()
        assert configuration["issuer"] == URL
        assert (await client.get(configuration["jwks_uri"])).json() == issuer.jwks()
        answer = await client.post("/token", json={"subject": "someone", "email": "a@example.com"})
        assert (await authorizer(issuer).claims(f"Bearer {answer.json()['access_token']}"))["email"] == "a@example.com"
        assert (await client.post("/token", content=b"[]")).status_code == 400
        assert (await client.get("/else")).status_code == 404


async def test_claims_come_as_the_gateway_renders_them(issuer: Issuer) -> None:
    claims = await authorizer(issuer).claims(f"Bearer {issuer.token('me', 'a@example.com', groups=['a', 'b'])}")
    assert claims["sub"] == "me"
    assert claims["email_verified"] == "true"
    assert claims["groups"] == "[a b]"
    assert claims["exp"].isdigit()


def test_claims_are_rendered_as_text() -> None:
    values = [None, True, 1, 1.5, "x", ["a", 1], {"b": [1], "a": False}]
    assert [render(value) for value in values] == ["<nil>", "true", "1", "1.5", "x", "[a 1]", "map[a:false b:[1]]"]


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
    _, others, _ = issuer.token("admin").split(".")
    return f"{header}.{others}.{signature}"


@pytest.mark.parametrize("forged", [unsigned, signed_with_the_public_key, tampered, lambda _: "x", lambda _: "a.b.c"])
async def test_a_forged_token_is_refused(issuer: Issuer, forged: Any) -> None:
    with pytest.raises(Unauthorized, match="malformed or its signature"):
        await authorizer(issuer).claims(f"Bearer {forged(issuer)}")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": None}, "valid exp"),
        ({"exp": "9999999999"}, "valid exp"),
        ({"aud": "somebody-else"}, "valid audience"),
        ({"aud": ["a", "b"]}, "valid audience"),
        ({"aud": "somebody-else", "client_id": "wecelebrate"}, "valid audience"),
        ({"iss": "http://evil.example"}, "valid issuer"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(issuer: Issuer, claims: dict[str, Any], why: str) -> None:
    with pytest.raises(Unauthorized, match=f'^Bearer scope="" error="invalid_token" error_description=".*{why}"$'):
        await authorizer(issuer).claims(f"Bearer {issuer.token('me', **claims)}")


@pytest.mark.parametrize(
    ("claim", "seconds", "why"),
    [("exp", -1, "the token has expired"), ("nbf", 600, "not valid yet"), ("iat", 600, "not valid yet")],
)
async def test_a_token_of_another_time_is_refused(issuer: Issuer, claim: str, seconds: int, why: str) -> None:
    """The time is the test's own: one of when the tests were collected has come to pass by then."""
    claims: dict[str, Any] = {claim: int(time.time()) + seconds}
    with pytest.raises(Unauthorized, match=f'^Bearer scope="" error="invalid_token" error_description=".*{why}"$'):
        await authorizer(issuer).claims(f"Bearer {issuer.token('me', **claims)}")


async def test_the_audience_may_be_one_of_several(issuer: Issuer) -> None:
    claims = await authorizer(issuer).claims(f"Bearer {issuer.token('me', aud=['other', 'wecelebrate'])}")
    assert claims["aud"] == "[other wecelebrate]"


@pytest.mark.parametrize("header", [None, ""])
async def test_no_token_is_asked_for_one(issuer: Issuer, header: str | None) -> None:
    with pytest.raises(Unauthorized, match=r"^Bearer$"):
        await authorizer(issuer).claims(header)


async def test_another_issuers_token_is_refused_and_new_keys_are_fetched_once(issuer: Issuer, tmp_path: Path) -> None:
    other = Issuer(tmp_path, URL)
    keys = Keys(issuer)
    checking = Authorizer(URL, "wecelebrate", keys)
    await checking.claims(f"Bearer {issuer.token('me')}")
    for _ in range(5):
        with pytest.raises(Unauthorized):
            await checking.claims(f"Bearer {other.token('me')}")
    # A key that is not known is looked for at most once in a while, or anyone could make the gateway ask without end.
    assert keys.fetched == 1


async def test_a_new_key_is_fetched(issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.authorizer.MIN_REFETCH_INTERVAL", 0.0)
    other = Issuer(tmp_path, URL)
    keys = Keys(issuer)
    checking = Authorizer(URL, "wecelebrate", keys)
    await checking.claims(f"Bearer {issuer.token('me')}")
    keys.issuers.append(other)
    assert (await checking.claims(f"Bearer {other.token('you')}"))["sub"] == "you"
    assert keys.fetched == 2


async def test_without_keys_no_token_is_valid(issuer: Issuer) -> None:
    with pytest.raises(Unauthorized, match="keys of the issuer are not available"):
        await authorizer().claims(f"Bearer {issuer.token('me')}")


async def test_a_remembered_token_still_expires(issuer: Issuer) -> None:
    checking = authorizer(issuer)
    token = issuer.token("me", expires_in=1)
    assert (await checking.claims(f"Bearer {token}"))["sub"] == "me"
    time.sleep(1.1)  # noqa: ASYNC251 (nothing else runs)
    with pytest.raises(Unauthorized, match="expired"):
        await checking.claims(f"Bearer {token}")
