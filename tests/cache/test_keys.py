"""Keys: whose they are can be read off them, and nobody's words make a key of somebody else."""

import re
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.conftest import Raw
from wecelebrate.core import cache
from wecelebrate.core.cache import keys
from wecelebrate.core.database import Caller
from wecelebrate.core.requests import sessions

WORDS = st.lists(st.text(max_size=20), min_size=1, max_size=4)
TENANTS = st.sampled_from(["public", *(str(uuid4()) for _ in range(3))])


@pytest.mark.parametrize("parts", [(), ("product", "1")])
def test_a_key_without_its_tenant_cannot_be_written(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tenant"):
        keys.key("", *parts)


@given(TENANTS, WORDS, TENANTS, WORDS)
def test_two_keys_are_one_only_when_tenant_and_every_part_are(
    tenant: str, parts: list[str], other: str, others: list[str]
) -> None:
    assert (keys.key(tenant, *parts) == keys.key(other, *others)) == ((tenant, parts) == (other, others))


@given(TENANTS, WORDS)
def test_a_hostile_part_ends_no_part_early_and_begins_no_line(tenant: str, parts: list[str]) -> None:
    made = keys.key(tenant, *parts)
    assert made.removeprefix(keys.prefix()).split(":")[0] == tenant
    assert made.count(":") == keys.prefix().count(":") + len(parts)
    assert re.fullmatch(r"[\x21-\x7e]+", made), "no space, no line break, nothing that is not ASCII"


@given(st.text(), st.text())
def test_an_entry_of_one_thing_is_none_of_another(one: str, other: str) -> None:
    first, second = (keys.entry(keys.PRODUCT, name, tags=[]) for name in (one, other))
    assert (first.suffix == second.suffix) == (one == other)
    assert first.suffix.count(":") == 1


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_a_list_is_known_by_what_it_was_asked_in_whatever_order(asked: dict[str, object]) -> None:
    turned = dict(reversed(asked.items()))
    entry = keys.entry(keys.PRODUCTS, "c", tags=[], filters=asked)
    assert entry == keys.entry(keys.PRODUCTS, "c", tags=[], filters=turned | {"not asked for": None})
    assert entry != keys.entry(keys.PRODUCTS, "c", tags=[], filters=asked | {"one": "more"})


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_sessions_of_two_subjects_never_share_a_key_nor_a_visitor_with_a_member(one: str, other: str) -> None:
    member, stranger = Caller(subject=one), Caller(subject=other)
    assert (sessions.session_key(member) == sessions.session_key(stranger)) == (one == other)
    visits = {sessions.session_key(Caller(subject=subject, site_domain="a.test")) for subject in (one, None)}
    assert len(visits) == 2, "a customer is no visitor"
    assert sessions.session_key(member) not in visits


def test_values_live_as_long_as_the_plan_says() -> None:
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
    assert all(entity.negative <= 60 for entity in table), "that there is none is remembered briefly"
    assert {entity for entity in table if entity.stale} == {keys.STOREFRONT, keys.STOREFRONT_PAGES}, (
        "only visitors see what aged"
    )


def test_every_key_that_scripts_write_begins_with_its_environment_and_its_tenant(function: str, behind: Raw) -> None:
    claimed = cache.read_tags(["things", "user:a"], "caller:a")
    caller = Caller(subject="a")
    client = str(uuid4())
    session = sessions.Session(f"{client}:owner", client, "requests", 1000)
    cache.put(sessions.session_key(caller), cache.new_value("", str(session), claimed.tokens, 60), keys.SESSION)
    cache.get_or_set(keys.key(client, "owner", "product", "1"), keys.PRODUCT, ["things"], lambda claimed: "{}")
    cache.invalidate(["others"], "1", "caller:a")
    found = behind.keys(f"{function}*")
    assert len(found) >= 5
    assert behind.dbsize() >= len(found)
    tenant = "public|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    for name in found:
        assert re.match(rf"{re.escape(function)}({tenant}):[a-z]+", name), name
