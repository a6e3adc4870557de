"""The settings of a catalog can define how fields and attributes are computed from the columns of a file. Invalid
settings are refused."""

from typing import Any

import pytest

from tests.platform import Json, Platform, Tenant, ok, pointers, problem

PRICE: Json = {"columns": ["VK"], "transform": ["trim", {"divide_by_column": "PE"}, {"multiply": "1.19"}]}


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def patched(tenant: Tenant, **settings: Any) -> Json:
    """Change the sync settings of the tenant's catalog, and return them."""
    path = f"/v1/catalogs/{tenant.catalog_id}"
    result: Json = ok(tenant.owner.patch(path, json={"sync_settings": settings}))["sync_settings"]
    return result


def refusal(tenant: Tenant, **settings: Any) -> dict[str, str]:
    """Send invalid sync settings. Map the pointer of each error to its detail."""
    path = f"/v1/catalogs/{tenant.catalog_id}"
    error = problem(tenant.owner.patch(path, json={"sync_settings": settings}), 422, "invalid")
    return {each["pointer"].removeprefix("/sync_settings/"): each["detail"] for each in error["errors"]}


def test_a_mapping_can_contain_columns_and_transformations_and_null(tenant: Tenant) -> None:
    content = {
        "name": "Own",
        "type": "erp",
        "sync_settings": {
            "mapping": {"sku": "Nr", "price": PRICE, "brand": None, "name": {"join": ["A", "B"], "separator": " "}},
            "attributes": {
                "Farbe": "Farbe",
                "Seit": {"columns": ["D"], "transform": [{"date": {"format": "%d.%m.%Y"}}]},
            },
        },
    }
    stored = ok(tenant.owner.put(f"/v1/catalogs/{tenant.catalog_id}", json=content))["sync_settings"]
    assert {name: stored[name] for name in ("mapping", "attributes")} == content["sync_settings"]


def test_a_patch_replaces_the_whole_transformation(tenant: Tenant) -> None:
    patched(tenant, mapping={"price": PRICE, "sku": "Nr"}, attributes={"A": {"columns": ["X"], "transform": ["trim"]}})
    settings = patched(
        tenant, mapping={"price": {"columns": ["UVP"]}}, attributes={"A": {"constant": "x"}, "B": {"join": ["C"]}}
    )
    assert settings["mapping"] == {"price": {"columns": ["UVP"]}, "sku": "Nr"}
    assert settings["attributes"] == {"A": {"constant": "x"}, "B": {"join": ["C"]}}
    settings = patched(tenant, mapping={"price": "VK", "sku": {"columns": ["Nr", "EAN"]}}, attributes={"A": None})
    assert settings["mapping"] == {"price": "VK", "sku": {"columns": ["Nr", "EAN"]}}
    assert settings["attributes"] == {"B": {"join": ["C"]}}


@pytest.mark.parametrize(
    ("mapping", "pointer", "detail"),
    [
        ({"price": {}}, "mapping/price", "must have exactly one of columns, constant, join, sum"),
        ({"name": {"columns": ["A"], "join": ["B"]}}, "mapping/name", "must have exactly one of"),
        ({"name": {"columns": []}}, "mapping/name/columns", "must have at least 1 entry"),
        ({"name": {"columns": ["A", ""]}}, "mapping/name/columns/1", "must have at least 1 character"),
        ({"name": {"column": "A"}}, "mapping/name/column", "is not a known field"),
        ({"name": 5}, "mapping/name", "must be text"),
        ({"price": {"constant": "9.90"}}, "mapping/price/constant", "is not possible for price"),
        ({"sku": {"constant": "A"}}, "mapping/sku/constant", "is not possible for sku"),
        ({"price": {"join": ["A"]}}, "mapping/price/join", "is not possible for price"),
        ({"name": {"sum": ["A"]}}, "mapping/name/sum", "is only possible for inventory_count"),
        ({"name": {"columns": ["A"], "separator": "-"}}, "mapping/name/separator", "is only possible with join"),
        ({"parent": {"constant": "A"}}, "mapping/parent/constant", "each variant names its own product"),
        ({"sku": "Art", "parent": "art "}, "mapping/parent", "must be a column other than the column of sku"),
        ({"parent": ["A"]}, "mapping/parent", "must be text"),
        (
            {"parent": {"columns": ["A"], "transform": [{"multiply": "2"}]}},
            "mapping/parent/transform/0/multiply",
            "is only possible for inventory_count and price",
        ),
        ({"price": PRICE, "price_unit": "PE"}, "mapping/price_unit", "use the step divide_by_column"),
    ],
)
def test_the_error_for_a_wrong_mapping_entry_points_to_this_entry(
    tenant: Tenant, mapping: Json, pointer: str, detail: str
) -> None:
    errors = refusal(tenant, mapping=mapping)
    assert list(errors) == [pointer]
    assert detail in errors[pointer]


@pytest.mark.parametrize(
    ("step", "pointer", "detail"),
    [
        ("trimm", "", "must be 'trim'"),
        ({}, "", "must have exactly one of split, replace"),
        ({"split": {"separator": ";"}, "multiply": "2"}, "", "must have exactly one of"),
        ({"split": {"index": 0}}, "/split/separator", "is required"),
        ({"split": {"separator": ";", "index": 101}}, "/split/index", "must be at most 100"),
        ({"replace": {}}, "/replace", "must have at least 1 entry"),
        ({"replace": {"A": "x", "a ": "y"}}, "/replace/a ", "equals another entry"),
        ({"replace": {"A": "x"}, "otherwise": "ignore"}, "/otherwise", "must be 'keep', 'blank' or 'reject'"),
        ({"regex": {"pattern": "(?=a)"}}, "/regex/pattern", "must be a regular expression of RE2"),
        ({"regex": {"pattern": r"(a)\1"}}, "/regex/pattern", "must be a regular expression of RE2"),
        ({"regex": {"pattern": r"\pL{3}"}}, "/regex/pattern", "must be simpler"),
        ({"regex": {"pattern": "(a)", "group": 2}}, "/regex/group", "is not in the pattern, which has 1 groups"),
        ({"regex": {"pattern": "a", "group": 0, "replacement": "b"}}, "/regex/group", "is not possible with"),
        ({"regex": {"pattern": "a", "replacement": r"\1"}}, "/regex/replacement", "has the group 1"),
        ({"regex": {"pattern": "a", "replacement": r"\n"}}, "/regex/replacement", "must have a digit"),
        ({"date": {"format": "%d.%m"}}, "/date/format", "must have a day (%d), a month (%m) and a year (%Y)"),
        ({"date": {"format": "%d.%Q.%Y"}}, "/date/format", "not %Q"),
        ({"date": {"format": "%d.%d.%m.%Y"}}, "/date/format", "each directive occurs once"),
        ({"multiply": "1,19"}, "/multiply", "must match"),
        ({"multiply": 1.19}, "/multiply", "must be text"),
        ({"divide": "0.00"}, "/divide", "must be more than 0"),
        ({"round": {"decimals": 2}}, "/round/mode", "is required"),
        ({"round": {"decimals": 2, "mode": "up"}, "otherwise": "keep"}, "/otherwise", "is not possible with round"),
    ],
)
def test_the_error_for_a_wrong_transformation_step_points_to_this_step(
    tenant: Tenant, step: Any, pointer: str, detail: str
) -> None:
    errors = refusal(tenant, mapping={"price": {"columns": ["A"], "transform": ["trim", step]}})
    assert list(errors) == [f"mapping/price/transform/1{pointer}"]
    assert detail in next(iter(errors.values()))


@pytest.mark.parametrize(
    ("field", "steps", "pointer"),
    [
        ("name", [{"multiply": "2"}], "mapping/name/transform/0/multiply"),
        ("inventory_count", [{"divide_by_column": "PE"}], "mapping/inventory_count/transform/0/divide_by_column"),
        ("price", [{"multiply": "2"}, "trim"], "mapping/price/transform/1"),
    ],
)
def test_a_transformation_step_that_does_not_fit_its_field_is_refused(
    tenant: Tenant, field: str, steps: list[Any], pointer: str
) -> None:
    assert list(refusal(tenant, mapping={field: {"columns": ["A"], "transform": steps}})) == [pointer]


def test_the_error_for_a_wrong_attribute_setting_points_to_this_setting(tenant: Tenant) -> None:
    errors = refusal(
        tenant, attributes={"Maß": {"columns": ["A"], "transform": [{"round": {"decimals": 1, "mode": "up"}}]}}
    )
    assert list(errors) == ["attributes/Maß/transform/0/round"]
    path = f"/v1/catalogs/{tenant.catalog_id}/mapping/propose"
    body = {"job_id": "018f0000-0000-7000-8000-000000000000", "mapping": {"price": {"join": ["A"]}}}
    assert pointers(problem(tenant.owner.post(path, json=body), 422, "invalid")) == ["/mapping/price/join"]


def test_all_transformations_can_have_their_maximum_size_together(tenant: Tenant) -> None:
    def entry(field: str) -> Json:
        values = {f"{field} {n}": "ö" * 120 for n in range(400)}
        return {"columns": ["ä" * 300], "transform": [{"replace": values}]}

    mapping = {field: entry(field) for field in ("brand", "category")}
    attributes = {field: entry(field) for field in ("a", "b")}
    settings = patched(
        tenant, mapping=mapping, attributes=attributes, private_columns=[f"{n:0300}" for n in range(100)]
    )
    assert settings["mapping"] == mapping
    too_large = {field: entry(field) for field in ("brand", "category", "name")}
    assert list(refusal(tenant, mapping=too_large)) == ["mapping"]
