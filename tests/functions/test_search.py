# ruff: noqa: RUF001 - the tests need letters of other scripts
"""Tests that a search finds products by any words of the name and the SKU, and ignores case and accents."""

import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.functions.test_lists import read_all_pages
from tests.platform import Json, Platform, Tenant, ok, pointers, problem

PRODUCTS = {
    "MUG-Ä1": "Café",
    "mug-2": unicodedata.normalize("NFD", "Café"),
    "RULER/30": "Maßstab 30 cm",
    "ruler/50": "MASSSTAB 50 CM",
    "GR-1": "ΟΔΟΣ",
    "TR-1": "Işıklı Kupa",
    "PL-1": "Łódź, żółta gęś",
    "SET-9": "Blue enamel mug with a Café logo",
    "100%_A": "100% cotton",
    "100X2A": "100 cotton",
}
"""Maps the SKUs of the products to their names."""


@dataclass(frozen=True)
class Door:
    """A list of products, and an API client that is allowed to read this list."""

    api: httpx.Client
    path: str

    def skus(self, **parameters: Any) -> list[str]:
        """Return the SKUs of the matching products. The second response can come from the cache."""
        first, second = (ok(self.api.get(self.path, params=parameters)) for _ in range(2))
        assert first == second
        return [row["sku"] for row in first["data"]]


@pytest.fixture(scope="module")
def shop(platform: Platform) -> Tenant:
    tenant = platform.tenant()
    for sku, name in PRODUCTS.items():
        platform.product(tenant, sku=sku, name=name, category="Cafe" if sku == "MUG-Ä1" else "Café", brand="b")
    platform.product(tenant, sku="HIDDEN", name="Café", is_active=False, category="Café", brand="hidden")
    return tenant


@pytest.fixture(scope="module", params=["owner", "viewer", "admin", "visitor"])
def door(platform: Platform, shop: Tenant, request: pytest.FixtureRequest) -> Door:
    catalog_path = f"/v1/catalogs/{shop.catalog_id}/products"
    match request.param:
        case "visitor":
            return Door(platform.api(), f"/v1/storefront/{shop.domain}/products")
        case "admin":
            return Door(platform.admin, catalog_path)
        case role:
            return Door(platform.api(platform.member(shop.client_id, role)), catalog_path)


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("cafe", {"MUG-Ä1", "mug-2", "SET-9"}),
        ("CAFÉ", {"MUG-Ä1", "mug-2", "SET-9"}),
        ("CAFE\N{COMBINING ACUTE ACCENT}", {"MUG-Ä1", "mug-2", "SET-9"}),
        ("maßstab", {"RULER/30", "ruler/50"}),
        ("MASSSTAB", {"RULER/30", "ruler/50"}),
        ("maẞstab 50", {"ruler/50"}),
        ("οδος", {"GR-1"}),
        ("οδοσ", {"GR-1"}),
        ("Οδός", {"GR-1"}),
        ("isikli", {"TR-1"}),
        ("IŞIKLI kupa", {"TR-1"}),
        ("lodz", {"PL-1"}),
        ("gęś ŁÓDŹ", {"PL-1"}),
        ("logo mug blue", {"SET-9"}),
        ("CAFE blue ENAMEL", {"SET-9"}),
        ("blue red", set()),
        ("mug", {"MUG-Ä1", "mug-2", "SET-9"}),
        ("mug-a1", {"MUG-Ä1"}),
        ("uler/", {"RULER/30", "ruler/50"}),
        ("30 ruler", {"RULER/30"}),
        ("set-9 mug", {"SET-9"}),
        ("%", {"100%_A"}),
        ("%_", {"100%_A"}),
        ("cotton 100", {"100%_A", "100X2A"}),
        ("cotton 100_", set()),
        ("\N{ACUTE ACCENT}", set()),
        ("café café café", {"MUG-Ä1", "mug-2", "SET-9"}),
        ("café\N{NO-BREAK SPACE}mug", {"MUG-Ä1", "mug-2", "SET-9"}),
    ],
)
def test_a_search_finds_the_expected_products(door: Door, query: str, skus: set[str]) -> None:
    for sort in ("name", "-price"):
        assert set(door.skus(q=query, sort=sort)) - {"HIDDEN"} == skus


def test_a_search_finds_an_inactive_product_only_in_the_catalog(door: Door) -> None:
    assert ("HIDDEN" in door.skus(q="hidden")) == ("HIDDEN" in door.skus(sku="HIDDEN")) == ("catalogs" in door.path)


def test_an_exact_filter_by_sku_can_be_combined_with_a_search(door: Door) -> None:
    assert door.skus(sku="MUG-Ä1") == ["MUG-Ä1"]
    assert door.skus(sku="mug-ä1") == door.skus(sku="MUG-") == door.skus(sku="%") == []
    assert door.skus(sku="SET-9", q="cafe mug") == ["SET-9"]
    assert door.skus(sku="SET-9", q="cotton") == []
    assert door.skus(sku="SET-9", category="Cafe") == []


def test_a_filter_by_category_is_exact_and_each_spelling_is_counted_separately(
    platform: Platform, shop: Tenant
) -> None:
    path = f"/v1/storefront/{shop.domain}/products"
    page = ok(platform.api().get(path, params={"q": "cafe"}))
    assert page["facets"]["category"] == [{"value": "Café", "count": 2}, {"value": "Cafe", "count": 1}]
    for facet in page["facets"]["category"]:
        products = ok(platform.api().get(path, params={"q": "cafe", "category": facet["value"]}))["data"]
        assert len(products) == facet["count"]
    page = ok(platform.api().get(path, params={"sku": "SET-9"}))
    assert page["facets"]["category"] == [{"value": "Café", "count": 1}]
    assert page["facets"]["price"] == {"min": "10.00", "max": "10.00", "currency": "USD"}


@pytest.mark.parametrize(
    "parameters", [{"q": " ".join("abcdefghijk")}, {"q": "x" * 201}, {"sku": ""}, {"sku": "s" * 201}]
)
def test_a_search_with_more_than_ten_words_or_an_invalid_sku_is_refused(door: Door, parameters: Json) -> None:
    response = door.api.get(door.path, params=parameters)
    assert pointers(problem(response, 422, "invalid")) == list(parameters)


def test_a_search_of_ten_words_is_accepted(door: Door) -> None:
    assert door.skus(q=" ".join("bluenamgo"[:9]) + " café") == ["SET-9"]


ORDERED = ["apfel", "Äpfel", "APFEL", "Birne", "Łódź", "Ödön", "Zebra", "ἄλφα", "Βήτα", "Ёлка", "Жук"]
"""Names in the sort order of every list. Names that differ only in case or accents are sorted by creation."""
CREATED = ["Zebra", "apfel", "Жук", "Äpfel", "Βήτα", "Łódź", "APFEL", "Ödön", "Ёлка", "Birne", "ἄλφα"]


def test_sorting_products_by_name_ignores_case_and_accents(platform: Platform) -> None:
    tenant = platform.tenant()
    for name in CREATED:
        platform.product(tenant, name=name, sku=f"x {uuid4().hex}")
    for api, path in (
        (tenant.owner, f"/v1/catalogs/{tenant.catalog_id}/products"),
        (platform.api(), f"/v1/storefront/{tenant.domain}/products"),
    ):
        for parameters in ({}, {"q": "x"}):
            assert [row["name"] for row in read_all_pages(api, path, limit=2, **parameters)] == ORDERED
            descending = read_all_pages(api, path, limit=2, sort="-name", **parameters)
            assert [row["name"] for row in descending] == ORDERED[::-1]


def test_clients_and_sites_and_catalogs_and_schedules_are_sorted_like_products(platform: Platform) -> None:
    member = f"owner-{uuid4().hex[:12]}"
    for name in CREATED:
        client = platform.client(name=name)
        platform.database.execute(
            "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
            [client["id"], member],
        )
        catalog = platform.catalog(owner=client["id"], name=name)
        platform.site(client["id"], catalog["id"], name=name)
        platform.database.execute(
            "insert into schedules (client_id, catalog_id, type, name, cron, timezone)"
            " values (%s, %s, 'catalog_sync', %s, '0 3 * * *', 'UTC')",
            [client["id"], catalog["id"], name],
        )
    api = platform.api(member)
    for path in ("/v1/clients", "/v1/sites", "/v1/catalogs", "/v1/schedules"):
        assert [row["name"] for row in read_all_pages(api, path, limit=2)] == ORDERED, path
    assert [membership["name"] for membership in ok(api.get("/v1/me"))["memberships"]] == ORDERED


def test_pages_of_the_longest_names_can_be_read_with_their_cursors(platform: Platform) -> None:
    tenant = platform.tenant()
    path = f"/v1/catalogs/{tenant.catalog_id}/products"
    for letter in ("\N{WRAPPED PRESENT}", "я", '"', "\\", "ﷺ", "각"):
        for _ in range(2):
            platform.product(tenant, name=letter * 500)
    assert len(read_all_pages(tenant.owner, path, limit=1)) == 12
