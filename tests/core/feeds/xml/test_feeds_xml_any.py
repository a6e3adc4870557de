"""Tests generic XML: the detection of the product element, the column names, encodings, and broken files."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.core.feeds.feed_reading import SPECIAL_CELLS, check_reading, read, read_file
from tests.faults.environment import FULL
from wecelebrate.feeds import UnreadableFeed

MUG = "<product><sku>MUG</sku><name>Mug</name><price>12.50</price></product>"
HAT = "<product><sku>HAT</sku><name>Hat</name><price>3.90</price></product>"


@pytest.mark.parametrize(
    "document",
    [
        f"<products>{MUG}{HAT}</products>",
        f"<products>\n  {MUG}\n  {HAT}\n</products>",
        f"<?xml version='1.0'?><!-- a --><?pi b?><x:export xmlns:x='urn:x' xmlns='urn:y'><x:head><x:n>2</x:n></x:head>"
        f"<list>{MUG}{HAT}</list></x:export>",
        f"<a><groups>{'<group><id>1</id><name>x</name></group>' * 9}</groups><products>{MUG}{HAT}</products></a>",
        f"<a>{MUG}{HAT}</a>".replace("product", "irgendwas"),
        f"\n\n<a>{MUG}{HAT}</a>",
    ],
)
def test_the_product_element_is_detected(document: str) -> None:
    reading = read(document)
    assert [(p.sku, p.name, str(p.price)) for p in reading.products] == [
        ("MUG", "Mug", "12.50"),
        ("HAT", "Hat", "3.90"),
    ]
    assert (reading.details["format"], reading.feed.declared_mode, reading.feed.ended_cleanly) == ("xml", None, True)


def test_a_file_with_a_single_product_is_read() -> None:
    assert read(f"<products>{MUG}</products>").product.sku == "MUG"
    assert read("<catalog><thing><sku>A</sku><name>x</name></thing></catalog>").product.sku == "A"


def test_repeated_elements_inside_a_product_are_not_products() -> None:
    inside = "<items><item><n>1</n><m>2</m></item><item><n>3</n><m>4</m></item></items>"
    reading = read(f"<a>{MUG.replace('</product>', inside + '</product>') * 3}</a>")
    assert [p.sku for p in reading.products] == ["MUG"] * 3


@pytest.mark.parametrize("record", ["thing", "list/thing", "/a/list/thing"])
def test_the_record_option_selects_the_product_element(record: str) -> None:
    others = "<item><sku>NO</sku><name>x</name></item>" * 3
    text = f"<a><items>{others}</items><list><thing><nr>1</nr><text>Mug</text></thing></list></a>"
    mapping = {"record": record, "sku": "nr", "name": "text"}
    product = read(text, mapping=mapping).product
    assert (product.sku, product.name) == ("1", "Mug")
    with pytest.raises(UnreadableFeed, match="no records"):
        read(text, mapping={"record": "nothing"})


def test_column_names_are_paths_of_elements_and_attributes() -> None:
    reading = read_file("shop-offers.xml", "PLN")
    green, yellow = reading.products
    assert reading.details["record"] == "shop/offers/offer"
    assert (green.line, green.sku, green.name, str(green.price)) == (9, "K-1", "Kubek zielony", "49.90")
    assert (green.inventory_count, green.images) == (5, ["https://img.example/k1.jpg", "https://img.example/k1b.jpg"])
    assert (green.source["name.en"], green.attributes["param.Kolor"]) == ("Green mug", "zielony")
    assert green.source["desc"] == "Kamionka, ręczna robota"
    assert (yellow.line, yellow.name) == (19, "Kubek żółty")


def test_a_mapping_can_use_paths_as_column_names() -> None:
    mapping = {
        "price": "price.2", "currency": "price.2@currency", "name": "name.en", "is_active": "@available",
        "description": "desc",
    }  # fmt: skip
    reading = read_file("shop-offers.xml", "PLN", mapping)
    green = reading.products[0]
    assert (str(green.price), green.currency, green.name, green.is_active) == ("11.50", "EUR", "Green mug", True)
    assert green.description == "Kamionka, ręczna robota"


def test_a_column_is_read_even_if_only_the_last_record_has_it() -> None:
    late = "<product><sku>LAST</sku><name>x</name><colour>red</colour><brand>Acme</brand></product>"
    last = read(f"<a>{MUG * 1_500}{late}</a>").products[-1]
    assert (last.brand, last.attributes) == ("Acme", {"colour": "red"})


def test_a_field_is_not_set_if_the_record_lacks_its_element() -> None:
    hat = read(f"<a>{MUG}<product><sku>HAT</sku><price/></product></a>")
    assert hat.products[0].fields_set == {"sku", "name", "price"}
    assert hat.rejection.reason == "price: is empty"


def test_line_numbers_beyond_the_maximum_of_libxml2_are_correct() -> None:
    products = "".join(f"<product>\n<sku>S{n}</sku>\n<name>x</name>\n</product>\n" for n in range(20_000))
    lines = [product.line for product in read(f"<a>\n{products}</a>").products]
    assert lines == list(range(2, 80_002, 4))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp1251", "euc_jp"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_declared_encoding_is_used(encoding: str, end: str) -> None:
    word = {"cp1252": "größe €", "cp1251": "кружка", "euc_jp": "名前"}.get(encoding, "größe 名前")
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig").removesuffix("-le")}"?>\n<a>\n{MUG}</a>'
    product = read(text.replace("Mug", word).replace("\n", end), encoding=encoding).product
    assert (product.name, product.line) == (word, 3)


def test_a_file_that_declares_latin_1_is_read_as_windows_1252() -> None:
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><a>{MUG}</a>'.replace("Mug", "Mug – 5 €")
    assert read(text, encoding="cp1252").product.name == "Mug – 5 €"


def test_the_encoding_option_overrides_the_declaration() -> None:
    text = f'<?xml version="1.0" encoding="UTF-8"?><a>{MUG}</a>'.replace("Mug", "Becher, grün")
    assert read(text, mapping={"encoding": "cp1252"}, encoding="cp1252").product.name == "Becher, grün"


def test_html_entities_are_replaced_by_characters() -> None:
    assert read(f"<a>{MUG}</a>".replace("Mug", "Mug &eacute;&nbsp;&amp;&#8364;")).product.name == "Mug é\xa0&€"


@pytest.mark.parametrize(
    ("end", "line", "problem"),
    [
        (b"<product><sku>X", 4, "the file is incomplete"),
        (b"", 4, "the file is incomplete"),
        (b"<product><sku>\xff</sku></product></a>", 4, "a byte is not valid utf-8"),
        (b"<product><sku>X</name></product></a>", 4, "not well-formed XML"),
        (b"<product><sku>&nothing;</sku></product></a>", 4, "nothing"),
        (b"<product><sku>\0</sku></product></a>", 4, "not well-formed XML"),
        (b"</a>\nmore", 5, "not well-formed XML"),
        (b"</a>\n<a/>", 5, "not well-formed XML"),
    ],
)
def test_products_before_an_xml_error_are_read(end: bytes, line: int, problem: str) -> None:
    reading = read(f"<a>\n{MUG}\n{HAT}\n".encode() + end)
    assert [product.sku for product in reading.products] == ["MUG", "HAT"]
    assert (reading.rejection.line, reading.rejection.rows, reading.rejection.code) == (line, 0, "stopped")
    assert f"line {line}: " in reading.rejection.reason
    assert problem in reading.rejection.reason
    assert not reading.feed.ended_cleanly


def test_a_record_that_is_too_long_does_not_affect_other_records() -> None:
    long = MUG.replace("Mug", "x" * 1_100_000)
    many = MUG.replace("</product>", "<n>x</n>" * 700_000 + "</product>")
    reading = read(f"<a>\n{MUG}\n{long}\n{many}\n{HAT}</a>")
    assert [product.sku for product in reading.products] == ["MUG", "HAT"]
    assert [(item.line, item.rows, item.code) for item in reading.rejected] == [(3, 1, "too_long"), (4, 1, "too_long")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a/>", "no column contains a SKU"),
        ("<?xml version='1.0'?>", "no element"),
        ("<a><b>", "no records"),
        ("<a><b><c>1</c></b><b><c>2</c></b></a>", "no column contains a SKU"),
        ("<?xml version='1.0' encoding='klingon'?><a/>", "is not a text encoding"),
        ("<?xml version='1.0' encoding='base64'?><a/>", "is not a text encoding"),
        ("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "HTML"),
        ("<BMECAT><T_NEW_CATALOG/></BMECAT>", "no records"),
    ],
)
def test_xml_without_products_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableFeed, match=message):
        read(text)


NAMES = st.sampled_from(
    ["product", "item", "sku", "name", "price", "image", "stock", "a", "b", "i", "ARTICLE", "SUPPLIER_AID", "E1MARAM"]
)
TEXTS = st.sampled_from([text for text in SPECIAL_CELLS if text.isprintable()]) | st.from_regex(
    r"[ -~]{0,9}", fullmatch=True
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> etree._Element:
    element = etree.Element(draw(NAMES))
    for name in draw(st.lists(st.sampled_from(["id", "lang", "name", "mode", "currency"]), max_size=2, unique=True)):
        element.set(name, draw(TEXTS))
    element.text = draw(TEXTS)
    if depth < 3:
        element.extend(draw(st.lists(elements(depth + 1), max_size=3)))
    element.tail = draw(TEXTS)
    return element


@given(
    inside=st.lists(elements(), max_size=5),
    root=st.sampled_from(
        ["a", "BMECAT", "cXML", "rss", "feed", "Catalogue", "MATMAS05", "catalogueItemNotificationMessage"]
    ),
    encoding=st.sampled_from(["utf-8", "utf-16", "iso-8859-1"]),
    cut=st.integers(0, 30),
)
@settings(max_examples=200 if FULL else 70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_xml_is_read_or_refused(inside: list[etree._Element], root: str, encoding: str, cut: int) -> None:
    tree = etree.Element(root)
    tree.extend(inside)
    content = etree.tostring(tree, encoding=encoding, xml_declaration=True)
    try:
        check_reading(read(content[: len(content) - cut]))
    except UnreadableFeed as error:
        assert str(error)


def test_an_invalid_xml_element_name_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match="is not a valid name of an element"):
        read("<?xml version='1.0'?><a\x01b><p><sku>A</sku></p></a\x01b>", "feed.xml")
    with pytest.raises(UnreadableFeed, match="must name the element of a product"):
        read("<a><p><sku>A</sku></p></a>", "feed.xml", mapping={"record": "a/\x01p"})
