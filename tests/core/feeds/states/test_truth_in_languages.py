"""Tests the words for TRUE and FALSE in spreadsheets, and deletion flags in columns with a short name."""

import json

import pytest

from tests.core.feeds.feed_reading import read

PAIRS = [
    ("Sand", "Falsk"), ("SANN", "USANN"), ("SANT", "FALSKT"), ("TOSI", "EPÄTOSI"), ("WAAR", "ONWAAR"),
    ("PRAWDA", "FAŁSZ"), ("PRAVDA", "NEPRAVDA"), ("IGAZ", "HAMIS"), ("ADEVĂRAT", "FALS"), ("DOĞRU", "YANLIŞ"),
    ("ИСТИНА", "ЛОЖЬ"), ("TÕENE", "VÄÄR"), ("TIESA", "NETIESA"), ("ISTINA", "NEISTINA"), ("BENAR", "SALAH"),
    ("ĐÚNG", "SAI"), ("VRAI", "FAUX"), ("WAHR", "FALSCH"), ("VERO", "FALSO"), ("真", "假"), ("참", "거짓"),
]  # fmt: skip


@pytest.mark.parametrize(("true", "false"), PAIRS, ids=[false for _, false in PAIRS])
def test_true_and_false_of_each_language_are_states(true: str, false: str) -> None:
    rows = f"A;Cup;1,50;{false}\nB;Mug;2,50;{false}\nC;Jug;3,50;{true}\n"
    for name, expected in (("Blocked", [True, True, False]), ("Active", [False, False, True])):
        reading = read(f"SKU;Name;Price;{name}\n{rows}")
        assert ([product.is_active for product in reading.products], reading.details["warnings"]) == (expected, [])
    assert [product.is_active for product in read(f"SKU;Name;Price;Fragile\n{rows}").products] == [True] * 3


@pytest.mark.parametrize("name", ["Del", "Lö", "DEL.", "Elim", "Sperr"])
def test_a_flag_in_a_column_with_a_short_name_for_deletion_means_inactive(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA;Cup;1,50;\nB;Mug;2,50;\nC;Jug;3,50;X\n")
    assert [product.is_active for product in reading.products] == [True, True, False]


@pytest.mark.parametrize("cells", [("2M", "", ""), ("x", "x", "x"), ("2-3", "", "")])
def test_other_values_in_a_column_with_a_short_name_are_not_states(cells: tuple[str, ...]) -> None:
    rows = "".join(f"A{at};Cup;1,50;{cell}\n" for at, cell in enumerate(cells))
    assert all(product.is_active for product in read(f"SKU;Name;Price;Del\n{rows}").products)


@pytest.mark.parametrize("place", ["product", "masterData"])
def test_the_published_field_of_commercetools_is_read(place: str) -> None:
    def product(sku: str, published: bool) -> dict[str, object]:
        variant: dict[str, object] = {
            "id": 1,
            "sku": sku,
            "prices": [{"value": {"currencyCode": "EUR", "centAmount": 150}}],
        }
        master: dict[str, object] = {"current": {"name": {"en": sku}, "masterVariant": variant, "variants": []}}
        whole: dict[str, object] = {"id": sku, "masterData": master}
        (whole if place == "product" else master)["published"] = published
        return whole

    content = json.dumps({"results": [product("A", True), product("B", False)]})
    assert [item.is_active for item in read(content, "products.json").products] == [True, False]


def test_flags_are_recognised_even_if_a_printed_list_repeats_its_header() -> None:
    rows = "A;Cup;1,50;\nB;Mug;2,50;\nSKU;Name;Price;Del\nC;Jug;3,50;X\n"
    assert [product.is_active for product in read(f"SKU;Name;Price;Del\n{rows}").products] == [True, True, False]
