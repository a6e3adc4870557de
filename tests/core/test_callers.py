"""Tests the properties of a caller."""

from collections.abc import Iterator
from typing import Any

import pytest

from wecelebrate.core.database import Caller, CallerContext
from wecelebrate.core.database.caller import visited_site
from wecelebrate.core.settings import settings


@pytest.fixture
def platform_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_PLATFORM_DOMAIN", "gifts.test")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("subject", "key"),
    [("ann", "caller:ann"), (None, ""), ("", ""), ("service:system", ""), ("service", "caller:service")],
)
def test_the_cache_remembers_only_the_writes_of_signed_in_users(subject: str | None, key: str) -> None:
    assert Caller(subject).write_key == key


def test_reading_after_adds_transactions_to_a_copy_of_the_caller() -> None:
    caller = Caller("ann", min_xids=("7",))
    assert caller.reading_after(["8", "9"]) == Caller("ann", min_xids=("7", "8", "9"))
    assert caller.min_xids == ("7",)


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("acme.gifts.test", "@acme"),
        ("ACME.Gifts.Test", "@acme"),
        ("www.acme.gifts.test", "www.acme.gifts.test"),
        ("gifts.test", "gifts.test"),
        ("gifts", "gifts"),
        ("shop.acme.test", "shop.acme.test"),
    ],
)
def test_the_first_label_of_a_platform_host_name_is_the_slug_of_a_site(
    platform_domain: None, host: str, site: str
) -> None:
    assert visited_site(host) == site


@pytest.mark.parametrize("host", ["acme", "acme."])
def test_a_host_name_with_only_one_label_contains_no_slug(host: str) -> None:
    settings.cache_clear()
    assert settings().platform_domain == ""
    assert visited_site(host) == host


@pytest.mark.parametrize(
    ("admin_role", "is_staff"), [("super_admin", True), ("support", True), ("service", False), (None, False)]
)
def test_services_and_members_are_not_staff(admin_role: str | None, is_staff: bool) -> None:
    fields: dict[str, Any] = dict.fromkeys(CallerContext.__dataclass_fields__)
    assert CallerContext(**fields | {"admin_role": admin_role}).is_staff is is_staff
