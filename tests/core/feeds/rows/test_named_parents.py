"""Tests files in which the name and the values of a column show that variants name their parents there."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

NAMES = ("Parent SKU", "Código Pai", "Código del padre", "Codice padre", "Code parent", "Vaterartikel", "Elternartikel",
         "Nadřazený produkt", "Hoofdartikel", "Parent Item No", "親商品コード", "Артикул родителя")  # fmt: skip


def _read(parent: str, *rows: str) -> Reading:
    return read("\n".join((f"SKU;{parent};Name;Price;Stock;Category", *rows, "")))


@pytest.mark.parametrize("parent", NAMES)
def test_variants_get_the_blank_values_of_the_parent_that_they_name(parent: str) -> None:
    reading = _read(
        parent, "TEE;;T-Shirt;;;Clothes", "TEE-S;TEE;;19.90;3;", "TEE-M;TEE;T-Shirt M;21.00;0;", "MUG;;Mug;9;5;"
    )
    assert [(one.sku, one.name, one.category, str(one.price)) for one in reading.products] == [
        ("TEE-S", "T-Shirt", "Clothes", "19.90"), ("TEE-M", "T-Shirt M", "Clothes", "21.00"),
        ("MUG", "Mug", None, "9.00"),
    ]  # fmt: skip
    assert not reading.rejected


@pytest.mark.parametrize(
    ("name", "values"),
    [("Parent category", ("Clothes", "Clothes")), ("Parent company", ("TEE", "TEE")), ("Parent SKU", ("X-1", "X-2")),
     ("Principal", ("yes", "no")), ("Master", ("TEE", "TEE"))],
)  # fmt: skip
def test_a_column_that_does_not_name_parents_or_names_only_unknown_parents_has_no_effect(
    name: str, values: tuple[str, str]
) -> None:
    reading = _read(
        name, "TEE;;T-Shirt;9;1;", f"TEE-S;{values[0]};Small;19.90;3;", f"TEE-M;{values[1]};Medium;21.00;0;"
    )
    assert reading.feed._plan.parent == []
    assert [one.sku for one in reading.products] == ["TEE", "TEE-S", "TEE-M"]


def test_a_parent_with_a_price_is_a_product_unless_only_its_variants_have_a_stock() -> None:
    sold = _read("Parent SKU", "SET;;Set;30.00;2;", "CUP;SET;Cup;19.90;3;")
    assert [one.sku for one in sold.products] == ["SET", "CUP"]
    grouped = _read("Parent SKU", "TEE;;T-Shirt;19.90;0;", "TEE-S;TEE;Small;19.90;3;", "TEE-M;TEE;Medium;19.90;0;")
    assert [one.sku for one in grouped.products] == ["TEE-S", "TEE-M"]


def test_a_parent_with_a_stock_is_a_product_even_if_only_parents_without_a_stock_are_in_the_sample() -> None:
    pairs = "".join(f"T-{n};;Tee {n};9.90;0\nT-{n}-S;T-{n};Small {n};9.90;3\n" for n in range(400))
    reading = read(f"SKU;Parent SKU;Name;Price;Stock\n{pairs}SET;;Set;30.00;2\nCUP;SET;Cup;19.90;3\n")
    assert [one.sku for one in reading.products][-3:] == ["T-399-S", "SET", "CUP"]
    assert len(reading.products) == 402


def test_if_the_name_of_a_variant_only_lists_options_it_gets_the_name_of_its_parent_and_attributes() -> None:
    reading = read(
        "Código;Descrição;Preço;Estoque;Código Pai\nCAM;Camiseta;59,90;0;\n"
        'CAM-P;"Cor:Azul;Tamanho:P";59,90;12;CAM\nCAM-G;"Cor:Azul;Tamanho:G";64,90;0;CAM\nCAN;Caneca;39,00;5;\n',
        currency="BRL",
    )
    assert [(one.name, one.attributes) for one in reading.products] == [
        ("Camiseta \N{EN DASH} Azul / P", {"Cor": "Azul", "Tamanho": "P"}),
        ("Camiseta \N{EN DASH} Azul / G", {"Cor": "Azul", "Tamanho": "G"}), ("Caneca", {}),
    ]  # fmt: skip


def test_a_delta_without_the_parents_leaves_the_blank_values_of_stored_variants_unchanged() -> None:
    text = "SKU;Parent SKU;Name;Price;Stock\nTEE;;Tee;;\nTEE-S;TEE;;19.90;3\nTEE-M;TEE;;21.00;0\n"
    memory = read(text).feed.reading
    delta = read("SKU;Parent SKU;Name;Price;Stock\nTEE-S;TEE;;18.90;2\n", memory=memory)
    assert [(one.sku, "name" in one.fields_set) for one in delta.products] == [("TEE-S", False)]


def test_the_mapping_can_leave_the_parent_out() -> None:
    text = "SKU;Parent SKU;Name;Price;Stock\nTEE;;Tee;19.90;0\nTEE-S;TEE;Small;19.90;3\n"
    assert [one.sku for one in read(text, mapping={"parent": None}).products] == ["TEE", "TEE-S"]


WOOCOMMERCE = (
    "ID,Typ,Katalógové číslo,Názov,Zverejnené,Zásoby,Akciová cena,Bežná cena,Nadradený\n"
    "1,variable,SV,Sveter,1,,,,\n2,{0},SV-M,Sveter M,1,5,69.9,89,SV\n3,{0},SV-L,Sveter L,1,0,,89,SV\n"
    "4,simple,MED,Med,1,3,,9.5,\n"
)


def test_the_types_of_woocommerce_show_its_export_in_any_language() -> None:
    reading = read(WOOCOMMERCE.format("variation"))
    assert not reading.feed.questions
    assert [(one.sku, [str(offer.price) for offer in one.offers or ()]) for one in reading.products] == [
        ("SV-M", ["69.90"]), ("SV-L", []), ("MED", []),
    ]  # fmt: skip
    assert [question.key for question in read(WOOCOMMERCE.format("variant")).feed.questions] == ["offers"]
