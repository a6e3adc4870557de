"""Tests which domains a site may claim, and how a domain is verified."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from wecelebrate.core.errors import Conflict, Forbidden, Invalid, TooManyRequests, Unavailable
from wecelebrate.core.outbound import Unreachable, dns
from wecelebrate.core.settings import settings
from wecelebrate.sites import domains
from wecelebrate.sites.domains import DomainNotVerified, refusal

SITE, CLIENT = UUID(int=1), UUID(int=2)
LABEL = "a" * 63


@pytest.fixture(autouse=True)
def platform_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_PLATFORM_DOMAIN", "shops.wecelebrate.com")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    "domain",
    [
        "gifts.example.com",
        "example.com",
        "a.co",
        "a-b.example.com",
        f"{LABEL}.example.com",
        "xn--bcher-kva.example.com",
        "1.example.com",
        "gifts.example.co.uk",
        "a--cd.example.com",
        "gifts.shop-wecelebrate.com",
    ],
)
def test_a_site_may_claim_a_public_domain(domain: str) -> None:
    assert refusal(domain) is None


@pytest.mark.parametrize(
    "domain",
    [
        "127.0.0.1",
        "8.8.8.8",
        "::1",
        "gifts.example.1",
        "com",
        "localhost",
        "",
        ".example.com",
        "example.com.",
        "a..example.com",
        "-a.example.com",
        "a-.example.com",
        f"a{LABEL}.example.com",
        "a_b.example.com",
        "a b.example.com",
        "bücher.example.com",
        "Gifts.example.com",
        "xn--a.example.com",
        "ab--cd.example.com",
        "gifts.local",
        "gifts.internal",
        "gifts.onion",
        "co.uk",
        "github.io",
        "wecelebrate.com",
        "www.wecelebrate.com",
        "shops.wecelebrate.com",
        "acme.shops.wecelebrate.com",
    ],
)
def test_a_site_cannot_claim_an_invalid_local_or_shared_domain(domain: str) -> None:
    assert refusal(domain)
    with pytest.raises(Invalid) as error:
        domains.check(domain)
    assert error.value.errors[0].pointer == "/domain"


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("8.8.8.8", "must be a domain name"),
        ("::1", "must be a domain name"),
        ("example.1a", "must be a domain name"),
        ("shop", "must have at least two labels"),
        ("gifts.acme.local", "must be a public domain: .local is reserved"),
        ("co.uk", "must not be a public suffix"),
        ("acme.shops.wecelebrate.com", "must not be a domain of the platform"),
    ],
)
def test_the_error_for_a_refused_domain_states_the_reason(domain: str, reason: str) -> None:
    assert str(refusal(domain)).startswith(reason)


def test_the_record_name_of_the_longest_domain_has_253_characters() -> None:
    longest = f"{LABEL}.{LABEL}.{LABEL}.{'b' * 44}.com"
    assert len(f"_wecelebrate.{longest}") == 253
    assert refusal(longest) is None
    assert refusal(longest.replace(".com", "b.com")) == "must have at most 240 characters"


class Site(SimpleNamespace):
    id = SITE
    client_id = CLIENT
    slug = "acme"
    domain = "gifts.example.com"
    domain_verified_at = None


def transaction(role: str = "app_client", editor_ids: list[UUID] | None = None) -> Any:
    return SimpleNamespace(context=SimpleNamespace(role=role, editor_ids=editor_ids))


EDITOR = transaction(editor_ids=[CLIENT])


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of the TXT records of the domain, empty at first. The site needs the record `wecelebrate-site=token`."""
    records: list[str] = []
    names = {"_wecelebrate.gifts.example.com": records}
    monkeypatch.setattr(dns, "txt_records", lambda name: names[name])
    fake = SimpleNamespace(
        get_domain_token=lambda *_, **__: "token",
        lock_verification=lambda *_, **__: True,
        verify_domain=lambda *_, **__: True,
    )
    monkeypatch.setattr(domains, "sql", fake)
    return records


def test_a_domain_with_the_record_of_the_site_is_verified(records: list[str]) -> None:
    records += ["v=spf1 -all", " wecelebrate-site=token "]
    domains.verify(EDITOR, Site())  # type: ignore[arg-type]
    domains.verify(transaction("app_admin"), Site())  # type: ignore[arg-type]


@pytest.mark.parametrize("editor_ids", [None, [], [SITE]])
def test_a_member_who_is_not_an_editor_of_the_client_cannot_verify_a_domain(
    records: list[str], editor_ids: list[UUID] | None
) -> None:
    records.append("wecelebrate-site=token")
    with pytest.raises(Forbidden):
        domains.verify(transaction(editor_ids=editor_ids), Site())  # type: ignore[arg-type]


def test_a_site_without_a_domain_cannot_verify_a_domain(records: list[str]) -> None:
    with pytest.raises(Invalid, match="valid"):
        domains.verify(EDITOR, Site(domain=None))  # type: ignore[arg-type]
    verification = domains.verification(EDITOR, Site(domain=None))  # type: ignore[arg-type]
    assert (verification.host, verification.record_name) == ("acme.shops.wecelebrate.com", None)


def test_the_name_of_the_dns_record_contains_the_domain(records: list[str]) -> None:
    verification = domains.verification(EDITOR, Site())  # type: ignore[arg-type]
    assert verification.record_name == "_wecelebrate.gifts.example.com"
    assert verification.record_value == "wecelebrate-site=token"


def detail_of(records: list[str]) -> str:
    with pytest.raises(DomainNotVerified) as error:
        domains.verify(EDITOR, Site())  # type: ignore[arg-type]
    return error.value.errors[0].detail


def test_the_error_for_a_missing_dns_record_shows_at_most_five_existing_records(records: list[str]) -> None:
    assert detail_of(records).endswith("; the name has no TXT record")
    records += ["a\x1b[31m", "b" * 101, "c~ !", "d", "e", "f"]
    shown = f"found 6 other: 'a?[31m', '{'b' * 100}', 'c~ !', 'd', 'e'"
    assert detail_of(records).endswith(f"with the text wecelebrate-site=token; {shown}")


def test_changes_conflicts_and_dns_errors_prevent_the_verification(
    records: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records.append("wecelebrate-site=token")
    monkeypatch.setattr(domains.sql, "verify_domain", lambda *_, **__: False)
    with pytest.raises(Conflict, match="has changed"):
        domains.verify(EDITOR, Site())  # type: ignore[arg-type]

    monkeypatch.setattr(domains.sql, "lock_verification", lambda *_, **__: False)
    with pytest.raises(TooManyRequests, match="Another domain"):
        domains.verify(EDITOR, Site())  # type: ignore[arg-type]
    monkeypatch.setattr(domains.sql, "lock_verification", lambda *_, **__: True)

    def silent(name: str) -> Any:
        raise Unreachable("no answer")

    monkeypatch.setattr(dns, "txt_records", silent)
    with pytest.raises(Unavailable, match="no answer"):
        domains.verify(EDITOR, Site())  # type: ignore[arg-type]
