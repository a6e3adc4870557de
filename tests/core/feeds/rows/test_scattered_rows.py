"""Tests that the rows of a product are combined at any position in the file."""

import random
import tracemalloc

import pytest

from tests.core.feeds.feed_reading import Body, read
from wecelebrate.feeds import Product, open_feed

WOO = "ID,Type,SKU,Name,In stock?,Stock,Regular price,Categories,Images,Parent,Attribute 1 name,Attribute 1 value(s)\n"
HOODIE = '1,variable,HD,Hoodie,1,,,"Soap\\, Cream, Gifts",https://x.example/h.jpg,,Colour,"Blue, Red"\n'
BLUE = '7,variation,HD-B,"Hoodie - Blue, No",1,4,20,,,HD,Colour,Blue\n'
RED = "9,variation,HD-R,Hoodie - Red,0,,21,,https://x.example/r.jpg,id:1,Colour,Red\n"
MUG = "2,simple,MUG,Mug,1,,9,Kitchen &amp; Bath,,,,\n"
CAP = "3,variable,CAP,Cap,1,,,Caps,,,Colour,Green\n"
GREEN = "8,variation,CAP-G,Cap - Green,1,2,5,,,CAP,Colour,Green\n"

SHOPIFY = "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Status\n"
SMALL = "shirt,Shirt,Brand,Size,S,S-S,10,https://x.example/1.jpg,draft\n"
MEDIUM = "shirt,,,,M,S-M,11,,\n"
IMAGE = "shirt,,,,,,,https://x.example/2.jpg,\n"
BOWL = "bowl,Bowl,Acme,Title,Default Title,BOWL,5,https://x.example/b.jpg,active\n"


def by_sku(text: str) -> dict[str, Product]:
    reading = read(text)
    assert sum(item.rows for item in reading.items) == reading.feed.rows_read
    return {product.sku: product for product in reading.products}


@pytest.mark.parametrize("seed", range(6))
def test_woocommerce_variations_inherit_from_their_product_at_any_position(seed: int) -> None:
    rows = [HOODIE, BLUE, RED, MUG, CAP, GREEN]
    random.Random(seed).shuffle(rows)
    reading = read(WOO + "".join(rows))
    assert not reading.rejected
    products = by_sku(WOO + "".join(rows))
    assert {sku: (p.name, p.category, str(p.price)) for sku, p in products.items()} == {
        "HD-B": ("Hoodie - Blue, No", "Soap, Cream", "20.00"),
        "HD-R": ("Hoodie - Red", "Soap, Cream", "21.00"),
        "MUG": ("Mug", "Kitchen & Bath", "9.00"),
        "CAP-G": ("Cap - Green", "Caps", "5.00"),
    }
    assert products["HD-B"].images == ["https://x.example/h.jpg"]
    assert products["HD-R"].images == ["https://x.example/r.jpg", "https://x.example/h.jpg"]
    assert (products["HD-R"].inventory_policy, products["HD-R"].inventory_count) == ("tracked", 0)
    assert products["CAP-G"].attributes == {"Colour": "Green"}


def test_a_woocommerce_parent_row_with_a_price_is_not_a_product() -> None:
    reading = read(WOO + HOODIE.replace("Hoodie,1,,,", "Hoodie,1,,15,"))
    assert not reading.products
    assert (reading.rejection.sku, reading.rejection.code) == ("HD", "not_sold_itself")
    assert "no variation" in reading.rejection.reason


def test_a_variation_without_its_product_in_the_file_inherits_nothing() -> None:
    product = by_sku(WOO + BLUE)["HD-B"]
    assert product.fields_set & {"category", "images", "description"} == set()
    assert {"name", "price", "inventory_count"} <= product.fields_set


@pytest.mark.parametrize("seed", range(6))
def test_shopify_rows_of_one_handle_are_one_product_in_any_order(seed: int) -> None:
    rows = [SMALL, MEDIUM, IMAGE, BOWL]
    random.Random(seed).shuffle(rows)
    products = by_sku(SHOPIFY + "".join(rows))
    assert {sku: p.name for sku, p in products.items()} == {
        "S-S": "Shirt \u2013 S", "S-M": "Shirt \u2013 M", "BOWL": "Bowl",
    }  # fmt: skip
    assert {(p.brand, p.is_active) for sku, p in products.items() if sku != "BOWL"} == {("Brand", False)}
    assert set(products["S-M"].images) == {"https://x.example/1.jpg", "https://x.example/2.jpg"}
    assert sum(product.rows for product in products.values()) == 4


def test_a_shopify_variant_without_its_title_row_inherits_nothing() -> None:
    product = by_sku(SHOPIFY + MEDIUM + BOWL)["S-M"]
    assert str(product.price) == "11.00"
    assert product.fields_set & {"name", "brand", "is_active"} == set()


def test_the_order_of_the_items_is_stable() -> None:
    rows = [HOODIE, *(f"{n},simple,P{n},Part {n},1,1,2,,,,,\n" for n in range(20, 60)), BLUE, RED, CAP, MUG, GREEN]
    first, second = ([item.sku for item in read(WOO + "".join(rows)).items] for _ in range(2))
    assert first == second
    assert first[-3:] == ["HD-B", "HD-R", "CAP-G"]


def test_more_scattered_products_than_fit_in_memory_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wecelebrate.feeds.rows.regrouping.MAX_KEYS", 3)
    parents = [f"{n},variable,V{n},Vase {n},1,,,Vases,,,Colour,Blue\n" for n in range(31, 61)]
    variants = [f"{100 + n},variation,V{n}-B,Vase {n} - Blue,1,1,5,,,id:{n},Colour,Blue\n" for n in range(31, 61)]
    products = by_sku(WOO + "".join(variants) + MUG + "".join(parents))
    assert len(products) == 31
    assert {p.category for sku, p in products.items() if sku != "MUG"} == {"Vases"}
    handles = [f"h{n},Item {n},Acme,Size,S,H{n}-S,1,,\n" for n in range(30)]
    later = [f"h{n},,,,M,H{n}-M,1,,\n" for n in range(30)]
    assert {p.brand for p in by_sku(SHOPIFY + "".join(later) + BOWL + "".join(handles)).values()} == {"Acme"}


@pytest.mark.slow
def test_memory_use_does_not_depend_on_the_number_of_scattered_rows() -> None:
    peaks = []
    for count in (500, 5_000):
        rows = [f"h{n},Item {n},Acme,Size,S,H{n}-S,1,https://x.example/{n}.jpg,\n" for n in range(count)]
        rows += [f"h{n},,,,M,H{n}-M,1,,\n" for n in range(count)]
        text = SHOPIFY + "".join(rows)
        tracemalloc.start()
        products = read_count(text)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert products == 2 * count
    assert peaks[1] - peaks[0] < 6 << 20


def read_count(text: str) -> int:
    with open_feed(Body(text.encode()), "feed.csv", None, "EUR") as feed:
        return sum(1 for item in feed if isinstance(item, Product) and item.brand == "Acme")
