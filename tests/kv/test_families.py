"""Tests the key families of the old key-value store."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kv.conftest import MERGE, Store
from tests.platform import Platform

FAMILIES = {
    "client:production:client-001": "client",
    "client:client-001": "client",
    "clients:production:client-001": "client",
    "client:client-001:site:site-1": "derived",
    "site:production:site-1": "site",
    "sites:site-1": "site",
    "sites:site-1:catalog_config": "setting",
    "site_catalog_config:site-1": "setting",
    "sites:slug:acme": "derived",
    "site_configs:site-1": "setting",
    "site-gift-assignment:site-1:gift-1": "setting",
    "catalogs:all": "list",
    "catalogs:catalog_acme_m1_ab12": "catalog",
    "catalog_gifts:catalog_acme": "list",
    "gifts:all": "list",
    "gift:production:gift-1-ab": "product",
    "gift:gift-1-ab": "product",
    "gifts:[object Object]": "product",
    "gifts:": "product",
    "gift:a%b_c": "product",
    "order:production:ORD-00100001-ab12": "order",
    "order:ORD-1700000000000-7": "order",
    "order:site-1:0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d": "order",
    "orders:ORD-1": "order",
    "user_orders:user-1": "list",
    "order:": "order",
    "order:production:": "order",
    "client:": "client",
    "site:production:": "site",
    "catalogs:": "catalog",
    "order_counter": "derived",
    "employees:production:e-1": "later",
    "session:planted-token": "secret",
    "magic-link:planted-token": "secret",
    "hris_connection_planted": "secret",
    "hris_sync_1": "log",
    "sftp_config:client-001": "secret",
    "erp_connection:1": "secret",
    "audit:production:1700000000000:0197a5c0": "log",
    "gift_of_nobody": "unknown",
    "giftx:1": "unknown",
    "": "unknown",
}
"""Maps each key to its expected key family."""


def test_the_pattern_of_a_key_determines_its_family(platform: Platform) -> None:
    platform.database.execute("begin")
    try:
        platform.database.execute("delete from kv_store_6fcaeea3")
        for key in FAMILIES:
            platform.database.execute("insert into kv_store_6fcaeea3 values (%s, '1')", [key])
        meanings = {
            key: platform.database.execute(
                "select coalesce((select k.meaning from app.kv_key_families() k"
                " where (case when %(key)s like 'hris\\_%%' then 'hris' else split_part(%(key)s, ':', 1) end)"
                " = any (k.heads) and %(key)s ~ k.pattern limit 1), 'unknown') as meaning",
                {"key": key},
            ).fetchone()
            for key in FAMILIES
        }
    finally:
        platform.database.execute("rollback")
    assert {key: row and row["meaning"] for key, row in meanings.items()} == FAMILIES


HEADS = sorted({key.partition(":")[0] for key in FAMILIES} | {"hris_", "Gift", "gift ", "%", "_"})
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
SEGMENTS = st.sampled_from(["", "all", "production", "slug", "site", "catalog_config", "%", "_", "[object Object]"])
KEYS = st.builds(
    lambda head, segments: ":".join([head, *segments]),
    st.sampled_from(HEADS) | TEXTS,
    st.lists(SEGMENTS | TEXTS, max_size=4),
)
ENTITIES = {"client": "client", "site": "site", "catalog": "catalog", "gift": "product", "order": "order"}
SECRETS = ("session", "magic-link", "password_reset", "invites", "sftp_config", "erp_connection", "webhook")


def entity_of(key: str) -> str | None:
    """Return the entity of a key according to the migration plan. This function shares no code with the schema."""
    head, *segments = key.split(":")
    entity = ENTITIES.get(head.removesuffix("s"))
    is_plural = head.endswith("s")
    match segments:
        case ["all"] if is_plural:
            return None
        case [_]:
            return entity
        case ["slug", _] | [_, "catalog_config"] if head == "sites" and segments[0]:
            return None
        case [first, _] if first and entity != "catalog":
            return entity
    return None


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(KEYS, min_size=1, max_size=50, unique=True))
def test_every_key_belongs_to_exactly_one_family(platform: Platform, keys: list[str]) -> None:
    rows = platform.database.execute(
        "select d.key, coalesce(f.meaning, 'unknown') as meaning from unnest(%s::text[]) d (key) left join lateral ("
        " select k.meaning from app.kv_key_families() k"
        " where (case when d.key like 'hris\\_%%' then 'hris' else split_part(d.key, ':', 1) end) = any (k.heads)"
        " and d.key ~ k.pattern limit 1) f on true",
        [keys],
    ).fetchall()
    meanings = {row["key"]: row["meaning"] for row in rows}
    assert len(rows) == len(keys)
    entities = {key: meaning if meaning in ENTITIES.values() else None for key, meaning in meanings.items()}
    assert entities == {key: entity_of(key) for key in keys}
    for key, meaning in meanings.items():
        if key.partition(":")[0] in SECRETS and ":" in key:
            assert meaning == "secret"


def test_admins_see_the_number_of_documents_of_each_family_but_no_keys(
    store: Store, platform: Platform, prefix: str
) -> None:
    body = [{"key": f"session:{prefix}{number}", "value": {"token": "planted"}} for number in range(3)]
    assert store("POST", body=body, headers=MERGE).status_code == 201
    response = platform.admin.get("/v1/admin/kv/families")
    assert response.status_code == 200
    by_family = {row["family"]: row for row in response.json()["data"]}
    assert by_family["session:<token>"]["meaning"] == "secret"
    assert by_family["session:<token>"]["documents"] >= 3
    assert prefix not in response.text and "planted" not in response.text


@pytest.mark.parametrize("role", ["owner", "support"])
def test_callers_who_are_not_admins_cannot_inspect_the_store(platform: Platform, role: str) -> None:
    subject = "support" if role == "support" else platform.member(platform.client()["id"])
    assert platform.api(subject).get("/v1/admin/kv/families").status_code == 403


def test_the_database_role_of_the_store_can_read_only_the_store(platform: Platform) -> None:
    tables = platform.database.execute(
        "select c.oid::regclass::text as name from pg_class c where c.relkind in ('r', 'p', 'v')"
        " and c.relnamespace = 'public'::regnamespace"
        " and not exists (select from pg_depend e where e.objid = c.oid and e.deptype = 'e')"
        " and has_table_privilege('app_kv', c.oid, 'select, insert, update, delete')"
    ).fetchall()
    assert [row["name"] for row in tables] == ["kv_store_6fcaeea3"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege), platform.database.transaction():
        platform.database.execute("set local role app_kv")
        platform.database.execute("select from products")
