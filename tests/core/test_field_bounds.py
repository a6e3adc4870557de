"""Tests the shortest, longest, smallest and largest value of each field that a caller can send."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from wecelebrate.clients.models import ClientPatch, NewClient
from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input, json_bytes
from wecelebrate.core.problem_document import FieldError
from wecelebrate.orders.models import NewOrder, NewOrderLine, OrderFilters, ShippingAddress
from wecelebrate.products.models import NewProduct, ProductListFilters, ProductPatch

PRODUCT_ID = UUID(int=1)
PRODUCT: dict[str, Any] = {"sku": "A1", "name": "Mug", "price": "12.50"}
CLIENT: dict[str, Any] = {"name": "Acme", "slug": "acme"}
ADDRESS: dict[str, Any] = {"line1": "Main St 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
ORDER: dict[str, Any] = {
    "lines": [{"product_id": PRODUCT_ID, "quantity": 1}],
    "customer_name": "Ann",
    "customer_email": "ann@example.test",
    "shipping_address": ADDRESS,
}


def accepts(model: type[Input], body: dict[str, Any], field: str, value: Any) -> bool:
    try:
        model.model_validate({**body, field: value})
    except ValidationError as error:
        assert error.errors()[0]["loc"][0] == field
        return False
    return True


@pytest.mark.parametrize(
    ("model", "body", "field", "min_length", "max_length"),
    [
        (NewProduct, PRODUCT, "sku", 1, 200),
        (NewProduct, PRODUCT, "name", 1, 500),
        (NewProduct, PRODUCT, "description", 0, 100_000),
        (NewProduct, PRODUCT, "category", 1, 300),
        (NewProduct, PRODUCT, "brand", 1, 300),
        (ProductListFilters, {}, "q", 1, 200),
        (NewClient, CLIENT, "name", 2, 500),
        (NewClient, CLIENT, "slug", 1, 100),
        (NewOrder, ORDER, "customer_name", 1, 200),
        (ShippingAddress, ADDRESS, "line1", 1, 200),
        (ShippingAddress, ADDRESS, "postal_code", 1, 20),
        (OrderFilters, {}, "order_number", 1, 50),
        (NewClient, CLIENT, "contact_phone", 1, 500),
        (NewClient, CLIENT, "address", 0, 100_000),
    ],
)
def test_each_text_field_has_a_minimum_and_a_maximum_length(
    model: type[Input], body: dict[str, Any], field: str, min_length: int, max_length: int
) -> None:
    assert accepts(model, body, field, "a" * min_length)
    assert accepts(model, body, field, "a" * max_length)
    assert not accepts(model, body, field, "a" * (max_length + 1))
    if min_length:
        assert not accepts(model, body, field, "a" * (min_length - 1))


@pytest.mark.parametrize(
    ("price", "is_valid"),
    [("0", True), ("0.001", True), ("999999999999.999", True), ("-0.01", False), (10**12, False), ("1.0001", False)],
)
def test_a_price_is_below_1_trillion_and_has_at_most_three_decimals(price: str | int, is_valid: bool) -> None:
    assert accepts(NewProduct, PRODUCT, "price", price) is is_valid
    assert accepts(ProductPatch, {}, "price", price) is is_valid


@pytest.mark.parametrize(("model", "body"), [(NewProduct, PRODUCT), (ProductPatch, {})])
def test_a_price_with_more_decimals_than_its_currency_is_refused(model: type[Input], body: dict[str, Any]) -> None:
    assert model.model_validate(body | {"price": "12.50", "currency": "EUR"})
    assert model.model_validate(body | {"price": "12.505"})  # the model does not know the currency of the catalog
    for more in ({}, {"name": "Mug"}):
        with pytest.raises(Invalid) as error:
            model.model_validate(body | more | {"price": "12.505", "currency": "EUR"})
    assert error.value.errors[0] == FieldError(pointer="/price", detail="must have at most 2 decimals in EUR")


def test_a_patch_that_changes_only_the_currency_is_accepted() -> None:
    assert ProductPatch.model_validate({"currency": "JPY"}).changes() == {"currency": "JPY"}


def test_a_search_has_at_most_ten_words() -> None:
    assert accepts(ProductListFilters, {}, "q", "a " * 10)
    assert not accepts(ProductListFilters, {}, "q", "a " * 11)


@pytest.mark.parametrize(
    ("model", "body", "field", "smallest", "largest"),
    [
        (NewProduct, PRODUCT, "inventory_count", 0, 2_147_483_647),
        (NewOrderLine, {"product_id": PRODUCT_ID}, "quantity", 1, 10_000),
    ],
)
def test_a_quantity_is_a_whole_number_in_a_range(
    model: type[Input], body: dict[str, Any], field: str, smallest: int, largest: int
) -> None:
    for value in (smallest, largest):
        assert accepts(model, body, field, value)
    for invalid in (smallest - 1, largest + 1, "5", 5.5, True, None):
        assert not accepts(model, body, field, invalid)


@pytest.mark.parametrize("value", ["true", 1, 0, "yes", None])
def test_a_boolean_field_accepts_only_true_and_false(value: Any) -> None:
    assert accepts(NewProduct, PRODUCT, "is_active", False)
    assert not accepts(NewProduct, PRODUCT, "is_active", value)


def test_the_number_and_length_of_image_urls_are_limited() -> None:
    longest = "https://a.test/".ljust(2048, "a")
    assert accepts(NewProduct, PRODUCT, "images", [longest] * 50)
    assert not accepts(NewProduct, PRODUCT, "images", [longest] * 51)
    assert not accepts(NewProduct, PRODUCT, "images", [f"{longest}a"])
    assert not accepts(NewProduct, PRODUCT, "images", [""])
    assert accepts(NewProduct, PRODUCT, "images", ["a"])


def test_the_url_of_a_logo_has_at_most_2048_characters() -> None:
    longest = "https://a.test/".ljust(2048, "a")
    assert accepts(NewClient, CLIENT, "logo_url", longest)
    assert not accepts(ClientPatch, {}, "logo_url", f"{longest}a")


def test_a_new_product_and_a_new_client_are_active() -> None:
    product = NewProduct.model_validate(PRODUCT)
    assert (product.is_active, product.inventory_count) == (True, 0)
    assert NewClient.model_validate(CLIENT).is_active


def test_the_domain_of_a_customer_email_address_becomes_ascii() -> None:
    assert NewOrder.model_validate(ORDER | {"customer_email": "ann@bücher.test"}).customer_email == (
        "ann@xn--bcher-kva.test"
    )
    assert not accepts(NewOrder, ORDER, "customer_email", "ann")


def test_an_order_has_from_1_to_100_lines() -> None:
    line = ORDER["lines"][0]
    assert accepts(NewOrder, ORDER, "lines", [line] * 100)
    assert not accepts(NewOrder, ORDER, "lines", [line] * 101)
    assert not accepts(NewOrder, ORDER, "lines", [])


def test_the_metadata_of_an_order_has_at_most_8192_bytes_as_json() -> None:
    largest = {"a": "x" * (8192 - json_bytes({"a": ""}))}
    assert accepts(NewOrder, ORDER, "metadata", largest)
    assert not accepts(NewOrder, ORDER, "metadata", {"a": largest["a"] + "x"})
