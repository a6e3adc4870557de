"""The API refuses hostile spellings in every request, and stores all valid spellings of a value in the same form."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.openapi import document
from tests.functions.operations import Operation, all_operations, operation_id
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

IDS = [operation for operation in all_operations() if operation.id_parameters]
NFD, NFC = "Cafe\u0301", "Caf\u00e9"


HOSTILE_PARAMETERS = {
    "integer": ["1_0", "+1", " 5 ", "1e2", "\u0663", "5.0", "007", "0x1"],
    "boolean": ["yes", "1", "True", "on", "t"],
    "uuid": ["{0190b1c2-7000-7000-8000-00000000000a}", "0190b1c27000700080000000000000aa", "urn:uuid:x"],
    "date-time": ["20260101", "0", "1767225600", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z"],
    "money": ["1__0", "\u0663.\u0665", "1e2", "+1", " 5", "NaN", "1.2345"],
    "email": ["ann..b@x.test", "notanemail", "a@x"],
    "line": ["\u200b", "\u3164", "a\x07b"],
}


def kind_of(schema: Json) -> str | None:
    """Return the key of HOSTILE_PARAMETERS for the schema of a parameter."""
    parts: list[Json] = schema.get("anyOf", [schema])
    for part in parts:
        pattern = part.get("pattern", "")
        if part.get("format") in ("uuid", "date-time"):
            return str(part["format"])
        if part.get("type") in ("integer", "boolean"):
            return str(part["type"])
        if pattern.startswith("^[0-9]{1,12}"):
            return "money"
        if "@" in pattern:
            return "email"
        if pattern.startswith("^\\s*["):
            return "line"
    return None


PARAMETERS = [
    (operation, parameter["name"], value)
    for operation in all_operations()
    for parameter in operation.definition.get("parameters", [])
    if parameter["in"] == "query"
    for value in HOSTILE_PARAMETERS.get(kind_of(parameter["schema"]) or "", [])
]


def test_each_type_of_hostile_parameter_occurs_in_the_api() -> None:
    kinds = {
        kind_of(parameter["schema"])
        for operation in all_operations()
        for parameter in operation.definition.get("parameters", [])
        if parameter["in"] == "query"
    }
    assert kinds >= HOSTILE_PARAMETERS.keys()
    assert len(PARAMETERS) > 300


def test_every_query_parameter_refuses_values_outside_its_schema(platform: Platform, ids: Mapping[str, str]) -> None:
    accepted = []
    # One account sends at most 600 requests per minute, and failures count against the address of the client as well.
    admins = {operation.name: platform.api(platform.substitute("admin")) for operation, _, _ in PARAMETERS}
    for operation, name, value in PARAMETERS:
        response = operation.send(admins[operation.name], dict(ids), params={name: value})
        if response.status_code != 422 or name not in pointers(response.json()):
            accepted.append((operation.name, name, value, response.status_code))
    assert accepted == []


@pytest.mark.parametrize("operation", IDS, ids=operation_id)
def test_an_id_in_a_path_must_contain_hyphens(platform: Platform, operation: Operation, ids: Mapping[str, str]) -> None:
    admin = platform.api(platform.substitute("admin"))
    for name in operation.id_parameters:
        other = {key: id_.replace("-", "") if key in (name, f"staff_{name}") else id_ for key, id_ in ids.items()}
        problem(operation.send(admin, other), 422, "invalid")


PRODUCT = {"sku": "S", "name": "N", "price": "1.00"}
ORDER = {"customer_name": "Ann", "customer_email": "ann@x.test"}
ADDRESS = {"line1": "Main Street 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
BODIES: list[tuple[str, Json, str]] = [
    ("products", {"price": "1__0"}, "/price"),
    ("products", {"price": "\u0663.\u0665"}, "/price"),
    ("products", {"price": "1e2"}, "/price"),
    ("products", {"price": "+1"}, "/price"),
    ("products", {"price": "12.345"}, "/price"),
    ("products", {"price": "100.50", "currency": "JPY"}, "/price"),
    ("products", {"price": "0.50", "currency": "CLP"}, "/price"),
    ("products", {"price": "1.2345", "currency": "KWD"}, "/price"),
    ("products", {"currency": "ABC"}, "/currency"),
    ("products", {"currency": "XXX"}, "/currency"),
    ("products", {"currency": "DEM"}, "/currency"),
    ("products", {"currency": "CLF"}, "/currency"),
    ("products", {"currency": " EUR"}, "/currency"),
    ("products", {"name": "\u200b"}, "/name"),
    ("products", {"sku": "A\x07B"}, "/sku"),
    ("products", {"sku": "\u2060"}, "/sku"),
    ("products", {"category": "\u00ad"}, "/category"),
    ("products", {"brand": "a\nb"}, "/brand"),
    ("products", {"description": "a\x08"}, "/description"),
    ("products", {"images": ["https://"]}, "/images/0"),
    ("products", {"images": ["https://u:p@x.test/a.jpg"]}, "/images/0"),
    ("products", {"images": ["https://x.test/a b.jpg"]}, "/images/0"),
    ("products", {"inventory_count": "5"}, "/inventory_count"),
    ("clients", {"contact_email": "notanemail"}, "/contact_email"),
    ("clients", {"contact_email": "ann..b@x.test"}, "/contact_email"),
    ("clients", {"logo_url": "https://"}, "/logo_url"),
    ("clients", {"logo_url": "https://x.test:81/"}, "/logo_url"),
    ("clients", {"slug": "a--b"}, "/slug"),
    ("clients", {"name": "\u200b\u200b"}, "/name"),
    ("sites", {"domain": "x..test"}, "/domain"),
    ("sites", {"domain": "127.0.0.1"}, "/domain"),
    ("sites", {"name": "\ufeff"}, "/name"),
    ("catalogs", {"sync_settings": {"currency": "DEM"}}, "/sync_settings/currency"),
    ("catalogs", {"sync_settings": {"most_deactivated_percent": "20"}}, "/sync_settings/most_deactivated_percent"),
    ("catalogs", {"name": "\u200b"}, "/name"),
    ("orders", {"customer_email": "ann..b@x.test"}, "/customer_email"),
    ("orders", {"customer_name": "\u200b"}, "/customer_name"),
    ("orders", {"shipping_address": {**ADDRESS, "country": "ZZ"}}, "/shipping_address/country"),
    ("orders", {"shipping_address": {**ADDRESS, "country": "UK"}}, "/shipping_address/country"),
    ("orders", {"shipping_address": {**ADDRESS, "country": "AN"}}, "/shipping_address/country"),
    ("orders", {"total_amount": "1e2"}, "/total_amount"),
    ("webhooks", {"url": "https://"}, "/url"),
    ("webhooks", {"url": "http://x.test/"}, "/url"),
]


@pytest.mark.parametrize(("resource", "change", "pointer"), BODIES)
def test_a_request_body_with_a_hostile_spelling_is_refused(  # noqa: PLR0917
    platform: Platform, tenant: Tenant, ids: Mapping[str, str], resource: str, change: Json, pointer: str
) -> None:
    resources: dict[str, tuple[str, Json]] = {
        "products": (f"/v1/catalogs/{tenant.catalog_id}/products", PRODUCT),
        "clients": ("/v1/clients", {"name": "Client", "slug": "refused"}),
        "sites": ("/v1/sites", {"name": "Site", "client_id": tenant.client_id}),
        "catalogs": ("/v1/catalogs", {"name": "Catalog", "type": "erp", "owner_client_id": tenant.client_id}),
        "orders": (
            f"/v1/storefront/{tenant.domain}/orders",
            {**ORDER, "lines": [{"product_id": ids["product_id"], "quantity": 1}], "shipping_address": ADDRESS},
        ),
        "webhooks": ("/v1/webhooks", {"client_id": tenant.client_id, "events": ["*"]}),
    }
    path, body = resources[resource]
    response = platform.api(platform.substitute("admin")).post(path, json={**body, **change})
    assert pointers(problem(response, 422, "invalid")) == [pointer]


def test_the_texts_of_requests_are_converted_to_nfc(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, sku=f"{NFD}-1", name=NFD, category=NFD, attributes={NFD: [NFD]})
    assert (product["sku"], product["name"], product["category"]) == (f"{NFC}-1", NFC, NFC)
    assert product["attributes"] == {NFC: [NFC]}
    for spelling in (NFC, NFD):
        page = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"category": spelling}))
        assert [row["id"] for row in page["data"]] == [product["id"]]
    again = tenant.owner.post(
        f"/v1/catalogs/{tenant.catalog_id}/products", json={"sku": f"{NFC}-1", "name": "N", "price": "1.00"}
    )
    problem(again, 409, "already_exists")


def test_two_json_keys_that_are_equal_in_nfc_are_refused(tenant: Tenant) -> None:
    new = {**PRODUCT, "attributes": {"a": {NFD: 1, NFC: 2}}}
    response = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new)
    assert pointers(problem(response, 422, "invalid")) == ["/attributes/a"]


def test_searches_for_order_numbers_and_customers_ignore_case(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant)
    body = {**ORDER, "customer_email": "Ann.Upper@X.Test", "lines": [{"product_id": product["id"], "quantity": 1}]}
    response = platform.api().post(f"/v1/storefront/{tenant.domain}/orders", json={**body, "shipping_address": ADDRESS})
    order = created(response)
    assert order["customer_email"] == "Ann.Upper@x.test"
    for filters in (
        {"order_number": order["order_number"].lower()},
        {"customer_email": "ann.upper@x.test"},
        {"customer_email": "ANN.UPPER@X.TEST"},
    ):
        page = ok(tenant.owner.get("/v1/orders", params=filters))
        assert [row["id"] for row in page["data"]] == [order["id"]]


def test_a_storefront_is_found_by_every_spelling_of_its_domain(platform: Platform, tenant: Tenant) -> None:
    unique = tenant.domain.removesuffix(".test")
    site = platform.site(tenant.client_id, tenant.catalog_id, domain=f"B\u00dcCHER-{unique}.test")
    assert site["domain"].startswith("xn--")
    for spelling in (
        site["domain"],
        site["domain"].upper(),
        f"b\u00fccher-{unique}.test",
        f"bu\u0308cher-{unique}.test",
    ):
        assert ok(platform.api().get(f"/v1/storefront/{spelling}"))["id"] == site["id"]


AMOUNTS: list[tuple[str, Any, str]] = [
    ("EUR", "12.5", "12.50"),
    ("EUR", 12.5, "12.50"),
    ("JPY", "1200", "1200"),
    ("JPY", "1200.00", "1200"),
    ("KWD", "1.25", "1.250"),
    ("USD", "999999999999.99", "999999999999.99"),
]


@pytest.mark.parametrize(("currency", "price", "shown"), AMOUNTS)
def test_a_price_is_shown_with_the_decimals_of_its_currency(
    platform: Platform, currency: str, price: Any, shown: str
) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant, price=price, currency=currency)
    assert product["price"] == shown
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}"))["price"] == shown
    response = platform.api().get(f"/v1/storefront/{tenant.domain}/products/{product['id']}")
    assert ok(response)["price"] == shown


def test_a_change_of_currency_adapts_the_decimals_of_the_price_or_is_refused(platform: Platform) -> None:
    tenant = platform.tenant()
    platform.allow_several_currencies(tenant)
    path = f"/v1/products/{platform.product(tenant, price='1200', currency='JPY')['id']}"
    for change, price in (
        ({"currency": "EUR"}, "1200.00"),
        ({"currency": "KWD"}, "1200.000"),
        ({"currency": "JPY"}, "1200"),
        ({"name": "Other"}, "1200"),
        ({"price": "99.50", "currency": "EUR"}, "99.50"),
    ):
        assert ok(tenant.owner.patch(path, json=change, headers={"if-match": "*"}))["price"] == price
    for change in ({"currency": "JPY"}, {"price": "99.505"}, {"price": "99.50", "currency": "JPY"}):
        response = tenant.owner.patch(path, json=change, headers={"if-match": "*"})
        assert pointers(problem(response, 422, "invalid")) == ["/price"]


@pytest.mark.parametrize(
    ("currency", "price", "total"), [("JPY", "1200", "3600"), ("KWD", "1.255", "3.765"), ("EUR", "100.50", "301.50")]
)
def test_an_order_and_its_mail_show_the_exact_total(platform: Platform, currency: str, price: str, total: str) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant, price=price, currency=currency)
    lines = [{"product_id": product["id"], "quantity": 3}]
    body = {**ORDER, "lines": lines, "shipping_address": ADDRESS, "total_amount": total}
    order = created(platform.api().post(f"/v1/storefront/{tenant.domain}/orders", json=body))
    assert (order["total_amount"], order["items"][0]["unit_price"]) == (total, price)
    (mail,) = ok(tenant.owner.get("/v1/mails", params={"order_id": order["id"]}))["data"]
    text = ok(tenant.owner.get(f"/v1/mails/{mail['id']}"))["text"].replace(",", "")
    assert total in text
    assert price in text


def test_a_product_whose_price_has_too_many_decimals_cannot_be_ordered(platform: Platform) -> None:
    tenant = platform.tenant()
    product = platform.product(tenant, price="100", currency="JPY")
    platform.database.execute("update products set price = 100.50 where id = %s", [product["id"]])
    lines = [{"product_id": product["id"], "quantity": 3}]
    body = {**ORDER, "lines": lines, "shipping_address": ADDRESS}
    response = platform.api().post(f"/v1/storefront/{tenant.domain}/orders", json=body)
    assert pointers(problem(response, 422, "invalid")) == ["/lines/0/product_id"]


def test_the_openapi_document_contains_each_currency_and_country() -> None:
    schemas = document()["components"]["schemas"]
    assert {"EUR", "JPY", "KWD"} < {*schemas["CurrencyCode"]["enum"]}
    assert {"DE", "GB", "US"} < {*schemas["CountryCode"]["enum"]}
    assert not {"XXX", "DEM", "CLF"} & {*schemas["CurrencyCode"]["enum"]}
    assert not {"ZZ", "UK", "AN"} & {*schemas["CountryCode"]["enum"]}
