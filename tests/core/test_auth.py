"""Tests how storefront functions verify bearer tokens, and how they create the caller from the claims."""

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


class KeyServer:
    """A replacement for `urllib.request.urlopen`. It returns the public keys of issuers, and counts the fetches."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuers = [issuer]
        self.fetches = 0
        self.is_up = True

    def __call__(self, url: str, timeout: float) -> Any:
        self.fetches += 1
        if not self.is_up:
            raise urllib.error.URLError("refused")
        assert (url, timeout) == (f"{URL}/jwks", 3)
        return io.BytesIO(
            json.dumps({"keys": [key for issuer in self.issuers for key in issuer.jwks()["keys"]]}).encode()
        )


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"), URL)


@pytest.fixture(scope="module")
def successor(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """An issuer with the same URL as `issuer`, but with a different key."""
    return Issuer(tmp_path_factory.mktemp("successor"), URL)


@pytest.fixture(autouse=True)
def key_server(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    keys = KeyServer(issuer)
    for name, value in {"ISSUER": URL, "AUDIENCE": "wecelebrate", "JWKS_URL": f"{URL}/jwks"}.items():
        monkeypatch.setenv(f"WC_{name}", value)
    monkeypatch.setattr(urllib.request, "urlopen", keys)
    monkeypatch.setattr(auth, "_jwks", None)
    monkeypatch.setattr(auth, "_jwks_read_at", float("-inf"))
    settings.cache_clear()
    yield keys
    settings.cache_clear()


def verify(token: str) -> Any:
    return auth.bearer_claims(f"Bearer {token}")


def assert_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(token)


def set_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the monotonic clock."""
    monkeypatch.setattr(time, "monotonic", lambda: seconds)


def advance_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: now)


def test_the_claims_of_a_valid_token_are_returned(issuer: Issuer) -> None:
    assert verify(issuer.token("someone", email="a@b.test"))["sub"] == "someone"
    assert auth.bearer_claims(f"bearer   {issuer.token('someone')}") is not None


def test_a_request_without_an_authorization_header_has_no_claims() -> None:
    assert auth.bearer_claims(None) is None
    for header in ("", "Bearer", "Bearer ", "Basic YTpi", "token"):
        with pytest.raises(Unauthenticated):
            auth.bearer_claims(header)


def test_a_valid_token_with_a_scheme_other_than_bearer_is_refused(issuer: Issuer) -> None:
    for scheme in ("Basic", "DPoP", "Token"):
        with pytest.raises(Unauthenticated, match="Bearer"):
            auth.bearer_claims(f"{scheme} {issuer.token('someone')}")


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
def test_a_token_with_an_invalid_claim_is_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    assert_refused(issuer.token("someone", **claims))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp"])
def test_a_token_without_issuer_audience_subject_or_expiry_is_refused(issuer: Issuer, claim: str) -> None:
    claims = {"iss": URL, "aud": "wecelebrate", "sub": "someone", "exp": int(time.time()) + 60}
    header = {"alg": "RS256", "kid": issuer._key.kid}
    assert verify(jwt.encode(header, claims, issuer._key, algorithms=["RS256"]))
    del claims[claim]
    assert_refused(jwt.encode(header, claims, issuer._key, algorithms=["RS256"]))


@pytest.mark.parametrize("token_use", ["id", "refresh", "", None, True, "Access"])
def test_a_token_that_is_not_an_access_token_is_refused(issuer: Issuer, token_use: Any) -> None:
    claims = verify(issuer.token("someone", email="a@b.test", token_use=token_use))
    with pytest.raises(Unauthenticated, match="access token"):
        auth.caller(claims)
    with pytest.raises(Unauthenticated, match="access token"):
        auth.caller({"sub": "someone", "token_use": "id"}, "shop.test")


def test_a_token_without_the_token_use_claim_is_accepted() -> None:
    assert auth.caller({"sub": "someone"}).subject == "someone"
    assert auth.caller({"sub": "someone", "token_use": "access"}).subject == "someone"


# A token is valid before its `exp`, and from its `nbf` (RFC 7519, sections 4.1.4 and 4.1.5).
@pytest.mark.parametrize(("claim", "last_valid", "first_invalid"), [("exp", -29, -30), ("nbf", 30, 31)])
def test_the_times_in_a_token_can_differ_from_the_clock_by_thirty_seconds(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, claim: str, last_valid: int, first_invalid: int
) -> None:
    now = int(time.time())
    monkeypatch.setattr(time, "time", lambda: float(now))
    valid: dict[str, Any] = {claim: now + last_valid}
    invalid: dict[str, Any] = {claim: now + first_invalid}
    assert verify(issuer.token("someone", **valid))
    assert_refused(issuer.token("someone", **invalid))


def test_a_token_can_have_additional_audiences(issuer: Issuer) -> None:
    assert verify(issuer.token("someone", aud=["another", "wecelebrate"]))


def test_a_token_without_an_audience_must_have_the_client_id_of_the_platform(issuer: Issuer) -> None:
    claims = {"iss": URL, "sub": "someone", "exp": int(time.time()) + 60}
    header = {"alg": "RS256", "kid": issuer._key.kid}
    assert verify(jwt.encode(header, claims | {"client_id": "wecelebrate"}, issuer._key, algorithms=["RS256"]))
    assert_refused(jwt.encode(header, claims | {"client_id": "another"}, issuer._key, algorithms=["RS256"]))
    mixed = claims | {"aud": "another", "client_id": "wecelebrate"}
    assert_refused(jwt.encode(header, mixed, issuer._key, algorithms=["RS256"]))


def test_a_token_without_a_signature_is_refused(issuer: Issuer) -> None:
    header, payload, signature = issuer.token("someone").split(".")
    for forged_header in ('{"alg":"none"}', '{"alg":"None","typ":"JWT"}', '{"alg":"NONE"}'):
        encoded = base64.urlsafe_b64encode(forged_header.encode()).decode().rstrip("=")
        assert_refused(f"{encoded}.{payload}.")
        assert_refused(f"{encoded}.{payload}.{signature}")
    assert_refused(f"{header}.{payload}.")
    assert_refused(f"{header}.{payload}")


def test_a_token_is_refused_if_the_public_key_was_used_as_a_shared_secret(issuer: Issuer) -> None:
    public = RSAKey.import_key(issuer.jwks()["keys"][0])
    claims = {"iss": URL, "aud": "wecelebrate", "sub": "someone", "exp": int(time.time()) + 60}
    for secret in (public.as_pem(private=False), json.dumps(public.as_dict(private=False)).encode()):
        key = OctKey.import_key(secret.replace(b"-----", b"====="))
        for kid in ({}, {"kid": public.kid}):
            assert_refused(jwt.encode({"alg": "HS256", **kid}, claims, key, algorithms=["HS256"]))


def test_a_token_is_refused_if_its_signature_was_made_with_a_different_key(issuer: Issuer, successor: Issuer) -> None:
    head, payload, signature = issuer.token("someone").split(".")
    _, other_payload, other_signature = successor.token("someone").split(".")
    assert_refused(f"{head}.{other_payload}.{other_signature}")
    assert_refused(f"{head}.{other_payload}.{signature}")
    assert_refused(f"{head}.{payload}.{other_signature}")


@pytest.mark.parametrize("token", ["a", "a.b.c", "....", "e30.e30.e30", "\N{SNOWMAN}", "a" * 10_000, "null.null.null"])
def test_a_malformed_token_is_refused(token: str) -> None:
    assert_refused(token)


def test_the_public_keys_are_fetched_only_once_for_many_tokens(issuer: Issuer, key_server: KeyServer) -> None:
    for _ in range(5):
        verify(issuer.token("someone"))
    assert key_server.fetches == 1


def test_the_public_keys_of_an_issuer_are_cached_for_one_hour(
    issuer: Issuer, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_time(monkeypatch, 10_000.0)
    verify(issuer.token("someone"))
    set_time(monkeypatch, 13_600.0)
    verify(issuer.token("someone"))
    assert key_server.fetches == 1
    set_time(monkeypatch, 13_600.5)
    verify(issuer.token("someone"))
    assert key_server.fetches == 2


def test_a_token_with_an_unknown_key_causes_another_fetch_of_the_public_keys(
    issuer: Issuer, successor: Issuer, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_time(monkeypatch, 10_000.0)
    verify(issuer.token("someone"))
    key_server.issuers.append(successor)
    set_time(monkeypatch, 10_010.0)
    assert_refused(successor.token("someone"))
    assert key_server.fetches == 1
    set_time(monkeypatch, 10_010.5)
    assert verify(successor.token("someone"))
    assert key_server.fetches == 2


def test_many_forged_tokens_cause_only_one_fetch_of_the_public_keys(successor: Issuer, key_server: KeyServer) -> None:
    for _ in range(20):
        assert_refused(successor.token("someone"))
    assert key_server.fetches == 1


def test_tokens_cannot_be_verified_while_the_issuer_is_down(issuer: Issuer, key_server: KeyServer) -> None:
    key_server.is_up = False
    with pytest.raises(Unavailable):
        verify(issuer.token("someone"))
    key_server.is_up = True
    assert verify(issuer.token("someone"))


def test_cached_public_keys_are_used_while_the_issuer_is_down(
    issuer: Issuer, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(issuer.token("someone"))
    key_server.is_up = False
    advance_time(monkeypatch, auth.JWKS_LIFE_SECONDS + 1)
    assert verify(issuer.token("someone"))
    assert verify(issuer.token("someone"))
    assert key_server.fetches == 2


def test_tokens_cannot_be_verified_if_the_response_of_the_issuer_is_invalid(
    issuer: Issuer, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (b"<html>", b"[]", b'{"keys": 7}', b'{"keys": [{}]}', b""):
        monkeypatch.setattr(urllib.request, "urlopen", lambda *_, body=body, **__: io.BytesIO(body))
        with pytest.raises(Unavailable):
            verify(issuer.token("someone"))


@pytest.mark.parametrize("subject", ["", "service:system", "a\0", "\ud800", None], ids=ascii)
def test_an_invalid_subject_is_refused(subject: str | None) -> None:
    with pytest.raises(Unauthenticated):
        auth.caller({} if subject is None else {"sub": subject})


def test_a_subject_has_from_1_to_255_characters() -> None:
    for subject in ("a", "a" * 255):
        assert auth.caller({"sub": subject}).subject == subject
    with pytest.raises(Unauthenticated, match="subject"):
        auth.caller({"sub": "a" * 256})


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "a@b.test", "email_verified": True}, "a@b.test"),
        ({"email": "a@b.test", "email_verified": "true"}, "a@b.test"),  # The gateway passes all claims as text.
        ({"email": "a@b.test", "email_verified": False}, None),
        ({"email": "a@b.test", "email_verified": "false"}, None),
        ({"email": "a@b.test", "email_verified": 1}, None),
        ({"email": "a@b.test"}, None),
        ({"email_verified": True}, None),
    ],
    ids=str,
)
def test_an_unverified_email_is_ignored(claims: dict[str, Any], email: str | None) -> None:
    assert auth.caller({"sub": "someone", **claims}).email == email


def test_claims_are_accepted_only_from_the_authorizer_in_the_request_context() -> None:
    claims = {"sub": "someone"}
    context = {"authorizer": {"jwt": {"claims": claims, "scopes": None}}}
    assert auth.gateway_claims({"requestContext": context}) == claims
    events: list[dict[str, Any]] = [
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"jwt": None}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": None}}}},
        {"headers": {"x-claims": "{}"}, "authorizer": context["authorizer"]},
    ]
    assert [auth.gateway_claims(event) for event in events] == [None] * len(events)


def test_a_caller_without_claims_has_no_subject() -> None:
    visitor = auth.caller(None, site_domain="a.test")
    assert (visitor.subject, visitor.email, visitor.client_id, visitor.site_domain) == (None, None, None, "a.test")


def test_a_token_of_another_issuer_is_refused(tmp_path: Path, issuer: Issuer) -> None:
    assert_refused(Issuer(tmp_path, "http://elsewhere.test").token("someone"))
