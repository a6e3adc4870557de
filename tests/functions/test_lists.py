"""The pages of a list contain each row exactly once and in order. A cursor is valid only for its own list."""

import base64
import json
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.functions.operations import Operation, all_operations, operation_id
from tests.functions.resources import create_resources
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem
from wecelebrate.core.pages import ASCII_RESPONSES, MAX_CURSOR_LENGTH, MAX_RESPONSE_BYTES

LISTS = [operation for operation in all_operations() if operation.is_list]
NAMES = ["alpha", "Alpha", "ALPHA", "álpha", "Álpha", "a lpha", "a-lpha", "alpha", "Zeta", "ß", "ss"]
NAMES += ["\N{WRAPPED PRESENT}", "1", "10", "2"]
SORTED_NAMES = ["1", "10", "2", "a lpha", "a-lpha", "alpha", "Alpha", "ALPHA", "álpha", "Álpha", "alpha", "ß", "ss"]
SORTED_NAMES += ["Zeta", "\N{WRAPPED PRESENT}"]
SORTS = ["name", "-name", "price", "-price", "created_at", "-created_at"]

each_list = pytest.mark.parametrize("operation", LISTS, ids=operation_id)


def read_all_pages(api: httpx.Client, path: str, limit: int = 2, **parameters: Any) -> list[Json]:
    """Read all pages of a list by following the URLs in the `Link` header. Return all rows."""
    rows: list[Json] = []
    response = api.get(path, params={"limit": limit, **parameters})
    for _ in range(200):
        page = ok(response)
        rows += page["data"]
        assert page["has_more"] == (page["next_cursor"] is not None) == ("next" in response.links)
        if not page["has_more"]:
            return rows
        assert len(page["data"]) == limit
        response = api.get(response.links["next"]["url"])
    raise AssertionError("the list has more than 200 pages")


@pytest.fixture(scope="module")
def products_path(platform: Platform, tenant: Tenant) -> str:
    """Create products with equal prices and with names that are hard to sort. Return the path of the product list."""
    catalog = platform.catalog(owner=tenant.client_id)
    path = f"/v1/catalogs/{catalog['id']}/products"
    for number, name in enumerate(NAMES):
        new = {
            "sku": str(number),
            "name": name,
            "price": f"{number // 4}.50",
            "category": "even" if number % 2 == 0 else "odd",
            "brand": "100%" if number < 5 else "a_b",
            "is_active": number != 3,
        }
        created(tenant.owner.post(path, json=new))
    return path


@each_list
def test_the_limit_parameter_must_be_an_integer_from_1_to_1000(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str]
) -> None:
    path = operation.path.format(**ids)
    for limit in ("0", "-1", "1001", "99999999999999999999", "1.5", "many", ""):
        assert pointers(problem(tenant.owner.get(path, params={"limit": limit}), 422, "invalid")) == ["limit"]
    api = platform.admin if operation.path.startswith("/v1/admin/") else tenant.owner
    for size in (1, 1000):
        assert len(ok(api.get(path, params={"limit": size}))["data"]) <= size


@each_list
def test_a_list_refuses_an_unknown_parameter(tenant: Tenant, operation: Operation, ids: dict[str, str]) -> None:
    response = tenant.owner.get(operation.path.format(**ids), params={"page": "2"})
    assert pointers(problem(response, 422, "invalid")) == ["page"]


@each_list
def test_a_list_refuses_the_cursor_of_a_different_list(
    platform: Platform, tenant: Tenant, operation: Operation, ids: dict[str, str], products_path: str
) -> None:
    api = platform.admin if operation.path.startswith("/v1/admin/") else tenant.owner
    cursor = ok(tenant.owner.get(products_path, params={"limit": 1}))["next_cursor"]
    body = base64.urlsafe_b64encode(b'{"l":{},"q":""}').decode().rstrip("=")
    altered = (cursor[:-2], cursor + "A", "A" + cursor[1:], cursor[:9] + "!" + cursor[9:])
    for invalid in (cursor, *altered, body, "", "é", "0"):
        problem(api.get(operation.path.format(**ids), params={"cursor": invalid}), 400, "bad_cursor")


def test_a_cursor_is_valid_with_a_different_limit_and_refused_with_different_filters(
    tenant: Tenant, products_path: str
) -> None:
    parameters: Json = {"category": "even", "sort": "price", "price_min": "0.50"}
    cursor = ok(tenant.owner.get(products_path, params={**parameters, "limit": 2}))["next_cursor"]
    assert len(ok(tenant.owner.get(products_path, params={**parameters, "limit": 3, "cursor": cursor}))["data"]) == 3
    for other in ({"category": "odd"}, {"sort": "-price"}, {"price_min": "1.50"}, {"q": "a"}, {"is_active": "true"}):
        problem(tenant.owner.get(products_path, params={**parameters, **other, "cursor": cursor}), 400, "bad_cursor")


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("parameters", [{}, {"q": "lpha"}, {"category": "even"}, {"is_active": True}], ids=str)
def test_all_pages_contain_every_product_once_in_every_sort_order(
    tenant: Tenant, products_path: str, sort: str, parameters: Json
) -> None:
    rows = ok(tenant.owner.get(products_path, params={"limit": 1000, "sort": sort, **parameters}))["data"]
    assert read_all_pages(tenant.owner, products_path, sort=sort, **parameters) == rows
    assert len({row["id"] for row in rows}) == len(rows) > 0
    if not parameters:
        assert sorted(row["name"] for row in rows) == sorted(NAMES)
    key = sort.removeprefix("-")
    if sort == "name" and not parameters:
        assert [row["name"] for row in rows] == SORTED_NAMES
    if key != "name":
        keys = [float(row[key]) if key == "price" else row[key] for row in rows]
        assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_a_row_inserted_between_two_requests_does_not_hide_or_repeat_other_rows(
    platform: Platform, tenant: Tenant
) -> None:
    catalog = platform.catalog(owner=tenant.client_id)["id"]
    path = f"/v1/catalogs/{catalog}/products"

    def create_product(name: str) -> str:
        new = {"sku": uuid4().hex, "name": name, "price": "1.00"}
        return str(created(tenant.owner.post(path, json=new))["id"])

    existing = [create_product(name) for name in "bdfhj"]
    first = ok(tenant.owner.get(path, params={"limit": 2}))
    inserted_before, inserted_after = create_product("a"), create_product("i")
    new_rows = read_all_pages(tenant.owner, path, limit=2)
    cursor = first["next_cursor"]
    ids = [row["id"] for row in first["data"]]
    while cursor:
        page = ok(tenant.owner.get(path, params={"limit": 2, "cursor": cursor}))
        ids += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert sorted(ids) == sorted([*existing, inserted_after])
    assert inserted_before in {row["id"] for row in new_rows}


def test_the_pages_of_each_list_contain_each_row_once(platform: Platform, tenant: Tenant, other_tenant: Tenant) -> None:
    member = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [other_tenant.client_id, member],
    )
    api = platform.api(member)
    for name in ("same", "same", "Same"):
        platform.site(tenant.client_id, tenant.catalog_id, name=name)
        platform.catalog(owner=tenant.client_id, name=name)
        product = platform.product(tenant)
        ok(tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{product['id']}"))
        create_resources(platform, tenant)
    for path in ("/v1/clients", "/v1/sites", "/v1/catalogs", "/v1/jobs", f"/v1/sites/{tenant.site_id}/exclusions"):
        rows = read_all_pages(api, path, limit=1)
        assert rows == ok(api.get(path, params={"limit": 1000}))["data"]
        assert len(rows) >= 2


def test_the_link_to_the_next_page_contains_the_parameters_of_the_request(tenant: Tenant, products_path: str) -> None:
    parameters = {"limit": "1", "q": "ÁLPHA", "sort": "-price", "price_max": "9.5"}
    url = tenant.owner.get(products_path, params=parameters).links["next"]["url"]
    query = httpx.QueryParams(urlsplit(url).query)
    assert set(query) == {*parameters, "cursor"}
    assert (query["q"], query["price_max"]) == ("ÁLPHA", "9.5")


@pytest.mark.parametrize(
    ("parameters", "skus"),
    [
        ({"category": "odd"}, {1, 3, 5, 7, 9, 11, 13}),
        ({"category": "ODD"}, set()),
        ({"brand": "100%"}, {0, 1, 2, 3, 4}),
        ({"brand": "100%", "category": "even"}, {0, 2, 4}),
        ({"price_min": "2.50"}, {8, 9, 10, 11, 12, 13, 14}),
        ({"price_max": "0.50"}, {0, 1, 2, 3}),
        ({"price_min": "0.51", "price_max": "1.50"}, {4, 5, 6, 7}),
        ({"price_min": "9", "price_max": "1"}, set()),
        ({"is_active": "false"}, {3}),
        ({"is_active": "true", "category": "odd"}, {1, 5, 7, 9, 11, 13}),
        ({"q": "lpha", "price_max": "0.50"}, {0, 1, 2, 3}),
        ({"q": "ALPHA"}, {0, 1, 2, 3, 4, 7}),
        ({"q": "SS"}, {9, 10}),
        ({"q": "\N{WRAPPED PRESENT}"}, {11}),
        ({"q": "%"}, set()),
        ({"q": "_"}, set()),
        ({"q": "\\"}, set()),
        ({"updated_since": "2100-01-01T00:00:00Z"}, set()),
        ({"updated_since": "2020-01-01T00:00:00+02:00", "category": "odd"}, {1, 3, 5, 7, 9, 11, 13}),
    ],
    ids=str,
)
def test_a_filtered_list_contains_exactly_the_matching_products(
    tenant: Tenant, products_path: str, parameters: Json, skus: set[int]
) -> None:
    page = ok(tenant.owner.get(products_path, params=parameters))
    assert {int(row["sku"]) for row in page["data"]} == skus
    assert (page["next_cursor"], page["has_more"]) == (None, False)


def test_a_search_for_special_characters_finds_exactly_the_names_with_these_characters(
    platform: Platform, tenant: Tenant
) -> None:
    path = f"/v1/catalogs/{platform.catalog(owner=tenant.client_id)['id']}/products"
    names = ["50% off", "500 off", "a_b", "axb", "back\\slash", 'it\'s "so"; drop']
    for name in names:
        created(tenant.owner.post(path, json={"sku": name, "name": name, "price": "1.00"}))
    for query, expected in {
        "50%": ["50% off"],
        "a_b": ["a_b"],
        "\\": ["back\\slash"],
        "k\\s": ["back\\slash"],
        '\'s "SO"; d': [names[5]],
    }.items():
        assert [row["name"] for row in ok(tenant.owner.get(path, params={"q": query}))["data"]] == expected


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"price_min": "-1"}, "price_min"),
        ({"price_min": "1.0005"}, "price_min"),
        ({"price_max": "1e500"}, "price_max"),
        ({"price_max": "NaN"}, "price_max"),
        ({"price_max": "Infinity"}, "price_max"),
        ({"sort": "sku"}, "sort"),
        ({"sort": "name; drop table products"}, "sort"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "2026-01-01T00:00:00"}, "updated_since"),
        ({"q": ""}, "q"),
        ({"q": "  "}, "q"),
        ({"q": "a\0"}, "q"),
        ({"q": "q" * 201}, "q"),
        ({"cursor": "c" * (MAX_CURSOR_LENGTH + 1)}, "cursor"),
    ],
    ids=str,
)
def test_invalid_filters_are_refused(tenant: Tenant, products_path: str, parameters: Json, pointer: str) -> None:
    assert pointers(problem(tenant.owner.get(products_path, params=parameters), 422, "invalid")) == [pointer]


def test_filtered_lists_of_sites_and_catalogs_and_clients_contain_only_matching_rows(
    platform: Platform, tenant: Tenant
) -> None:
    draft = platform.site(tenant.client_id, None, status="draft")
    vendor = platform.catalog(owner=tenant.client_id, type="vendor", status="inactive")
    owner = tenant.owner

    def list_ids(path: str, **parameters: str) -> list[str]:
        return [row["id"] for row in ok(owner.get(path, params=parameters))["data"]]

    assert list_ids("/v1/sites", status="draft") == [draft["id"]]
    assert list_ids("/v1/sites", client_id=str(uuid4())) == []
    assert list_ids("/v1/catalogs", type="vendor", status="inactive") == [vendor["id"]]
    assert list_ids("/v1/catalogs", type="dropship") == []
    assert list_ids("/v1/clients", is_active="true") == [tenant.client_id]
    assert list_ids("/v1/clients", is_active="false") == []
    job = create_resources(platform, tenant)["job_id"]
    assert job in list_ids("/v1/jobs", status="completed", catalog_id=tenant.catalog_id, client_id=tenant.client_id)
    assert list_ids("/v1/jobs", type="image_processing") == []


def test_a_page_of_large_rows_ends_early_and_its_cursor_skips_no_row(platform: Platform, tenant: Tenant) -> None:
    catalog = platform.catalog(owner=tenant.client_id)["id"]
    platform.database.execute(
        "insert into products (catalog_id, sku, name, price, description)"
        " select %s, n, n, 1, repeat('\"', 50000) from generate_series(1, 70) n",
        [catalog],
    )
    path = f"/v1/catalogs/{catalog}/products"
    skus: list[str] = []
    cursor: dict[str, str] = {}
    pages = 0
    while True:
        response = tenant.owner.get(path, params={"limit": 1000, **cursor})
        page = ok(response)
        # The Lambda function returns the body as a JSON string, so the limit applies to the escaped text.
        size = len(json.dumps(response.text, ensure_ascii=ASCII_RESPONSES).encode())
        assert size < MAX_RESPONSE_BYTES
        assert page["has_more"] == (page["next_cursor"] is not None) == ("next" in response.links)
        skus += [row["sku"] for row in page["data"]]
        pages += 1
        if not page["has_more"]:
            break
        assert size > MAX_RESPONSE_BYTES - 2 * 210_000, "one more row would fit"
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(skus, key=int) == [str(number) for number in range(1, 71)]
    assert pages == 3
