"""Tests exports of eBay, QuickBooks, Akeneo, JTL and WooCommerce that differ from the templates of the vendors."""

from tests.core.feeds.feed_reading import Reading, read


def outcome(reading: Reading) -> dict[str, tuple[str | None, str, int | None]]:
    return {one.sku: (one.name, str(one.price), one.inventory_count) for one in reading.products}


def test_variations_without_a_title_belong_to_the_ebay_listing_in_the_row_above() -> None:
    header = "Action;Item number;Title;Variation details;Custom label (SKU);Available quantity;Currency;Start price"
    rows = (
        "Revise;110;Cap;;CAP-1;4;EUR;9,50\nRevise;111;Sock;;;;EUR;\n;;;Size=S;SOCK-S;6;EUR;3,00\n"
        ";;;Size=L;SOCK-L;2;EUR;3,50\nEnd;112;Belt;;BELT-1;1;EUR;19,00\n"
    )
    reading = read(f"{header}\n{rows}")
    assert outcome(reading) == {
        "CAP-1": ("Cap", "9.50", 4), "SOCK-S": ("Sock – S", "3.00", 6), "SOCK-L": ("Sock – L", "3.50", 2),
        "BELT-1": ("Belt", "19.00", 1),
    }  # fmt: skip
    assert [one.sku for one in reading.products if not one.is_active] == ["BELT-1"]
    assert sum(item.rows for item in reading.items) == reading.feed.rows_read == 5


def test_the_items_of_quickbooks_are_identified_by_their_names() -> None:
    header = "!INVITEM\tNAME\tREFNUM\tINVITEMTYPE\tDESC\tPURCHASEDESC\tPRICE\tCOST\tPREFVEND\tHIDDEN\tQNTY"
    rows = (
        "INVITEM\tPADDLE\t71\tINVENTORY\tAsh paddle\tPaddle raw\t49.5\t20\tSecret Woods\tN\t7\n"
        "INVITEM\tVEST-M\t72\tINVENTORY\t\t\t89\t31\tSecret Foam\tY\t3\n"
    )
    reading = read(f"!HDR\tPROD\tVER\nHDR\tQuickBooks\t1\n{header}\n{rows}", "items.iif", currency="USD")
    assert outcome(reading) == {"PADDLE": ("Ash paddle", "49.50", 7), "VEST-M": ("VEST-M", "89.00", 3)}
    assert [(one.is_active, one.attributes) for one in reading.products] == [(True, {}), (False, {})]


def test_an_akeneo_name_is_read_from_the_first_language_with_a_name() -> None:
    header = "sku;family;categories;enabled;name-fr_FR;name-en_US;price-EUR"
    reading = read(f"{header}\nP-1;f;c;1;Bol;Bowl;9.00\nP-2;f;c;1;;Plate;8.00\n")
    assert [one.name for one in reading.products] == ["Bol", "Plate"]


def test_the_available_stock_of_jtl_is_used() -> None:
    header = "Artikelnummer;Artikelname;Brutto-VK;Lagerbestand gesamt;Verfügbarer Lagerbestand"
    assert outcome(read(f"{header}\nT-1;Tasse;9,50;12;7\n")) == {"T-1": ("Tasse", "9.50", 7)}


def test_options_are_not_added_to_a_variation_name_that_contains_them() -> None:
    header = "ID,Typ,Artikelnummer,Name,Veröffentlicht,Regulärer Preis,Übergeordnet,Attribut 1 Name,Attribut 1 Wert(e)"
    rows = (
        "1,variable,TEE,Tee,1,,,Gewicht,100 g\n2,variation,TEE-100,Tee - 100 g,1,5,TEE,Gewicht,100 g\n"
        "3,variation,TEE-500,Tee,1,19,TEE,Gewicht,500 g\n"
    )
    assert [one.name for one in read(f"{header}\n{rows}").products] == ["Tee - 100 g", "Tee – 500 g"]
