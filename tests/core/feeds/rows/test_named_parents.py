"""Tests files in which variants name their parents in a column. The column is recognised by its name and its values."""

import pytest

from tests.core.feeds.feed_reading import Reading, read

NAMES = ("Parent SKU", "Código Pai", "Código del padre", "Codice padre", "Code parent", "Vaterartikel", "Elternartikel",
         "Nadřazený produkt", "Hoofdartikel", "Parent Item No", "親商品コード", "Артикул родителя")  # fmt: skip


def _read(parent: str, *rows: str) -> Reading:
    return read("\n".join((f"SKU;{parent};Name;Price;Stock;Category", *rows, "")))


@pytest.mark.parametrize("parent", NAMES)
def test_variants_inherit_blank_values_from_the_parent_that_they_name(parent: str) -> None:
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
def test_a_column_without_known_parents_has_no_effect(name: str, values: tuple[str, str]) -> None:
    reading = _read(
        name, "TEE;;T-Shirt;9;1;", f"TEE-S;{values[0]};Small;19.90;3;", f"TEE-M;{values[1]};Medium;21.00;0;"
    )
    assert reading.feed._plan.parent == []
    assert [one.sku for one in reading.products] == ["TEE", "TEE-S", "TEE-M"]


def test_a_parent_is_not_a_product_if_only_its_variants_have_a_stock() -> None:
    sold = _read("Parent SKU", "SET;;Set;30.00;2;", "CUP;SET;Cup;19.90;3;")
    assert [one.sku for one in sold.products] == ["SET", "CUP"]
    grouped = _read("Parent SKU", "TEE;;T-Shirt;19.90;0;", "TEE-S;TEE;Small;19.90;3;", "TEE-M;TEE;Medium;19.90;0;")
    assert [one.sku for one in grouped.products] == ["TEE-S", "TEE-M"]


def test_a_parent_with_a_stock_is_a_product_even_after_the_sample() -> None:
    pairs = "".join(f"T-{n};;Tee {n};9.90;0\nT-{n}-S;T-{n};Small {n};9.90;3\n" for n in range(400))
    reading = read(f"SKU;Parent SKU;Name;Price;Stock\n{pairs}SET;;Set;30.00;2\nCUP;SET;Cup;19.90;3\n")
    assert [one.sku for one in reading.products][-3:] == ["T-399-S", "SET", "CUP"]
    assert len(reading.products) == 402


def test_a_variant_name_that_lists_options_becomes_attributes() -> None:
    reading = read(
        "Código;Descrição;Preço;Estoque;Código Pai\nCAM;Camiseta;59,90;0;\n"
        'CAM-P;"Cor:Azul;Tamanho:P";59,90;12;CAM\nCAM-G;"Cor:Azul;Tamanho:G";64,90;0;CAM\nCAN;Caneca;39,00;5;\n',
        currency="BRL",
    )
    assert [(one.name, one.attributes) for one in reading.products] == [
        ("Camiseta \N{EN DASH} Azul / P", {"Cor": "Azul", "Tamanho": "P"}),
        ("Camiseta \N{EN DASH} Azul / G", {"Cor": "Azul", "Tamanho": "G"}), ("Caneca", {}),
    ]  # fmt: skip


def test_a_delta_without_parents_does_not_change_blank_values_of_variants() -> None:
    text = "SKU;Parent SKU;Name;Price;Stock\nTEE;;Tee;;\nTEE-S;TEE;;19.90;3\nTEE-M;TEE;;21.00;0\n"
    memory = read(text).feed.reading
    delta = read("SKU;Parent SKU;Name;Price;Stock\nTEE-S;TEE;;18.90;2\n", memory=memory)
    assert [(one.sku, "name" in one.fields_set) for one in delta.products] == [("TEE-S", False)]


def test_the_mapping_can_exclude_the_parent_column() -> None:
    text = "SKU;Parent SKU;Name;Price;Stock\nTEE;;Tee;19.90;0\nTEE-S;TEE;Small;19.90;3\n"
    assert [one.sku for one in read(text, mapping={"parent": None}).products] == ["TEE", "TEE-S"]


WOOCOMMERCE = (
    "ID,Typ,Katalógové číslo,Názov,Zverejnené,Zásoby,Akciová cena,Bežná cena,Nadradený\n"
    "1,variable,SV,Sveter,1,,,,\n2,{0},SV-M,Sveter M,1,5,69.9,89,SV\n3,{0},SV-L,Sveter L,1,0,,89,SV\n"
    "4,simple,MED,Med,1,3,,9.5,\n"
)


def test_woocommerce_exports_in_any_language_are_recognised_by_product_types() -> None:
    reading = read(WOOCOMMERCE.format("variation"))
    assert not reading.feed.questions
    assert [(one.sku, [str(offer.price) for offer in one.offers or ()]) for one in reading.products] == [
        ("SV-M", ["69.90"]), ("SV-L", []), ("MED", []),
    ]  # fmt: skip
    assert [question.key for question in read(WOOCOMMERCE.format("variant")).feed.questions] == ["offers"]
