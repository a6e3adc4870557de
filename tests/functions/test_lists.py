"""Lists: every row once, in order, whatever is asked; a cursor is good for its own list alone."""

import base64
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.functions.calls import Call, calls, ids_of
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

LISTS = [call for call in calls() if call.lists]
NAMES = ["alpha", "Alpha", "ALPHA", "álpha", "Álpha", "a lpha", "a-lpha", "alpha", "Zeta", "ß", "ss"]
NAMES += ["\N{WRAPPED PRESENT}", "1", "10", "2"]
SORTS = ["name", "-name", "price", "-price", "created_at", "-created_at"]

each = pytest.mark.parametrize("call", LISTS, ids=lambda call: call.name)


def walk(api: httpx.Client, path: str, limit: int = 2, **asked: Any) -> list[Json]:
    """Every row of a list, following `Link` as the URL it is."""
    rows: list[Json] = []
    answer = api.get(path, params={"limit": limit, **asked})
    for _ in range(200):
        page = ok(answer)
        rows += page["data"]
        assert page["has_more"] == (page["next_cursor"] is not None) == ("next" in answer.links)
        if not page["has_more"]:
            return rows
        assert len(page["data"]) == limit
        answer = api.get(answer.links["next"]["url"])
    raise AssertionError("the list has no end")


@pytest.fixture(scope="module")
def ids(platform: Platform, tenant: Tenant) -> dict[str, str]:
    return ids_of(platform, tenant)


@pytest.fixture(scope="module")
def shelf(platform: Platform, tenant: Tenant) -> str:
    """The path of a catalog whose products have equal prices, and names that collate close to each other."""
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


@each
def test_limit_has_bounds(platform: Platform, tenant: Tenant, call: Call, ids: dict[str, str]) -> None:
    path = call.path.format(**ids)
    for limit in ("0", "-1", "1001", "99999999999999999999", "1.5", "many", ""):
        assert pointers(problem(tenant.owner.get(path, params={"limit": limit}), 422, "invalid")) == ["limit"]
    api = platform.admin if call.name == "list_dead_letters" else tenant.owner
    for most in (1, 1000):
        assert len(ok(api.get(path, params={"limit": most}))["data"]) <= most


@each
def test_a_parameter_that_means_nothing_is_refused(tenant: Tenant, call: Call, ids: dict[str, str]) -> None:
    answer = tenant.owner.get(call.path.format(**ids), params={"page": "2"})
    assert pointers(problem(answer, 422, "invalid")) == ["page"]


@each
def test_a_cursor_of_another_list_is_bad(tenant: Tenant, call: Call, ids: dict[str, str], shelf: str) -> None:
    cursor = ok(tenant.owner.get(shelf, params={"limit": 1}))["next_cursor"]
    body = base64.urlsafe_b64encode(b'{"l":{},"q":""}').decode().rstrip("=")
    for bad in (cursor, cursor[:-2], cursor + "A", "A" + cursor[1:], cursor[:9] + "!" + cursor[9:], body, "", "é", "0"):
        problem(tenant.owner.get(call.path.format(**ids), params={"cursor": bad}), 400, "bad_cursor")


def test_a_cursor_is_bad_for_other_filters_and_good_for_another_limit(tenant: Tenant, shelf: str) -> None:
    asked: Json = {"category": "even", "sort": "price", "price_min": "0.50"}
    cursor = ok(tenant.owner.get(shelf, params={**asked, "limit": 2}))["next_cursor"]
    assert len(ok(tenant.owner.get(shelf, params={**asked, "limit": 3, "cursor": cursor}))["data"]) == 3
    for other in ({"category": "odd"}, {"sort": "-price"}, {"price_min": "1.50"}, {"q": "a"}, {"is_active": "true"}):
        problem(tenant.owner.get(shelf, params={**asked, **other, "cursor": cursor}), 400, "bad_cursor")


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("asked", [{}, {"q": "lpha"}, {"category": "even"}, {"is_active": True}], ids=str)
def test_every_product_comes_once_in_every_order(tenant: Tenant, shelf: str, sort: str, asked: Json) -> None:
    whole = ok(tenant.owner.get(shelf, params={"limit": 1000, "sort": sort, **asked}))["data"]
    assert walk(tenant.owner, shelf, sort=sort, **asked) == whole
    assert len({row["id"] for row in whole}) == len(whole) > 0
    if not asked:
        assert sorted(row["name"] for row in whole) == sorted(NAMES)
    key = sort.removeprefix("-")
    if key != "name":  # names are in the database's collation
        keys = [float(row[key]) if key == "price" else row[key] for row in whole]
        assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_rows_that_arrive_while_paging_disturb_no_other(platform: Platform, tenant: Tenant) -> None:
    catalog = platform.catalog(owner=tenant.client_id)["id"]
    path = f"/v1/catalogs/{catalog}/products"

    def put(name: str) -> str:
        new = {"sku": uuid4().hex, "name": name, "price": "1.00"}
        return str(created(tenant.owner.post(path, json=new))["id"])

    before = [put(name) for name in "bdfhj"]
    first = ok(tenant.owner.get(path, params={"limit": 2}))
    earlier, later = put("a"), put("i")
    rest = walk(tenant.owner, path, limit=2)
    cursor = first["next_cursor"]
    seen = [row["id"] for row in first["data"]]
    while cursor:
        page = ok(tenant.owner.get(path, params={"limit": 2, "cursor": cursor}))
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted([*before, later])
    assert earlier in {row["id"] for row in rest}


def test_other_lists_are_walked_too(platform: Platform, tenant: Tenant, stranger: Tenant) -> None:
    member = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [stranger.client_id, member],
    )
    api = platform.api(member)
    for name in ("same", "same", "Same"):
        platform.site(tenant.client_id, tenant.catalog_id, name=name)
        platform.catalog(owner=tenant.client_id, name=name)
        product = platform.product(tenant)
        ok(tenant.owner.put(f"/v1/sites/{tenant.site_id}/exclusions/{product['id']}"))
        ids_of(platform, tenant)
    for path in ("/v1/clients", "/v1/sites", "/v1/catalogs", "/v1/jobs", f"/v1/sites/{tenant.site_id}/exclusions"):
        rows = walk(api, path, limit=1)
        assert rows == ok(api.get(path, params={"limit": 1000}))["data"]
        assert len(rows) >= 2


def test_a_link_keeps_what_was_asked(tenant: Tenant, shelf: str) -> None:
    asked = {"limit": "1", "q": "ÁLPHA", "sort": "-price", "price_max": "9.50"}
    url = tenant.owner.get(shelf, params=asked).links["next"]["url"]
    query = httpx.QueryParams(urlsplit(url).query)
    assert set(query) == {*asked, "cursor"}
    assert (query["q"], query["price_max"]) == ("ÁLPHA", "9.50")


@pytest.mark.parametrize(
    ("asked", "skus"),
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
        ({"q": "ALPHA"}, {0, 1, 2, 7}),
        ({"q": "\N{WRAPPED PRESENT}"}, {11}),
        ({"q": "%"}, set()),
        ({"q": "_"}, set()),
        ({"q": "\\"}, set()),
        ({"updated_since": "2100-01-01T00:00:00Z"}, set()),
        ({"updated_since": "2020-01-01T00:00:00+02:00", "category": "odd"}, {1, 3, 5, 7, 9, 11, 13}),
    ],
    ids=str,
)
def test_filters_leave_what_they_say(tenant: Tenant, shelf: str, asked: Json, skus: set[int]) -> None:
    page = ok(tenant.owner.get(shelf, params=asked))
    assert {int(row["sku"]) for row in page["data"]} == skus
    assert (page["next_cursor"], page["has_more"]) == (None, False)


def test_a_search_takes_signs_for_what_they_are(platform: Platform, tenant: Tenant) -> None:
    path = f"/v1/catalogs/{platform.catalog(owner=tenant.client_id)['id']}/products"
    names = ["50% off", "500 off", "a_b", "axb", "back\\slash", 'it\'s "so"; drop']
    for name in names:
        created(tenant.owner.post(path, json={"sku": name, "name": name, "price": "1.00"}))
    for search, found in {
        "50%": ["50% off"],
        "a_b": ["a_b"],
        "\\": ["back\\slash"],
        "k\\s": ["back\\slash"],
        '\'s "SO"; d': [names[5]],
    }.items():
        assert [row["name"] for row in ok(tenant.owner.get(path, params={"q": search}))["data"]] == found


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"price_min": "-1"}, "price_min"),
        ({"price_min": "1.005"}, "price_min"),
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
        ({"cursor": "c" * 4097}, "cursor"),
    ],
    ids=str,
)
def test_filters_that_mean_nothing_are_refused(tenant: Tenant, shelf: str, asked: Json, pointer: str) -> None:
    assert pointers(problem(tenant.owner.get(shelf, params=asked), 422, "invalid")) == [pointer]


def test_filters_of_other_lists(platform: Platform, tenant: Tenant) -> None:
    draft = platform.site(tenant.client_id, None, status="draft")
    vendor = platform.catalog(owner=tenant.client_id, type="vendor", status="inactive")
    owner = tenant.owner

    def found(path: str, **asked: str) -> list[str]:
        return [row["id"] for row in ok(owner.get(path, params=asked))["data"]]

    assert found("/v1/sites", status="draft") == [draft["id"]]
    assert found("/v1/sites", client_id=str(uuid4())) == []
    assert found("/v1/catalogs", type="vendor", status="inactive") == [vendor["id"]]
    assert found("/v1/catalogs", type="dropship") == []
    assert found("/v1/clients", is_active="true") == [tenant.client_id]
    assert found("/v1/clients", is_active="false") == []
    job = ids_of(platform, tenant)["job_id"]
    assert job in found("/v1/jobs", status="completed", catalog_id=tenant.catalog_id, client_id=tenant.client_id)
    assert found("/v1/jobs", type="data_export") == []


def test_a_page_too_large_for_an_answer_says_so(platform: Platform, tenant: Tenant) -> None:
    catalog = platform.catalog(owner=tenant.client_id)["id"]
    platform.database.execute(
        "insert into products (catalog_id, sku, name, price, description)"
        " select %s, n, n, 1, repeat('\"', 50000) from generate_series(1, 70) n",
        [catalog],
    )
    path = f"/v1/catalogs/{catalog}/products"
    answer = tenant.owner.get(path, params={"limit": 1000})
    assert pointers(problem(answer, 422, "page_too_large")) == ["limit"]
    assert len(walk(tenant.owner, path, limit=20)) == 70
