"""Tests variants in XML elements with unknown names. The code of such a variant begins with the code of its product."""

# ruff: noqa: RUF001

from tests.core.feeds.feed_reading import read

SHOES = """<?xml version="1.0" encoding="UTF-8"?><артикли>
<артикал шифра="ОП-330"><назив>Опанак</назив><цена>6.490,00</цена><набавна>3.118,50</набавна><величине>
<величина број="41" шифра="ОП-330-41" стање="3"/><величина број="42" шифра="ОП-330-42" стање="0"/></величине>
<видљив>да</видљив></артикал>
<артикал шифра="КР-005"><назив>Крема</назив><цена>590,00</цена><набавна>241,30</набавна><стање>47</стање>
<видљив>не</видљив></артикал></артикли>"""


def test_each_variant_has_the_price_and_the_state_of_its_product() -> None:
    products = read(SHOES, "list.xml", currency="RSD").products
    assert [(one.sku, one.name, str(one.price), one.inventory_count, one.is_active) for one in products] == [
        ("ОП-330-41", "Опанак", "6490.00", 3, True), ("ОП-330-42", "Опанак", "6490.00", 0, True),
        ("КР-005", "Крема", "590.00", 47, False),
    ]  # fmt: skip
    assert "3.118" not in str([one.attributes for one in products])


def test_elements_without_the_code_prefix_of_the_product_are_not_variants() -> None:
    for other in ("ЧЗ-118-42", "ОП-330-41", "42"):
        products = read(SHOES.replace("ОП-330-42", other), "list.xml", currency="RSD").products
        assert [one.sku for one in products] == ["ОП-330", "КР-005"], other
