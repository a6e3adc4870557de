"""Tests mappings that name the column with the SKU of the parent. Rows with a parent are variants."""

import pytest

from tests.platform import Json, Platform, Tenant, ok

HEADER = "sku,parent,product,category,qty,price\n"
ROWS = [
    "TEE-S,TEE,,,3,19.90\n", "TEE,,T-Shirt,Clothes,,\n", "TEE-M,TEE,T-Shirt M,,4,21.00\n",
    "MUG,,Mug,Cups,5,9.00\n", "LID,MUG,,,1,2.00\n",
]  # fmt: skip


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    tenant = platform.tenant()
    body = {"sync_settings": {"mapping": {"parent": "parent"}, "most_deactivated_percent": 100}}
    settings = ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=body))["sync_settings"]
    assert settings["mapping"] == {"parent": "parent"}
    return tenant


def sync(platform: Platform, tenant: Tenant, name: str, *rows: str) -> tuple[int, ...]:
    """Return the numbers of read, created, updated, unchanged, rejected and deactivated products."""
    job: Json = platform.sync(tenant.catalog_id, name, (HEADER + "".join(rows)).encode())
    assert job["status"] == "completed", job
    names = ("read", "created", "updated", "unchanged", "rejected", "deactivated")
    return tuple(job["counts"].get(name, 0) for name in names)


def active(tenant: Tenant) -> dict[str, tuple[str, str]]:
    """Return the name and the category of each active product."""
    listed = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": 100}))["data"]
    return {each["sku"]: (each["name"], each["category"]) for each in listed if each["is_active"]}


ALL = {
    "TEE-S": ("T-Shirt", "Clothes"), "TEE-M": ("T-Shirt M", "Clothes"), "MUG": ("Mug", "Cups"), "LID": ("Mug", "Cups"),
}  # fmt: skip


@pytest.mark.parametrize("folder", ["", "full/"])
def test_parents_and_variants_can_be_in_any_order_in_a_file(platform: Platform, tenant: Tenant, folder: str) -> None:
    assert sync(platform, tenant, f"{folder}a.csv", *ROWS) == (5, 5, 0, 0, 0, 0)
    assert active(tenant) == ALL
    assert sync(platform, tenant, f"{folder}a.csv", *ROWS) == (5, 0, 0, 5, 0, 0)
    assert sync(platform, tenant, f"{folder}a.csv", *reversed(ROWS)) == (5, 0, 0, 5, 0, 0)


def test_a_full_file_deactivates_missing_variants_and_a_parent_without_a_price(
    platform: Platform, tenant: Tenant
) -> None:
    sold = ROWS[1].replace("Clothes,,", "Clothes,9,25.00")
    sync(platform, tenant, "full/a.csv", ROWS[0], sold, *ROWS[2:])
    assert active(tenant) == {**ALL, "TEE": ("T-Shirt", "Clothes")}
    assert sync(platform, tenant, "full/b.csv", *ROWS[:2], *ROWS[3:])[-1] == 2
    assert active(tenant) == {sku: texts for sku, texts in ALL.items() if sku != "TEE-M"}


def test_a_delta_without_the_parent_row_keeps_the_inherited_fields_of_a_variant(
    platform: Platform, tenant: Tenant
) -> None:
    sync(platform, tenant, "a.csv", *ROWS)
    assert sync(platform, tenant, "b.csv", "TEE-S,TEE,,,3,18.00\n") == (1, 0, 1, 0, 0, 0)
    assert active(tenant) == ALL
    assert sync(platform, tenant, "c.csv", "NEW,GONE,,,1,5.00\n") == (1, 0, 0, 0, 1, 0)
