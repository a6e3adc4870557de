"""Bodies that no one can carry out: each is refused with where and why, none with a 500."""

import json
from typing import Any

import pytest

from infra.openapi import document
from tests.functions.calls import Call, calls, ids_of
from tests.platform import Json, Platform, Tenant, ok, pointers, problem

PATCHES = [call for call in calls() if call.verb == "PATCH"]
WITH_BODY = [call for call in calls() if "requestBody" in call.operation]
JSON = {"content-type": "application/json"}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


PRODUCTS: list[tuple[str, Json, str]] = [
    ("an unknown key", {"colour": "red"}, "/colour"),
    ("a number for text", {"name": 7}, "/name"),
    ("text for a number", {"inventory_count": "5"}, "/inventory_count"),
    ("a yes for a boolean", {"is_active": "yes"}, "/is_active"),
    ("a boolean for a number", {"inventory_count": True}, "/inventory_count"),
    ("an object for a list", {"images": {}}, "/images"),
    ("a list for an object", {"attributes": []}, "/attributes"),
    ("null for what must be", {"name": None}, "/name"),
    ("no text at all", {"sku": "   "}, "/sku"),
    ("three decimals", {"price": "1.005"}, "/price"),
    ("three decimals as a number", {"price": 1.005}, "/price"),
    ("a negative price", {"price": "-0.01"}, "/price"),
    ("more than a price can be", {"price": "100000000.00"}, "/price"),
    ("a price that is no number", {"price": "NaN"}, "/price"),
    ("a price that is a word", {"price": "free"}, "/price"),
    ("a boolean price", {"price": True}, "/price"),
    ("a currency in lower case", {"currency": "usd"}, "/currency"),
    ("a currency of four letters", {"currency": "USDT"}, "/currency"),
    ("a count beyond 32 bits", {"inventory_count": 2_147_483_648}, "/inventory_count"),
    ("a count beyond 64 bits", {"inventory_count": 10**30}, "/inventory_count"),
    ("a negative count", {"inventory_count": -1}, "/inventory_count"),
    ("NUL", {"name": "a\0b"}, "/name"),
    ("NUL deep down", {"attributes": {"a": [{"b": "\0"}]}}, "/attributes/a/0/b"),
    ("NUL in a key", {"attributes": {"a\0b": 1}}, "/attributes"),
    ("a pointer that needs escapes", {"attributes": {"a/b~c": "\0"}}, "/attributes/a~1b~0c"),
    ("a name too long", {"name": "n" * 501}, "/name"),
    ("a SKU too long", {"sku": "s" * 201}, "/sku"),
    ("a description too long", {"description": "d" * 100_001}, "/description"),
    ("too many images", {"images": ["https://a.test/i.jpg"] * 51}, "/images"),
    ("an image that would run", {"images": ["https://a.test/i.jpg", "javascript:alert(1)"]}, "/images/1"),
    ("an object too large", {"attributes": {"a": "a" * 300_000}}, "/attributes"),
    ("an object too deep", {"attributes": deep(70)}, "/attributes" + "/a" * 63),
]


@pytest.fixture(scope="module")
def ids(platform: Platform, tenant: Tenant) -> dict[str, str]:
    return ids_of(platform, tenant)


@pytest.mark.parametrize(("wrong", "pointer"), [case[1:] for case in PRODUCTS], ids=[case[0] for case in PRODUCTS])
def test_what_is_wrong_with_a_product_is_pointed_at(
    tenant: Tenant, ids: dict[str, str], wrong: Json, pointer: str
) -> None:
    new = {"sku": "wrong", "name": "Wrong", "price": "1.00", **wrong}
    for answer in (
        tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new),
        tenant.owner.put(f"/v1/products/{ids['product_id']}", json=new),
        tenant.owner.patch(f"/v1/products/{ids['product_id']}", json=wrong),
    ):
        assert pointers(problem(answer, 422, "invalid")) == [pointer]


def test_every_field_that_is_wrong_is_named(tenant: Tenant) -> None:
    answer = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json={"name": 1, "price": "x", "z": 0})
    assert pointers(problem(answer, 422, "invalid")) == ["/sku", "/name", "/price", "/z"]


def test_half_of_a_surrogate_pair_is_refused(tenant: Tenant, ids: dict[str, str]) -> None:
    for content in (rb'{"name": "\ud800"}', rb'{"name": "a\udfffb"}'):
        answer = tenant.owner.patch(f"/v1/products/{ids['product_id']}", content=content, headers=JSON)
        assert pointers(problem(answer, 422, "invalid")) == ["/name"]
    whole = tenant.owner.patch(f"/v1/products/{ids['product_id']}", content=rb'{"name": "\ud83c\udf81"}', headers=JSON)
    assert ok(whole)["name"] == "\N{WRAPPED PRESENT}"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_json_does_not_have_are_refused(tenant: Tenant, ids: dict[str, str], number: str) -> None:
    for key, body in (("price", f'{{"price": {number}}}'), ("attributes/a", f'{{"attributes": {{"a": {number}}}}}')):
        answer = tenant.owner.patch(f"/v1/products/{ids['product_id']}", content=body, headers=JSON)
        assert pointers(problem(answer, 422, "invalid")) == [f"/{key}"]


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
@pytest.mark.parametrize(
    "content",
    [b"{", b"nonsense", b'{"a": 1,}', b"\xff\xfe\x00", b"[" * 50_000, b'{"a": ' + b"9" * 5000 + b"}"],
    ids=["cut off", "a word", "a comma too many", "not UTF-8", "too deep to parse", "too long a number"],
)
def test_what_is_not_json_is_malformed(platform: Platform, call: Call, ids: dict[str, str], content: bytes) -> None:
    problem(call.send(platform.admin, ids, json=None, content=content, headers=JSON), 400, "malformed_body")


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"])
def test_a_body_must_be_declared_as_json(platform: Platform, call: Call, ids: dict[str, str], kind: str) -> None:
    headers = {"content-type": kind}
    answer = call.send(platform.admin, ids, json=None, content=b'{"name": "x"}', headers=headers)
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
def test_a_body_that_is_no_object_is_refused(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    for content in (b"[]", b'"x"', b"7", b"true"):
        answer = call.send(platform.admin, ids, json=None, content=content, headers=JSON)
        assert pointers(problem(answer, 422, "invalid")) == [""]


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
def test_an_empty_body_is_missing_where_one_is_wanted(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    answer = call.send(platform.admin, ids, json=None, content=b"", headers=JSON)
    if call.operation["requestBody"].get("required"):
        assert pointers(problem(answer, 422, "invalid")) == [""]
    else:
        ok(answer)


def test_a_body_beyond_the_gateways_limit_is_refused(tenant: Tenant) -> None:
    answer = tenant.owner.post("/v1/sites", content=b" " * (10 * 1024 * 1024 + 1), headers=JSON)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_values_too_long_for_an_index_are_no_fault_of_ours(tenant: Tenant) -> None:
    # 3,200 bytes that do not compress: PostgreSQL indexes at most 2,704.
    rare = "".join(chr(0x20000 + (number * 7919) % 40_000) for number in range(500))
    new = {"sku": "rare", "name": rare, "category": rare[:300], "price": "1.00"}
    problem(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new), 422, "invalid")


@pytest.mark.parametrize("call", PATCHES, ids=lambda call: call.name)
def test_null_clears_what_may_be_cleared_and_nothing_else(platform: Platform, call: Call) -> None:
    owner = platform.tenant()
    ids = ids_of(platform, owner)
    for name, schema in fields(call).items():
        answer = call.send(platform.admin, ids, json={name: None})
        if {"type": "null"} in schema.get("anyOf", []):
            assert ok(answer)[name] is None
        else:
            assert pointers(problem(answer, 422, "invalid")) == [f"/{name}"]


@pytest.mark.parametrize("call", PATCHES, ids=lambda call: call.name)
def test_an_empty_patch_changes_nothing(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    before = ok(platform.admin.get(call.path.format(**ids)))
    after = ok(call.send(platform.admin, ids, json={}))
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


@pytest.mark.parametrize("call", PATCHES, ids=lambda call: call.name)
def test_a_patch_may_call_itself_a_merge_patch(platform: Platform, call: Call, ids: dict[str, str]) -> None:
    headers = {"content-type": "application/merge-patch+json"}
    ok(call.send(platform.admin, ids, json=None, content=json.dumps({call.label: "A new name"}), headers=headers))


def fields(call: Call) -> Json:
    """The properties of an operation's body, by the document."""
    reference = call.operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    properties: Json = document()["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    return properties
