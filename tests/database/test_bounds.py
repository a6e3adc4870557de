"""Tests that every stored text and JSON value has a maximum size, and that functions for large values take linear
time.
"""

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors, sql

from tests.database.conftest import Database
from tests.database.world import A_SITE
from wecelebrate import products
from wecelebrate.core.database import ENTER
from wecelebrate.core.database.errors import to_problem
from wecelebrate.core.models import MAX_OBJECT_BYTES, json_bytes
from wecelebrate.core.pages import MAX_RESPONSE_BYTES
from wecelebrate.ingestion.merge import bounds
from wecelebrate.jobs import dead_letters, lease

STAGED = "Only loads write it; wecelebrate.ingestion.merge.bounds rejects larger rows, and products has its own bounds."
TRIGGER = "Triggers copy the text from a column of another table, and this column has a bound."
MIGRATE = "Only `migrate` writes this table: the names and checksums of its own files."
ONLY_PLATFORM = {
    "app.staged_products": STAGED,
    "app.staged_rejections": STAGED,
    "public.order_deltas": TRIGGER,
    "public.order_daily_totals": TRIGGER,
    "public.order_slot_totals": TRIGGER,
    "public.order_local_totals": TRIGGER,
    "public.schema_functions": MIGRATE,
    "public.schema_migrations": MIGRATE,
    "public.cache_invalidations": "Triggers write this table: the tags of the rows that one statement has changed.",
}
"""Maps each table whose texts callers cannot write to the reason."""
BOUND = re.compile(
    r"json_fits\(|"
    r"length\(\(?\w+\)?(::text)?\) <= \d+|"
    r" = ANY \(|= '\w+'::text\)|"  # one of a list of values
    r"'\^\[[^]]+\]\{\d+\}\$'|"  # a pattern with a fixed length
    r"\(name = '"  # one of several pairs
)
"""Matches the definition of a check that limits the size of a column."""

Json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["a", "b", "ä", '"', ""]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction of the superuser that is rolled back."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def test_every_text_or_json_column_has_a_size_limit_or_a_listed_reason(
    superuser: psycopg.Connection,
) -> None:
    columns = superuser.execute("""
        select n.nspname || '.' || r.relname, a.attname,
          array(select pg_get_constraintdef(k.oid) from pg_constraint k
                where k.conrelid = r.oid and k.contype = 'c' and a.attnum = any (k.conkey)),
          exists (select from pg_constraint k
                  where k.conrelid = r.oid and k.contype = 'f' and a.attnum = any (k.conkey))
        from pg_attribute a join pg_class r on r.oid = a.attrelid join pg_namespace n on n.oid = r.relnamespace
        where r.relkind in ('r', 'p') and not r.relispartition and n.nspname in ('public', 'app', 'kv') and a.attnum > 0
          and not a.attisdropped and a.attgenerated = ''
          and a.atttypid = any ('{text,varchar,text[],json,jsonb,bpchar,xml}'::regtype[])
    """).fetchall()
    unbounded = {
        (table, column)
        for table, column, checks, is_key in columns
        if not is_key and not any(BOUND.search(check) for check in checks)
    }
    assert {(table, column) for table, column in unbounded if table not in ONLY_PLATFORM} == set()
    assert len(columns) > 120
    assert {table for table, _ in unbounded} == set(ONLY_PLATFORM), "a listed table has no unbounded column"


def test_the_limits_in_the_database_equal_the_limits_in_the_code(superuser: psycopg.Connection) -> None:
    limits = {
        name: int(limit)
        for name, limit in superuser.execute("""
            select conname, substring(pg_get_constraintdef(oid) from 'json_fits\\([a-z_]+, (\\d+)\\)')
            from pg_constraint where contype = 'c' and pg_get_constraintdef(oid) like '%json_fits%'
        """).fetchall()
    }
    objects = {name: limit for name, limit in limits.items() if name.endswith("_size")}
    assert set(objects) == {
        "clients_settings_size", "sites_settings_size", "sites_branding_size", "catalogs_source_config_size",
        "catalogs_pricing_rules_size", "products_attributes_size",
    }  # fmt: skip
    assert set(objects.values()) == {MAX_OBJECT_BYTES}
    assert limits["products_images_length"] == bounds.MAX_IMAGES_BYTES
    assert limits["products_source_data_length"] == bounds.MAX_SOURCE_BYTES
    assert limits["product_sources_data_length"] == bounds.MAX_SOURCE_BYTES
    assert limits["jobs_result_length"] == lease.MAX_RESULT_BYTES
    assert limits["jobs_first_errors_length"] == lease.MAX_FIRST_ERRORS_BYTES
    assert limits["dead_letters_body_length"] == dead_letters.MAX_BODY_BYTES


def test_the_size_limit_of_a_key_value_document_applies_to_its_text(
    superuser: psycopg.Connection,
) -> None:
    """PostgreSQL stores the number 1e131000 in 8 bytes, but its text has 131,001 bytes."""
    insert = "insert into kv_store_6fcaeea3 values (%s, %s::jsonb)"
    with superuser.transaction(force_rollback=True):
        superuser.execute(insert, ["other:small", f"[{', '.join(['1e131000'] * 40)}]"])
        with pytest.raises(psycopg.errors.CheckViolation, match="text_length"), superuser.transaction():
            superuser.execute(insert, ["other:large", f"[{', '.join(['1e131000'] * 60)}]"])


def test_the_largest_row_of_each_table_fits_in_a_response(superuser: psycopg.Connection) -> None:
    """In a response, a byte of JSON or UTF-8 becomes at most 3 bytes, and a character becomes at most 12 bytes."""
    # The source data in a response has at most products.MAX_SHOWN_SOURCE_BYTES. The facade of the key-value store
    # refuses a response that is too large (wecelebrate.kv.facade). A response never contains a remainder or an earlier
    # value.
    not_listed = (
        "'jobs_checkpoint_length', 'products_source_data_length', 'product_sources_data_length',"
        " 'kv_store_6fcaeea3_value_length', 'remainders_value_length', 'history_value_length',"
        " 'archive_secrets_value_length'"
    )
    assert 3 * products.MAX_SHOWN_SOURCE_BYTES < MAX_RESPONSE_BYTES - 50_000
    tables = superuser.execute(f"""
        select conrelid::regclass::text,
          sum(3 * coalesce(substring(definition from 'json_fits\\([a-z_]+, (\\d+)')::integer, 0)
            + 3 * coalesce(substring(definition from 'octet_length\\(media\\) <= (\\d+)')::integer, 0)
            + 12 * coalesce(substring(definition from '[( ]length\\([a-z_]+\\) <= (\\d+)')::integer, 0))
        from pg_constraint cross join pg_get_constraintdef(oid) definition
        where contype = 'c' and conparentid = 0 and conname not in ({not_listed}) group by 1
    """).fetchall()
    sizes = {table: int(size) for table, size in tables}
    assert sizes["products"] > 5_000_000
    assert {table: size for table, size in sizes.items() if size > MAX_RESPONSE_BYTES - 50_000} == {}


@pytest.mark.parametrize("repeated", ["x", "ä", "\x01", '"'])
def test_the_size_of_a_value_is_the_size_of_its_uncompressed_text(superuser: psycopg.Connection, repeated: str) -> None:
    """The stored value is compressed to a few kB."""
    bytes_per_letter = json_bytes(repeated * 2) - json_bytes(repeated)
    fits = {"k": repeated * ((MAX_OBJECT_BYTES - 9) // bytes_per_letter)}
    for value, allowed in ((fits, True), ({**fits, "b": "12345678"}, False)):
        try:
            with superuser.transaction():
                superuser.execute("update sites set settings = %s where id = %s", [json.dumps(value), A_SITE])
                # The new value of `branding` is the compressed stored value of `settings`.
                superuser.execute("update sites set branding = settings where id = %s", [A_SITE])
        except errors.CheckViolation as error:
            assert not allowed
            [field] = to_problem(error).errors
            assert field.pointer == "/settings"
            assert f"{MAX_OBJECT_BYTES:,} bytes" in field.detail
        else:
            assert allowed


def test_the_problem_for_a_too_long_text_contains_the_field_name(superuser: psycopg.Connection) -> None:
    with pytest.raises(errors.CheckViolation) as error, superuser.transaction():
        superuser.execute("update sites set name = repeat('x', 501) where id = %s", [A_SITE])
    assert [(field.pointer, field.detail) for field in to_problem(error.value).errors] == [
        ("/name", "is too long; shorten it")
    ]


@relaxed
@given(value=Json)
def test_the_api_and_the_database_compute_the_same_size_of_json(superuser: psycopg.Connection, value: Any) -> None:
    row = superuser.execute("select octet_length(%s::jsonb::text)", [json.dumps(value)]).fetchone()
    assert row
    minus_zeros = len(re.findall(r"-0\.0\b", json.dumps(value)))  # PostgreSQL has no negative zero
    assert row[0] <= json_bytes(value) <= row[0] + minus_zeros


def merge(target: Any, patch: Any) -> Any:
    """Merge the values with the pseudocode of RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


@relaxed
@given(target=Json, patch=Json)
def test_merge_patch_returns_what_rfc_7396_defines(superuser: psycopg.Connection, target: Any, patch: Any) -> None:
    row = superuser.execute(
        "select app.merge_patch(%s::jsonb, %s::jsonb) = %s::jsonb",
        [json.dumps(target), json.dumps(patch), json.dumps(merge(target, patch))],
    ).fetchone()
    assert row == (True,)


@pytest.mark.parametrize(
    ("keys", "value"),
    [(60_000, "1"), (60_000, "null"), (60_000, '{"x": 1}'), (15_000, '{"x": null}'), (15_000, '{"x": {"y": 1}}')],
)
def test_merge_patch_takes_linear_time_in_the_number_of_keys(
    superuser: psycopg.Connection, keys: int, value: str
) -> None:
    """An algorithm with quadratic time needs more than 20 s for 15,000 keys, and minutes for 60,000 keys."""
    superuser.execute("set local statement_timeout = '10s'")
    row = superuser.execute(
        """
        with patch as materialized (
          select jsonb_object_agg('k' || n, %s::jsonb) as patch, jsonb_object_agg('k' || n, n) as target
          from generate_series(1, %s) n)
        select count(*)
        from patch, jsonb_object_keys(app.merge_patch(app.merge_patch(app.merge_patch('{}', patch), target), patch))
        """,
        [value, keys],
    ).fetchone()
    assert row == (0 if value == "null" else keys,)


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = {"k": value}
    return value


@pytest.mark.parametrize(
    "patch",
    [
        nested({f"key {n}": n for n in range(9_000)}, 55),
        nested({f"key {n}": None for n in range(9_000)}, 55),
        {f"chain {n}": nested(n, 60) for n in range(160)},
        {f"chain {n}": nested(None, 60) for n in range(160)},
    ],
    ids=["many keys at the bottom", "many nulls at the bottom", "many chains", "many chains that end with null"],
)
def test_merge_patch_does_not_read_the_whole_patch_on_each_level(superuser: psycopg.Connection, patch: Any) -> None:
    """An algorithm that reads the rest of the patch on each level needs more than 10 s for ten merges."""
    superuser.execute("set local statement_timeout = '10s'")
    merged: Any = {}
    for _ in range(10):
        merged = merge(merged, patch)
    row = superuser.execute(
        """
        with recursive patch as materialized (select %s::jsonb as patch), steps (n, merged) as (
          select 0, '{}'::jsonb union all
          select n + 1, app.merge_patch(merged, patch) from steps, patch where n < 10)
        select merged from steps where n = 10
        """,
        [json.dumps(patch)],
    ).fetchone()
    assert row == (merged,)


def read_page(superuser: psycopg.Connection, query: str, max_bytes: int) -> list[tuple[Any, ...]]:
    return superuser.execute(
        "select * from app.page_rows(%s, %s) as (item text, after_id integer)", [query, max_bytes]
    ).fetchall()


def test_app_page_rows_computes_no_rows_after_the_first_row_that_does_not_fit(
    superuser: psycopg.Connection,
) -> None:
    # Row 13 would raise an error.
    query = "select repeat('x', 100 + 0 / (13 - n)) as item, n from generate_series(1, 1000) n"
    page = read_page(superuser, query, 1_100)
    assert [(item and len(item), n) for item, n in page] == [*((100, n) for n in range(1, 12)), (None, 12)]


def test_app_page_rows_returns_the_first_row_even_if_it_does_not_fit(superuser: psycopg.Connection) -> None:
    assert read_page(superuser, "select 'xyz' as item, 1 as n", 2) == [("xyz", 1)]
    assert read_page(superuser, "select 'xyz' as item, n from generate_series(1, 3) n", 2) == [("xyz", 1), (None, 2)]
    assert read_page(superuser, "select '' as item, 1 as n where false", 2) == []


def test_a_query_that_app_page_rows_runs_cannot_write(superuser: psycopg.Connection) -> None:
    with pytest.raises(errors.FeatureNotSupported, match="not allowed in a non-volatile function"):
        read_page(superuser, "delete from sites returning 'x', 1", 2)


@pytest.mark.parametrize(
    ("login", "left", "timeout"),
    [
        ("wc_api", 1234, "1234ms"),
        ("wc_api", 0, "1ms"),
        ("wc_api", -5, "1ms"),
        ("wc_api", 100_000, "25s"),
        ("wc_api", None, "25s"),
        ("wc_worker", 1234, "1234ms"),
        ("wc_worker", 800_000, "1min"),
    ],
)
def test_the_statement_timeout_is_at_most_the_remaining_time_of_the_function(
    database: Database, login: str, left: int | None, timeout: str
) -> None:
    with database.connect(login) as connection:
        connection.execute(ENTER, ["super", None, None, None, [], None, left, None, None])
        # With a timeout of 1 ms, the server sometimes cancels this query.
        with suppress(errors.QueryCanceled) if timeout == "1ms" else nullcontext():
            assert connection.execute("select current_setting('statement_timeout')").fetchone() == (timeout,)


def test_statements_of_one_transaction_share_the_remaining_time(database: Database) -> None:
    with database.connect("wc_api") as connection:
        if connection.info.server_version < 170_000:
            pytest.skip("PostgreSQL has transaction_timeout since version 17")
        connection.execute(ENTER, ["super", None, None, None, [], None, 300, None, None])
        with pytest.raises(errors.TransactionTimeout):
            for _ in range(40):
                connection.execute(sql.SQL("select pg_sleep(0.1)"))
