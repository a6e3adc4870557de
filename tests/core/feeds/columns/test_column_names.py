"""Tests which fields a column name can mean, and which of several column names fits a field best."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.columns.names import count_known_columns, field_candidates, fold, is_inverse, name_forms


def rank(column: str) -> int:
    [(_, rank, _)] = field_candidates(column)
    return rank


@pytest.mark.parametrize(
    ("name", "folded"),
    [("Art.-Nr.", "artnr"), ("Größe (cm)", "grossecm"), ("PRIX €", "prixeur"), ("Zdjęcie łódź", "zdjecielodz")],
)
def test_folded_names_have_no_capitals_accents_spaces_or_punctuation(name: str, folded: str) -> None:
    assert fold(name) == folded


@pytest.mark.parametrize(
    ("column", "forms"),
    [
        ("Bezeichnung 1", ("bezeichnung1", "bezeichnung")),
        ("Preis (brutto)", ("preisbrutto", "preis")),
        ("Preis [EUR]", ("preiseur", "preis")),
        ("variants.0.sku", ("variants0sku", "variantssku", "sku")),
        ("Image 11", ("image11", "image1")),
        ("(x)", ("x",)),
        ("1", ("1",)),
        ("---", ()),
    ],
)
def test_the_forms_of_a_column_name_omit_remarks_prefixes_and_a_final_digit(
    column: str, forms: tuple[str, ...]
) -> None:
    assert name_forms(column) == forms


def test_the_rank_of_a_column_name_is_higher_for_less_specific_names() -> None:
    assert rank("SKU") == 0
    assert rank("variant sku") == 10
    assert rank("Product SKU") == 20
    assert rank("Product SKU (old)") == 21
    assert rank("Currency") == 0
    assert rank("Currency 1") == 1


@pytest.mark.parametrize(
    ("column", "currency"),
    [
        ("Preis EUR", "EUR"),
        ("Preis in CHF", "CHF"),
        ("price_usd", "USD"),
        ("EUR Preis", "EUR"),
        ("gbp price", "GBP"),
        ("Prix €", "EUR"),
    ],
)
def test_the_name_of_a_price_column_can_contain_the_currency(column: str, currency: str) -> None:
    [(field, _, found)] = field_candidates(column)
    assert (field, found) == ("price", currency)


def test_a_currency_in_the_name_of_a_price_column_does_not_change_its_rank() -> None:
    assert rank("sale price") == 10
    assert rank("sale price EUR") == rank("EUR sale price") == 10
    assert rank("sale price EUR (old)") == 11
    assert field_candidates("weight EUR") == ()


def test_a_column_that_means_inactive_is_the_last_choice_for_the_product_state() -> None:
    assert field_candidates("Gesperrt") == (("is_active", 10_000, None),)
    assert field_candidates("Gesperrt (ja/nein)") == (("is_active", 10_001, None),)
    assert is_inverse("Discontinued") and is_inverse("Gesperrt (ja/nein)")
    assert not is_inverse("Active") and not is_inverse("Status")


def test_a_column_can_mean_several_fields() -> None:
    assert [field for field, _, _ in field_candidates("Short description")] == ["name", "description"]


def test_a_known_column_is_counted_each_time_it_occurs() -> None:
    assert count_known_columns(["SKU", "Preis", "Farbe", "", "SKU"]) == 3
    assert count_known_columns(["Farbe"], frozenset({"farbe"})) == 1
    assert count_known_columns(["Farbe"], frozenset({"groesse"})) == 0
    assert count_known_columns(["SKU", "Farbe"], frozenset({"farbe"})) == 2


def test_a_column_name_has_at_most_a_hundred_characters() -> None:
    assert count_known_columns(["SKU".ljust(100)]) == 1
    assert count_known_columns(["SKU".ljust(101)]) == 0


def test_only_the_first_three_hundred_cells_are_checked() -> None:
    assert count_known_columns([*["x"] * 299, "SKU"]) == 1
    assert count_known_columns([*["x"] * 300, "SKU"]) == 0


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Part_UnitPrice", "price"), ("Part_PartDescription", "name"), ("Part_InActive", "is_active"),
        ("Calculated_OnHandQty", "inventory_count"), ("ItemMaster.ItemName", "name"), ("Products[Name]", "name"),
        ("dbo.Artikel.Bezeichnung", "name"), ("tblArtikel_ArtikelNr", "sku"), ("ItemsBase[ItemPrice]", "price"),
        ("Product Details: Product Name", "name"), ("Artikelstamm_Kurztext", "name"),
    ],
)  # fmt: skip
def test_a_table_name_before_the_column_name_is_ignored(name: str, field: str) -> None:
    assert field in [candidate for candidate, _, _ in field_candidates(name)]


@pytest.mark.parametrize(
    "name",
    ["Supplier_Name", "Customer.Name", "Vendor[Name]", "Product_Type_Id", "Part_Value_Total", "Item_Group", "Part_No_",
     "Product_X"],
)  # fmt: skip
def test_columns_of_unrelated_tables_do_not_contain_the_product_name_or_price(name: str) -> None:
    assert {"name", "price"}.isdisjoint(field for field, _, _ in field_candidates(name))


def test_a_price_unit_is_used_even_if_column_names_begin_with_a_table_name() -> None:
    header = "Part_PartNum,Part_PartDescription,Part_UnitPrice,Part_PricePerCode,Calculated_OnHandQty"
    reading = read(f"{header}\nHX-1,Bolt,11.00,C,4200\nHX-2,Nut,20.00,M,9\nDR-1,Drill,64.99,E,12\n", currency="USD")
    assert {product.sku: str(product.price) for product in reading.products} == {
        "HX-1": "0.11", "HX-2": "0.02", "DR-1": "64.99",
    }  # fmt: skip
