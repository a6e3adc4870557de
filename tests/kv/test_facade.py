"""Tests that the facade of the key-value store responds to the old applications in the same way as PostgREST did."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kv.conftest import MERGE, Store
from tests.platform import Platform


def write(store: Store, **documents: Any) -> None:
    body = [{"key": key, "value": value} for key, value in documents.items()]
    assert store("POST", body=body, headers=MERGE).status_code == 201


def test_an_upsert_of_one_document_responds_with_201_and_an_empty_body(store: Store, prefix: str) -> None:
    response = store("POST", body={"key": f"{prefix}a", "value": {"name": "Mug"}}, headers=MERGE)
    assert (response.status_code, response.text) == (201, "")
    assert store("GET", {"select": "value", "key": f"eq.{prefix}a"}).json() == [{"value": {"name": "Mug"}}]


def test_an_upsert_replaces_the_whole_document(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}a": {"name": "Mug", "price": 1}})
    write(store, **{f"{prefix}a": {"name": "Cup"}})
    assert store("GET", {"select": "value", "key": f"eq.{prefix}a"}).json() == [{"value": {"name": "Cup"}}]


def test_an_upsert_of_several_documents_accepts_the_query_parameter_columns(store: Store, prefix: str) -> None:
    body = [{"key": f"{prefix}a", "value": 1}, {"key": f"{prefix}b", "value": "two"}]
    assert store("POST", {"columns": '"key","value"'}, body=body, headers=MERGE).status_code == 201
    assert store("GET", {"select": "key,value", "key": f"like.{prefix}%"}).json() == body


def test_an_upsert_without_documents_succeeds(store: Store) -> None:
    assert store("POST", {"columns": '"key","value"'}, body=[], headers=MERGE).status_code == 201


def test_an_upsert_that_contains_a_key_twice_is_refused_and_writes_nothing(store: Store, prefix: str) -> None:
    body = [{"key": f"{prefix}a", "value": 1}, {"key": f"{prefix}a", "value": 2}]
    response = store("POST", body=body, headers=MERGE)
    assert (response.status_code, response.json()["code"]) == (500, "21000")
    assert response.json()["message"] == "ON CONFLICT DO UPDATE command cannot affect row a second time"
    assert store("GET", {"key": f"eq.{prefix}a"}).json() == []


@pytest.mark.parametrize("body", ['{{"key": "{0}"}}', '{{"key": "{0}", "value": null}}', '{{"value": {{}}}}'])
def test_a_document_without_a_key_or_a_value_is_refused(store: Store, prefix: str, body: str) -> None:
    response = store("POST", body=body.format(prefix), headers=MERGE)
    assert (response.status_code, response.json()["code"]) == (400, "23502")
    assert sorted(response.json()) == ["code", "details", "hint", "message"]


def test_numbers_and_texts_of_a_document_keep_their_exact_value(store: Store, prefix: str) -> None:
    value = '{"a": 12345678901234567890.123456789, "b": 1e400, "c": "\\u00e4\\ud83d\\ude00", "d": 0.10}'
    assert store("POST", body=f'{{"key": "{prefix}a", "value": {value}}}', headers=MERGE).status_code == 201
    text = store("GET", {"select": "value", "key": f"eq.{prefix}a"}).text
    assert "12345678901234567890.123456789" in text and f"1{'0' * 400}" in text and '"d": 0.10' in text
    assert "ä😀" in text


def test_an_insert_of_an_existing_key_is_a_conflict(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}a": 1})
    response = store("POST", body={"key": f"{prefix}a", "value": 2})
    assert (response.status_code, response.json()["code"]) == (409, "23505")


def test_a_read_of_a_document_that_does_not_exist_returns_an_empty_list(store: Store, prefix: str) -> None:
    response = store("GET", {"select": "value", "key": f"eq.{prefix}none"})
    assert (response.status_code, response.text) == (200, "[]")
    assert response.headers["content-range"] == "*/*"
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_a_read_of_several_keys_omits_keys_without_a_document(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}a": 1, f"{prefix}c,d": 2, f'{prefix}"q"': 3, f"{prefix}(x)": 4})
    wanted = f'in.({prefix}a,"{prefix}c,d",{prefix}none,"{prefix}\\"q\\"","{prefix}(x)")'
    keys = {row["key"] for row in store("GET", {"select": "key", "key": wanted}).json()}
    assert keys == {f"{prefix}a", f"{prefix}c,d", f'{prefix}"q"', f"{prefix}(x)"}
    assert store("GET", {"select": "value", "key": "in.()"}).json() == []


def test_a_prefix_filter_supports_the_wildcards_of_the_sql_operator_like(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}site_a:1": 1, f"{prefix}siteXa:1": 2, f"{prefix}other": 3})
    keys = [row["key"] for row in store("GET", {"select": "key", "key": f"like.{prefix}site_a:*"}).json()]
    assert keys == [f"{prefix}siteXa:1", f"{prefix}site_a:1"]


def test_a_response_contains_at_most_1000_rows(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}{number:04}": number for number in range(1003)})
    rows = store("GET", {"select": "value", "key": f"like.{prefix}%", "limit": "5000"})
    assert len(rows.json()) == 1000 and rows.headers["content-range"] == "0-999/*"
    rest = store("GET", {"select": "value", "key": f"like.{prefix}%", "offset": "1000", "order": "key.asc"}).json()
    assert [row["value"] for row in rest] == [1000, 1001, 1002]
    head = store("HEAD", {"select": "*", "key": f"like.{prefix}%"}, headers={"Prefer": "count=exact"})
    assert (head.status_code, head.text, head.headers["content-range"]) == (200, "", "0-999/1003")
    none = store("HEAD", {"select": "*", "key": f"like.{prefix}none%"}, headers={"Prefer": "count=exact"})
    assert none.headers["content-range"] == "*/0"
    page = store("GET", {"select": "value", "key": f"like.{prefix}%"}, headers={"Range": "10-11"})
    assert [row["value"] for row in page.json()] == [10, 11]
    last = store("GET", {"select": "value", "key": f"like.{prefix}%", "order": "key.desc", "limit": "1"})
    assert last.json() == [{"value": 1002}]


def test_a_request_for_a_single_object_requires_a_filter_for_one_document(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}a": 1, f"{prefix}b": 2})
    accept = {"Accept": "application/vnd.pgrst.object+json"}
    assert store("GET", {"select": "value", "key": f"eq.{prefix}a"}, headers=accept).json() == {"value": 1}
    for condition, rows in ((f"eq.{prefix}none", 0), (f"like.{prefix}%", 2)):
        response = store("GET", {"select": "value", "key": condition}, headers=accept)
        assert (response.status_code, response.json()["code"]) == (406, "PGRST116")
        assert response.json()["details"] == f"The result contains {rows} rows"


def test_documents_can_be_deleted_by_key_or_list_of_keys_or_key_prefix(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}{name}": 1 for name in ("a", "b", "c", "demo:1", "demo:2")})
    assert store("DELETE", {"key": f"eq.{prefix}a"}).status_code == 204
    assert store("DELETE", {"key": f"in.({prefix}b,{prefix}none)"}).status_code == 204
    assert store("DELETE", {"key": f"like.{prefix}demo:%"}).status_code == 204
    assert store("GET", {"select": "key", "key": f"like.{prefix}%"}).json() == [{"key": f"{prefix}c"}]


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_a_deletion_or_change_without_a_filter_is_refused(store: Store, prefix: str, method: str) -> None:
    write(store, **{f"{prefix}a": 1})
    response = store(method, body={"value": 2} if method == "PATCH" else None)
    assert (response.status_code, response.json()["code"]) == (400, "21000")
    assert "requires a WHERE clause" in response.json()["message"]
    assert store("GET", {"select": "value", "key": f"eq.{prefix}a"}).json() == [{"value": 1}]


def test_a_patch_request_replaces_the_whole_value_of_a_document(store: Store, prefix: str) -> None:
    write(store, **{f"{prefix}a": {"x": 1}})
    assert store("PATCH", {"key": f"eq.{prefix}a"}, body={"value": ["new"]}).status_code == 204
    assert store("GET", {"select": "value", "key": f"eq.{prefix}a"}).json() == [{"value": ["new"]}]
    assert store("PATCH", {"key": f"eq.{prefix}a"}, body={"value": None}).json()["code"] == "23502"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "PGRST102"),
        ("{", "PGRST102"),
        ("7", "PGRST102"),
        ('[{"key": "a", "value": 1}, 2]', "PGRST102"),
        ('{"key": "a", "value": NaN}', "PGRST102"),
        ('[{"key": "a", "value": 1}, {"key": "b"}]', "PGRST102"),
        ('{"key": "a", "value": 1, "expires": 2}', "PGRST204"),
        ('{"key": "a", "value": "\\u0000"}', "22P05"),
        ('{"key": "' + "k" * 1025 + '", "value": 1}', "23514"),
        ("[" * 100_000, "PGRST102"),
    ],
)
def test_a_malformed_request_body_is_refused_with_the_error_code_of_postgrest(
    store: Store, body: str, code: str
) -> None:
    response = store("POST", body=body, headers=MERGE)
    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"select": "password"}, "42703"),
        ({"select": "value", "key": "gt.a"}, "PGRST100"),
        ({"select": "value", "key": "not.eq.a"}, "PGRST100"),
        ({"select": "value", "value": "eq.1"}, "PGRST100"),
        ({"select": "value", "limit": "-1"}, "PGRST100"),
        ({"order": "value.asc"}, "PGRST100"),
        ({"or": "(key.eq.a,key.eq.b)"}, "PGRST100"),
    ],
)
def test_an_unsupported_query_parameter_is_refused(store: Store, parameters: dict[str, str], code: str) -> None:
    response = store("GET", parameters)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["hint"] or code == "42703" or "limit" in parameters


def test_the_error_for_a_response_that_is_too_large_states_the_limit(store: Store, prefix: str) -> None:
    for number in range(3):
        write(store, **{f"{prefix}{number}": "x" * 2_000_000})
    everything = {"select": "value", "key": f"like.{prefix}%"}
    assert len(store("GET", everything).json()) == 3, "compressed, the response is small"
    response = store("GET", everything, headers={"Accept-Encoding": "identity"})
    assert (response.status_code, response.json()["code"]) == (413, "PGRST413")
    assert "5,900,000" in response.json()["message"]
    two = store("GET", everything | {"limit": "2"}, headers={"Accept-Encoding": "identity"})
    assert [len(row["value"]) for row in two.json()] == [2_000_000] * 2


@pytest.mark.parametrize(
    "headers",
    [{"apikey": ""}, {"apikey": "wrong"}, {"apikey": "", "Authorization": "Bearer wrong"}, {"apikey": "é" * 10}],
)
def test_a_request_without_a_valid_api_key_is_refused(store: Store, headers: dict[str, str]) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    response = store("GET", {"select": "value"}, headers=encoded)
    assert response.status_code == 401
    assert "API key" in response.json()["message"]


def test_the_api_key_is_accepted_as_a_bearer_token(store: Store, api_key: str, prefix: str) -> None:
    headers = {"apikey": "", "Authorization": f"Bearer {api_key}"}
    assert store("GET", {"key": f"eq.{prefix}a"}, headers=headers).json() == []


def test_an_access_token_of_the_platform_does_not_allow_access_to_the_store(store: Store, platform: Platform) -> None:
    token = platform.issuer.token("admin", "admin@wecelebrate.test")
    assert store("GET", headers={"apikey": token, "Authorization": f"Bearer {token}"}).status_code == 401


def test_concurrent_upserts_of_the_same_documents_in_different_orders_succeed(store: Store, prefix: str) -> None:
    keys = [f"{prefix}{number}" for number in range(20)]

    def upsert(number: int) -> int:
        body = [{"key": key, "value": number} for key in (keys if number % 2 else reversed(keys))]
        return store("POST", body=body, headers=MERGE).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(upsert, range(48))) == {201}
    values = {row["value"] for row in store("GET", {"select": "value", "key": f"like.{prefix}%"}).json()}
    assert len(values) == 1


def test_the_log_contains_no_keys_and_no_values_of_documents(store: Store, platform: Platform, prefix: str) -> None:
    store("POST", body={"key": f"{prefix}a", "value": None}, headers=MERGE)
    store("POST", body=f'{{"key": "{prefix}a", "value": "\\u0000planted"}}', headers=MERGE)
    logs = b"".join(file.read_bytes() for file in platform.state.rglob("*.log"))
    assert prefix.encode() not in logs and b"planted" not in logs


def test_an_unsupported_method_gets_405_from_the_gateway(store: Store) -> None:
    response = store("PUT", body={})
    assert (response.status_code, json.loads(response.text)["code"]) == (405, "method_not_allowed")
