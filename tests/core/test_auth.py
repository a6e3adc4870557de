"""Tokens as the storefront verifies them itself, and claims as every function reads them."""

import base64
import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from infra.local.issuer import Issuer
from wecelebrate.core import auth
from wecelebrate.core.errors import Unauthenticated, Unavailable
from wecelebrate.core.settings import settings

URL = "http://issuer.test"


class Published:
    """The issuer's keys, as they are fetched."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuers = [issuer]
        self.fetched = 0
        self.answers = True

    def __call__(self, url: str, timeout: float) -> Any:
        self.fetched += 1
        if not self.answers:
            raise urllib.error.URLError("refused")
        assert (url, timeout) == (f"{URL}/jwks", 3)
        return io.BytesIO(json.dumps({"keys": [key for one in self.issuers for key in one.jwks()["keys"]]}).encode())


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"), URL)


@pytest.fixture(scope="module")
def successor(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The same issuer after it has changed its key."""
    return Issuer(tmp_path_factory.mktemp("successor"), URL)


@pytest.fixture(autouse=True)
def published(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    keys = Published(issuer)
    for name, value in {"ISSUER": URL, "AUDIENCE": "wecelebrate", "JWKS_URL": f"{URL}/jwks"}.items():
        monkeypatch.setenv(f"WC_{name}", value)
    monkeypatch.setattr(urllib.request, "urlopen", keys)
    monkeypatch.setattr(auth, "_jwks", None)
    monkeypatch.setattr(auth, "_jwks_read_at", float("-inf"))
    settings.cache_clear()
    yield keys
    settings.cache_clear()


def verified(token: str) -> Any:
    return auth.bearer_claims(f"Bearer {token}")


def refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        verified(token)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: now)


def test_a_good_token_gives_its_claims(issuer: Issuer) -> None:
    assert verified(issuer.token("someone", email="a@b.test"))["sub"] == "someone"
    assert auth.bearer_claims(f"bearer   {issuer.token('someone')}") is not None


def test_no_header_is_nobody_and_an_empty_one_is_an_error() -> None:
    assert auth.bearer_claims(None) is None
    for header in ("", "Bearer", "Bearer ", "Basic YTpi", "token"):
        with pytest.raises(Unauthenticated):
            auth.bearer_claims(header)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://elsewhere.test"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["another"]},
        {"sub": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 1},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    refused(issuer.token("someone", **claims))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp"])
def test_a_token_says_who_for_whom_from_whom_and_until_when(issuer: Issuer, claim: str) -> None:
    claims = {"iss": URL, "aud": "wecelebrate", "sub": "someone", "exp": int(time.time()) + 60}
    header = {"alg": "RS256", "kid": issuer._key.kid}
    assert verified(jwt.encode(header, claims, issuer._key, algorithms=["RS256"]))
    del claims[claim]
    refused(jwt.encode(header, claims, issuer._key, algorithms=["RS256"]))


def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    now = time.time()
    assert verified(issuer.token("someone", exp=now - 10))
    assert verified(issuer.token("someone", nbf=now + 10))
    refused(issuer.token("someone", exp=now - auth.LEEWAY_SECONDS - 5))
    refused(issuer.token("someone", nbf=now + auth.LEEWAY_SECONDS + 5))


def test_one_of_several_audiences_is_enough(issuer: Issuer) -> None:
    assert verified(issuer.token("someone", aud=["another", "wecelebrate"]))


def test_a_token_of_cognito_names_the_client_instead_of_an_audience(issuer: Issuer) -> None:
    claims = {"iss": URL, "sub": "someone", "exp": int(time.time()) + 60}
    header = {"alg": "RS256", "kid": issuer._key.kid}
    assert verified(jwt.encode(header, claims | {"client_id": "wecelebrate"}, issuer._key, algorithms=["RS256"]))
    refused(jwt.encode(header, claims | {"client_id": "another"}, issuer._key, algorithms=["RS256"]))
    mixed = claims | {"aud": "another", "client_id": "wecelebrate"}
    refused(jwt.encode(header, mixed, issuer._key, algorithms=["RS256"]))


def test_a_token_without_a_signature_is_refused(issuer: Issuer) -> None:
    header, payload, signature = issuer.token("someone").split(".")
    for forged in ('{"alg":"none"}', '{"alg":"None","typ":"JWT"}', '{"alg":"NONE"}'):
        made = base64.urlsafe_b64encode(forged.encode()).decode().rstrip("=")
        refused(f"{made}.{payload}.")
        refused(f"{made}.{payload}.{signature}")
    refused(f"{header}.{payload}.")
    refused(f"{header}.{payload}")


def test_the_public_key_is_no_shared_secret(issuer: Issuer) -> None:
    public = RSAKey.import_key(issuer.jwks()["keys"][0])
    claims = {"iss": URL, "aud": "wecelebrate", "sub": "someone", "exp": int(time.time()) + 60}
    for secret in (public.as_pem(private=False), json.dumps(public.as_dict(private=False)).encode()):
        key = OctKey.import_key(secret.replace(b"-----", b"====="))
        for kid in ({}, {"kid": public.kid}):
            refused(jwt.encode({"alg": "HS256", **kid}, claims, key, algorithms=["HS256"]))


def test_a_token_of_another_key_is_refused(issuer: Issuer, successor: Issuer) -> None:
    head, payload, signature = issuer.token("someone").split(".")
    _, other_payload, other_signature = successor.token("someone").split(".")
    refused(f"{head}.{other_payload}.{other_signature}")
    refused(f"{head}.{other_payload}.{signature}")
    refused(f"{head}.{payload}.{other_signature}")


@pytest.mark.parametrize("token", ["a", "a.b.c", "....", "e30.e30.e30", "\N{SNOWMAN}", "a" * 10_000, "null.null.null"])
def test_what_is_no_token_is_refused(token: str) -> None:
    refused(token)


def test_keys_are_fetched_once_for_many_tokens(issuer: Issuer, published: Published) -> None:
    for _ in range(5):
        verified(issuer.token("someone"))
    assert published.fetched == 1


def test_keys_are_fetched_anew_after_an_hour(
    issuer: Issuer, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(issuer.token("someone"))
    later(monkeypatch, auth.JWKS_LIFE_SECONDS + 1)
    verified(issuer.token("someone"))
    assert published.fetched == 2


def test_a_new_key_of_the_issuer_is_found(
    issuer: Issuer, successor: Issuer, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(issuer.token("someone"))
    published.issuers.append(successor)
    later(monkeypatch, auth.JWKS_REFRESH_SECONDS + 1)
    assert verified(successor.token("someone"))
    assert published.fetched == 2


def test_forged_tokens_do_not_make_us_ask_each_time(successor: Issuer, published: Published) -> None:
    for _ in range(20):
        refused(successor.token("someone"))
    assert published.fetched == 1


def test_without_an_issuer_nobody_can_be_told_from_anybody(issuer: Issuer, published: Published) -> None:
    published.answers = False
    with pytest.raises(Unavailable):
        verified(issuer.token("someone"))
    published.answers = True
    assert verified(issuer.token("someone"))


def test_keys_in_hand_outlast_an_issuer_that_is_down(
    issuer: Issuer, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(issuer.token("someone"))
    published.answers = False
    later(monkeypatch, auth.JWKS_LIFE_SECONDS + 1)
    assert verified(issuer.token("someone"))
    assert verified(issuer.token("someone"))
    assert published.fetched == 2


def test_an_answer_that_holds_no_keys_is_no_answer(
    issuer: Issuer, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (b"<html>", b"[]", b'{"keys": 7}', b'{"keys": [{}]}', b""):
        monkeypatch.setattr(urllib.request, "urlopen", lambda *_, body=body, **__: io.BytesIO(body))
        with pytest.raises(Unavailable):
            verified(issuer.token("someone"))


@pytest.mark.parametrize("subject", ["", "service:system", "a\0", "\ud800", None], ids=ascii)
def test_a_subject_is_a_person(subject: str | None) -> None:
    with pytest.raises(Unauthenticated):
        auth.caller({} if subject is None else {"sub": subject})


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "a@b.test", "email_verified": True}, "a@b.test"),
        ({"email": "a@b.test", "email_verified": "true"}, "a@b.test"),  # the gateway's claims are text
        ({"email": "a@b.test", "email_verified": False}, None),
        ({"email": "a@b.test", "email_verified": "false"}, None),
        ({"email": "a@b.test", "email_verified": 1}, None),
        ({"email": "a@b.test"}, None),
        ({"email_verified": True}, None),
    ],
    ids=str,
)
def test_an_email_counts_only_when_it_is_verified(claims: dict[str, Any], email: str | None) -> None:
    assert auth.caller({"sub": "someone", **claims}).email == email


def test_claims_come_from_the_gateways_authorizer_alone() -> None:
    claims = {"sub": "someone"}
    context = {"authorizer": {"jwt": {"claims": claims, "scopes": None}}}
    assert auth.gateway_claims({"requestContext": context}) == claims
    empty: list[dict[str, Any]] = [
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"jwt": None}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": None}}}},
        {"headers": {"x-claims": "{}"}, "authorizer": context["authorizer"]},
    ]
    assert [auth.gateway_claims(event) for event in empty] == [None] * len(empty)


def test_a_visitor_has_no_subject() -> None:
    visitor = auth.caller(None, site_domain="a.test")
    assert (visitor.subject, visitor.email, visitor.client_id, visitor.site_domain) == (None, None, None, "a.test")


def test_the_key_file_is_the_issuers(tmp_path: Path, issuer: Issuer) -> None:
    refused(Issuer(tmp_path, "http://elsewhere.test").token("someone"))
