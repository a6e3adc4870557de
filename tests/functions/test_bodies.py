"""An invalid request body is refused with a pointer to the invalid field. Request bodies never cause status 500."""

import json
from typing import Any

import pytest

from infra.openapi import document
from tests.faults.environment import pairs
from tests.functions.operations import Operation, all_operations, operation_id
from tests.functions.resources import create_resources
from tests.platform import Json, Platform, Tenant, ok, pointers, problem
from wecelebrate.core.http.bodies import MAX_BYTES, STOREFRONT, STOREFRONT_MAX_BYTES

PATCHES = [operation for operation in all_operations() if operation.method == "PATCH"]
WITH_BODY = [operation for operation in all_operations() if "requestBody" in operation.definition]
JSON = {"content-type": "application/json"}
MALFORMED = {
    "truncated": b"{",
    "a word": b"nonsense",
    "a trailing comma": b'{"a": 1,}',
    "not UTF-8": b"\xff\xfe\x00",
    "too deeply nested": b"[" * 50_000,
    "a number that is too long": b'{"a": ' + b"9" * 5000 + b"}",
}
"""Bodies that are not JSON. If FULL is set, each operation gets all these bodies. Otherwise, each operation gets
one."""
OTHER_TYPES = ("text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense")
"""Content types that are not JSON. If FULL is set, each operation gets all these types. Otherwise, each operation gets
one."""


@pytest.fixture(autouse=True)
def cached_session(platform: Platform) -> None:
    """Store the session of the admin in the cache. Without a cached session, a failed request counts several times
    against the limit of its IP address. The requests of this module would then exceed the limit.
    """
    ok(platform.admin.get("/v1/me"))


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


INVALID_PRODUCTS: list[tuple[str, Json, str]] = [
    ("an unknown key", {"colour": "red"}, "/colour"),
    ("a number for text", {"name": 7}, "/name"),
    ("text for a number", {"inventory_count": "5"}, "/inventory_count"),
    ("text for a boolean", {"is_active": "yes"}, "/is_active"),
    ("a boolean for a number", {"inventory_count": True}, "/inventory_count"),
    ("an object for a list", {"images": {}}, "/images"),
    ("a list for an object", {"attributes": []}, "/attributes"),
    ("null for a required field", {"name": None}, "/name"),
    ("only white space", {"sku": "   "}, "/sku"),
    ("three decimals", {"price": "1.005"}, "/price"),
    ("three decimals as a number", {"price": 1.005}, "/price"),
    ("a negative price", {"price": "-0.01"}, "/price"),
    ("a price above the maximum", {"price": "1000000000000"}, "/price"),
    ("NaN as a price", {"price": "NaN"}, "/price"),
    ("a word as a price", {"price": "free"}, "/price"),
    ("a boolean price", {"price": True}, "/price"),
    ("a currency in lower case", {"currency": "usd"}, "/currency"),
    ("a currency of four letters", {"currency": "USDT"}, "/currency"),
    ("a count beyond 32 bits", {"inventory_count": 2_147_483_648}, "/inventory_count"),
    ("a count beyond 64 bits", {"inventory_count": 10**30}, "/inventory_count"),
    ("a negative count", {"inventory_count": -1}, "/inventory_count"),
    ("NUL", {"name": "a\0b"}, "/name"),
    ("a nested NUL", {"attributes": {"a": [{"b": "\0"}]}}, "/attributes/a/0/b"),
    ("NUL in a key", {"attributes": {"a\0b": 1}}, "/attributes"),
    ("a key that the pointer must escape", {"attributes": {"a/b~c": "\0"}}, "/attributes/a~1b~0c"),
    ("a name that is too long", {"name": "n" * 501}, "/name"),
    ("a SKU that is too long", {"sku": "s" * 201}, "/sku"),
    ("a description that is too long", {"description": "d" * 100_001}, "/description"),
    ("too many images", {"images": ["https://a.test/i.jpg"] * 51}, "/images"),
    ("a javascript URL as an image", {"images": ["https://a.test/i.jpg", "javascript:alert(1)"]}, "/images/1"),
    ("an object that is too large", {"attributes": {"a": "a" * 600_000}}, "/attributes"),
    ("an object that is nested too deeply", {"attributes": nested(70)}, "/attributes" + "/a" * 63),
]


@pytest.mark.parametrize(
    ("change", "pointer"), [case[1:] for case in INVALID_PRODUCTS], ids=[case[0] for case in INVALID_PRODUCTS]
)
def test_an_invalid_product_is_refused_with_a_pointer_to_the_invalid_field(
    tenant: Tenant, ids: dict[str, str], change: Json, pointer: str
) -> None:
    new = {"sku": "wrong", "name": "Wrong", "price": "1.00", **change}
    for response in (
        tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new),
        tenant.owner.put(f"/v1/products/{ids['product_id']}", json=new),
        tenant.owner.patch(f"/v1/products/{ids['product_id']}", json=change),
    ):
        assert pointers(problem(response, 422, "invalid")) == [pointer]


def test_the_response_points_to_every_invalid_field(tenant: Tenant) -> None:
    response = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json={"name": 1, "price": "x", "z": 0})
    assert pointers(problem(response, 422, "invalid")) == ["/sku", "/name", "/price", "/z"]


def test_a_name_with_an_unpaired_surrogate_is_refused(tenant: Tenant, ids: dict[str, str]) -> None:
    for content in (rb'{"name": "\ud800"}', rb'{"name": "a\udfffb"}'):
        response = tenant.owner.patch(f"/v1/products/{ids['product_id']}", content=content, headers=JSON)
        assert pointers(problem(response, 422, "invalid")) == ["/name"]
    response = tenant.owner.patch(
        f"/v1/products/{ids['product_id']}", content=rb'{"name": "\ud83c\udf81"}', headers=JSON
    )
    assert ok(response)["name"] == "\N{WRAPPED PRESENT}"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_json_does_not_allow_are_refused(tenant: Tenant, ids: dict[str, str], number: str) -> None:
    for pointer, body in (
        ("price", f'{{"price": {number}}}'),
        ("attributes/a", f'{{"attributes": {{"a": {number}}}}}'),
    ):
        response = tenant.owner.patch(f"/v1/products/{ids['product_id']}", content=body, headers=JSON)
        assert pointers(problem(response, 422, "invalid")) == [f"/{pointer}"]


@pytest.mark.parametrize(
    ("operation", "content"),
    pairs(WITH_BODY, list(MALFORMED.values())),
    ids=[f"{operation.name}-{name}" for operation, name in pairs(WITH_BODY, list(MALFORMED))],
)
def test_a_request_body_that_is_not_json_is_refused_as_malformed(
    platform: Platform, operation: Operation, ids: dict[str, str], content: bytes
) -> None:
    problem(operation.send(platform.admin, ids, json=None, content=content, headers=JSON), 400, "malformed_body")


@pytest.mark.parametrize(
    ("operation", "kind"),
    pairs(WITH_BODY, OTHER_TYPES),
    ids=[f"{operation.name}-{kind}" for operation, kind in pairs(WITH_BODY, OTHER_TYPES)],
)
def test_a_request_body_whose_content_type_is_not_json_is_refused(
    platform: Platform, operation: Operation, ids: dict[str, str], kind: str
) -> None:
    headers = {"content-type": kind}
    response = operation.send(platform.admin, ids, json=None, content=b'{"name": "x"}', headers=headers)
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("operation", WITH_BODY, ids=operation_id)
def test_a_request_body_that_is_not_a_json_object_is_refused(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    for content in (b"[]", b'"x"', b"7", b"true"):
        response = operation.send(platform.admin, ids, json=None, content=content, headers=JSON)
        assert pointers(problem(response, 422, "invalid")) == [""]


@pytest.mark.parametrize("operation", WITH_BODY, ids=operation_id)
def test_an_empty_request_body_is_refused_only_if_the_operation_requires_a_body(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    response = operation.send(platform.admin, ids, json=None, content=b"", headers=JSON)
    if operation.definition["requestBody"].get("required"):
        assert pointers(problem(response, 422, "invalid")) == [""]
    else:
        ok(response)


@pytest.mark.parametrize(
    "operation", [each for each in WITH_BODY if not each.path.endswith("/bulk-import")], ids=operation_id
)
def test_a_request_body_above_the_limit_of_its_route_is_refused_before_parsing(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    is_visitor = operation.path.startswith(STOREFRONT)
    # Each failed request of a visitor counts several times. This visitor has its own address, so other requests do not
    # use up its limit.
    client = platform.api() if is_visitor else platform.admin
    bound = 256 * 1024 if operation.path.endswith("/events") else STOREFRONT_MAX_BYTES if is_visitor else MAX_BYTES
    for size, status in ((bound, 400), (bound + 1, 413)):
        not_json = b"[" * 10 + b" " * (size - 10)
        response = operation.send(client, ids, json=None, content=not_json, headers=JSON)
        problem(response, status, "malformed_body" if status == 400 else "content_too_large")


def test_a_request_body_that_exceeds_the_limit_of_the_gateway_is_refused(tenant: Tenant) -> None:
    response = tenant.owner.post("/v1/sites", content=b" " * (10 * 1024 * 1024 + 1), headers=JSON)
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


def test_the_longest_sku_and_name_and_category_fit_into_an_index(tenant: Tenant) -> None:
    # The name, the SKU and the category together have 4,000 bytes, which do not compress.
    # PostgreSQL allows at most 2,704 bytes in an entry of an index.
    rare = "".join(chr(0x20000 + (number * 7919) % 40_000) for number in range(500))
    new = {"sku": rare[:200], "name": rare, "category": rare[:300], "brand": rare[:300], "price": "1.00"}
    path = f"/v1/catalogs/{tenant.catalog_id}/products"
    product = ok(tenant.owner.post(path, json=new))
    for filters in ({"sku": rare[:200]}, {"q": rare[:100]}, {"category": rare[:300]}, {"brand": rare[:300]}):
        assert [row["id"] for row in ok(tenant.owner.get(path, params=filters))["data"]] == [product["id"]]


@pytest.mark.parametrize("operation", PATCHES, ids=operation_id)
def test_a_null_value_can_clear_only_an_optional_field(platform: Platform, operation: Operation) -> None:
    ids = create_resources(platform, platform.tenant())
    for name, schema in body_properties(operation).items():
        response = operation.send(platform.admin, ids, json={name: None})
        if {"type": "null"} in schema.get("anyOf", []):
            # A catalog without price rules has an empty object.
            cleared: Json | None = {} if name == "pricing_rules" else None
            assert ok(response)[name] == cleared
        else:
            assert pointers(problem(response, 422, "invalid")) == [f"/{name}"]


@pytest.mark.parametrize("operation", PATCHES, ids=operation_id)
def test_an_empty_patch_changes_nothing(platform: Platform, operation: Operation, ids: dict[str, str]) -> None:
    before = ok(platform.admin.get(operation.url(ids)))
    after = ok(operation.send(platform.admin, ids, json={}))
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


@pytest.mark.parametrize("operation", PATCHES, ids=operation_id)
def test_a_patch_with_the_merge_patch_content_type_is_accepted(
    platform: Platform, operation: Operation, ids: dict[str, str]
) -> None:
    headers = {"content-type": "application/merge-patch+json"}
    ok(
        operation.send(
            platform.admin, ids, json=None, content=json.dumps({operation.name_field: "A new name"}), headers=headers
        )
    )


def body_properties(operation: Operation) -> Json:
    """Return the properties of the operation's request body as the OpenAPI document declares them."""
    reference = operation.definition["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    properties: Json = document()["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    return properties
