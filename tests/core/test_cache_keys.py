"""Tests that every key contains its tenant, and that no input from a user can produce a key of another tenant."""

import re
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wecelebrate.core.cache import keys
from wecelebrate.core.cache.shapes import SHAPES
from wecelebrate.core.database import Caller
from wecelebrate.core.requests import sessions

PARTS = st.lists(st.text(max_size=20), min_size=1, max_size=4)
TENANTS = st.sampled_from(["public", *(str(uuid4()) for _ in range(3))])


@pytest.mark.parametrize("parts", [(), ("product", "1")])
def test_a_cache_key_without_a_tenant_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tenant"):
        keys.key("", *parts)


@given(TENANTS, PARTS, TENANTS, PARTS)
def test_two_cache_keys_are_equal_only_if_their_tenants_and_all_parts_are_equal(
    tenant: str, parts: list[str], other_tenant: str, other_parts: list[str]
) -> None:
    same_key = keys.key(tenant, *parts) == keys.key(other_tenant, *other_parts)
    assert same_key == ((tenant, parts) == (other_tenant, other_parts))


@given(TENANTS, PARTS)
def test_special_characters_in_the_parts_of_a_cache_key_are_escaped(tenant: str, parts: list[str]) -> None:
    key = keys.key(tenant, *parts)
    assert key.removeprefix(keys.prefix()).split(":")[0] == tenant
    assert key.count(":") == keys.prefix().count(":") + len(parts)
    assert re.fullmatch(r"[\x21-\x7e]+", key), "only printable ASCII without spaces"


@given(st.text(), st.text())
def test_objects_with_different_names_have_different_cache_entries(first_name: str, second_name: str) -> None:
    first, second = (keys.entry(keys.PRODUCT, name, tags=[]) for name in (first_name, second_name))
    assert (first.suffix == second.suffix) == (first_name == second_name)
    assert first.suffix.count(":") == 1


def test_the_key_of_a_value_names_its_entity_and_the_fingerprint_of_its_model() -> None:
    assert keys.entry(keys.PRODUCT, "1", tags=[]).suffix == f"product.{SHAPES['product']}:1"
    assert keys.SESSION.part == "session", "a session has no model"


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_the_order_of_filters_does_not_affect_the_cache_entry_of_a_list(
    filters: dict[str, object],
) -> None:
    reversed_filters = dict(reversed(filters.items()))
    entry = keys.entry(keys.PRODUCTS, "c", tags=[], filters=filters)
    assert entry == keys.entry(keys.PRODUCTS, "c", tags=[], filters=reversed_filters | {"unset": None})
    assert entry != keys.entry(keys.PRODUCTS, "c", tags=[], filters=filters | {"another": "filter"})


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_different_subjects_and_types_of_callers_have_different_session_keys(first_name: str, second_name: str) -> None:
    member, other_member = Caller(subject=first_name), Caller(subject=second_name)
    assert (sessions.session_key(member) == sessions.session_key(other_member)) == (first_name == second_name)
    visitor_keys = {
        sessions.session_key(Caller(subject=subject, site_domain="a.test")) for subject in (first_name, None)
    }
    assert len(visitor_keys) == 2, "a customer and an anonymous visitor have different keys"
    assert sessions.session_key(member) not in visitor_keys


def test_cached_entities_have_their_documented_lifetimes() -> None:
    table = {
        keys.CATALOG: 3600,
        keys.CATALOGS: 3600,
        keys.PRODUCT: 1800,
        keys.PRODUCTS: 1800,
        keys.SITE: 300,
        keys.SITES: 300,
        keys.STOREFRONT: 300,
        keys.CLIENT: 3600,
        keys.CLIENTS: 3600,
        keys.SESSION: 3600,
        keys.STOREFRONT_PAGES: 1800,
        keys.ORDER: 600,
        keys.ORDERS: 600,
    }
    assert {entity.name: life for entity, life in table.items()} == {entity.name: entity.life for entity in table}
    assert all(entity.negative <= 60 for entity in table), "a cached 404 expires within a minute"
    assert {entity for entity in table if entity.stale} == {keys.STOREFRONT, keys.STOREFRONT_PAGES}, (
        "only visitors may get an expired value"
    )


def test_the_absence_of_an_object_is_cached_for_at_most_thirty_seconds() -> None:
    assert keys.PRODUCT.negative == 30


def test_visitors_can_get_a_value_until_five_minutes_after_it_expires() -> None:
    assert (keys.STOREFRONT.stale, keys.STOREFRONT_PAGES.stale, keys.PRODUCT.stale) == (300, 300, 0)


def test_the_digest_of_parameters_ignores_unset_parameters() -> None:
    # printf '{"limit": "5", "q": "a"}' | sha256sum
    assert keys.digest({"q": "a", "brand": None, "limit": 5}) == "fbf23fe7917289d96ae9e0215ec66661"
    assert keys.digest({}) != keys.digest({"q": ""})
