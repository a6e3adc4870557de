# ruff: noqa: RUF001 (letters of many languages)
"""Tests addresses of all countries: required fields, the spelling of postal codes, regions, and post office boxes."""

from typing import Any, get_args

import pytest

from wecelebrate.addresses import normalized_address, po_box_field, region_code, rules_of
from wecelebrate.addresses.forms import address_format
from wecelebrate.addresses.rules import AddressField
from wecelebrate.addresses.shipping import CountryNotShipped, check_shipped
from wecelebrate.core.errors import Invalid
from wecelebrate.core.types.country import countries
from wecelebrate.orders.models import NewOrder, ShippingAddress

KANJI = {"name": "山田太郎", "line1": "丸の内一丁目1番1号", "city": "千代田区", "region": "東京都"}
ARABIC = {"name": "أحمد", "line1": "شارع الشيخ زايد ١٢", "city": "دبي"}


def pointers(country: str, **fields: Any) -> list[str]:
    """Return the JSON pointers of the refused fields of an address."""
    _, errors = normalized_address({"line1": "Main Street 1", "country": country, **fields}, "")
    return [error.pointer.removeprefix("/") for error in errors]


def postal_code(country: str, text: str) -> str | None:
    return rules_of(country).postal_code_of(text)


@pytest.mark.parametrize(
    ("country", "fields"),
    [
        ("HK", {"city": "Hong Kong"}),
        ("HK", {"region": "Kowloon"}),
        ("HK", {"city": "Hong Kong", "postal_code": "999077"}),
        ("IE", {"city": "Dublin 2", "postal_code": "D02 AF30"}),
        ("IE", {"city": "Galway"}),
        ("SG", {"postal_code": "546080"}),
        ("AE", {"city": "Dubai"}),
        ("AE", {"region": "Abu Dhabi"}),
        ("IL", {"city": "Jerusalem", "postal_code": "9614303"}),
        ("NZ", {"city": "Wellington", "postal_code": "6011"}),
    ],
)
def test_a_field_that_the_country_does_not_use_is_not_required(country: str, fields: dict[str, str]) -> None:
    assert pointers(country, **fields) == []


@pytest.mark.parametrize(
    ("country", "fields", "missing"),
    [
        ("DE", {"city": "Berlin"}, ["postal_code"]),
        ("DE", {"postal_code": "10115"}, ["city"]),
        ("US", {"city": "Springfield", "postal_code": "62701"}, ["region"]),
        ("US", {}, ["city", "region", "postal_code"]),
        ("JP", {"postal_code": "100-0001"}, ["region"]),
        ("SG", {"city": "Singapore"}, ["postal_code"]),
        ("AE", {}, ["city"]),
        ("AQ", {}, ["city"]),
    ],
)
def test_the_error_for_a_missing_address_field_contains_its_pointer(
    country: str, fields: dict[str, str], missing: list[str]
) -> None:
    assert pointers(country, **fields) == missing


def test_an_address_error_contains_the_local_field_name_and_an_example() -> None:
    _, errors = normalized_address({"line1": "1 Main Street", "city": "Springfield", "country": "US"}, "/address")
    assert [(error.pointer, error.detail) for error in errors] == [
        ("/address/region", "is required in US: the state, e.g. AL (Alabama)"),
        ("/address/postal_code", "is required in US, e.g. 95014"),
    ]
    wrong = {"line1": "1", "city": "Springfield", "region": "Bavaria", "postal_code": "ABC", "country": "US"}
    _, errors = normalized_address(wrong, "")
    assert [error.detail for error in errors] == [
        "must be a state of US, e.g. AL (Alabama)",
        "must be a ZIP code of US, e.g. 95014",
    ]


def test_kanji_and_arabic_addresses_are_stored_unchanged() -> None:
    address = {**KANJI, "postal_code": "〒１００－０００１", "country": "JP"}
    assert normalized_address(address, "") == ({**address, "postal_code": "100-0001"}, [])
    arabic = {**ARABIC, "country": "AE"}
    assert normalized_address(arabic, "") == (arabic, [])


def test_an_address_line_of_70_characters_and_a_packing_station_are_accepted() -> None:
    long_line = "Gutenbergstraße am Historischen Marktplatz der Freundschaft 12 Haus 3b"
    assert len(long_line) == 70
    address = {"line1": long_line, "postal_code": "10115", "city": "Berlin", "country": "DE"}
    assert ShippingAddress.model_validate(address).line1 == long_line
    assert normalized_address(address, "")[1] == []
    station = {**address, "line1": "Packstation 145", "line2": "Postnummer 12345678"}
    assert normalized_address(station, "")[1] == []
    assert po_box_field(station) is None


@pytest.mark.parametrize(
    ("country", "text", "stored"),
    [
        ("DE", "D-10115", "10115"),
        ("PT", "1000205", "1000-205"),
        ("GB", "ec1y8sy", "EC1Y 8SY"),
        ("GB", "m25bq", "M2 5BQ"),
        ("CA", "k1a-0b1", "K1A 0B1"),
        ("US", "950141234", "95014-1234"),
        ("LV", "1010", "LV-1010"),
        ("LT", "LT-01100", "01100"),
        ("AT", "A-1010", "1010"),
        ("PL", "00001", "00-001"),
        ("SA", "\u0661\u0662\u0663\u0664\u0665", "12345"),
        ("HK", "n/a", "n/a"),
        ("DE", "1011", None),
        ("DE", "101151", None),
        ("DE", "10115\n", "10115"),
        ("US", "ABCDE", None),
        ("GB", "10115", None),
    ],
)
def test_a_postal_code_is_converted_to_the_spelling_of_its_country(country: str, text: str, stored: str | None) -> None:
    assert postal_code(country, text) == stored


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "il", "US-IL"),
        ("US", "Illinois", "US-IL"),
        ("US", "US-IL", "US-IL"),
        ("IE", "Dublin", "IE-D"),
        ("IE", "County Cork", "IE-CO"),
        ("JP", "Tokyo", "JP-13"),
        ("JP", "東京", "JP-13"),
        ("CA", "Québec", "CA-QC"),
        ("CA", "Nunavut", "CA-NU"),
        ("CA", "Colombie-Britannique", "CA-BC"),
        ("AE", "Dubai", "AE-DU"),
        ("RU", "Московская обл.", "RU-MOS"),
        ("IN", "Tamilnadu", "IN-TN"),
        ("US", "New", None),
        ("US", "Bavaria", None),
        ("DE", "Bayern", None),
    ],
)
def test_a_region_is_recognized_by_its_code_and_its_names(country: str, text: str, code: str | None) -> None:
    assert region_code(country, text) == code


def test_the_examples_and_the_regions_of_every_country_are_valid() -> None:
    for country in sorted(countries()):
        rules, form = rules_of(country), address_format(country)
        assert [postal_code(country, example) for example in form.postal_code_examples] == form.postal_code_examples
        shown = [field for line in form.lines for field in line]
        assert len(shown) == len(set(shown))
        assert {*form.required, *form.required_one_of, *form.labels} <= set(shown) <= set(get_args(AddressField))
        assert [region.code for region in form.regions] == [region.code for region in rules.regions]
        for region in rules.regions:
            names = [name for name in region if name]
            assert [rules.region(name) for name in names] == [region] * len(names)


@pytest.mark.parametrize(
    "line",
    [
        "PO Box 12",
        "p.o. box A-7",
        "P O BOX 1",
        "POB 99",
        "Post Office Box 3",
        "Locked Bag 1797",
        "Private Bag X9",
        "GPO Box 5",
        "Postfach 10 01 02",
        "Postbus 1234",
        "Postboks 12",
        "Box 123",
        "Boîte postale 12",
        "B.P. 123",
        "Apartado 12",
        "Apartado de Correos 7",
        "Casilla 42",
        "Casella Postale 3",
        "Caixa Postal 9",
        "Skrytka pocztowa 4",
        "PL 12",
        "а/я 17",
        "ص.ب 1234",
        "صندوق بريد 12",
        "ת.ד. 12",
        "私書箱12号",
        "邮政信箱 12",
        "사서함 12",
    ],
)
def test_a_post_office_box_is_recognized_in_many_languages(line: str) -> None:
    assert po_box_field({"line1": line}) == "line1"
    assert po_box_field({"line1": "x", "line2": line}) == "line2"


@pytest.mark.parametrize(
    "line",
    [
        "Packstation 145",
        "Paczkomat KRA012",
        "12 Box Hill Road",
        "Tool Box 12 Ltd",
        "Pobedy 12",
        "Postfachweg",
        "Post Street 5",
        "Portobello 7",
        "Plaza 12",
        "Casillas 4",
        "Boxberger Straße 3",
        "1 Poplar Boulevard 12",
        "BP Tower 5",
    ],
)
def test_a_street_or_a_parcel_locker_is_not_a_post_office_box(line: str) -> None:
    assert po_box_field({"line1": line}) is None


@pytest.mark.parametrize(
    ("phone", "is_valid"),
    [
        ("+49 30 1234567", True),
        ("030/123-4567", True),
        ("(030) 1234567", True),
        ("+123456789012345", True),
        ("+1234567890123456", False),
        ("123", False),
        ("call me", False),
        ("+49+30123", False),
        ("\u0661\u0662\u0663\u0664\u0665", False),
    ],
)
def test_a_telephone_number_has_4_to_15_digits(phone: str, is_valid: bool) -> None:
    address = {"line1": "1", "city": "Berlin", "postal_code": "10115", "country": "DE", "phone": phone}
    try:
        ShippingAddress.model_validate(address)
    except ValueError:
        assert not is_valid
    else:
        assert is_valid


def test_the_postal_code_of_an_order_has_the_spelling_of_its_country() -> None:
    order = {
        "lines": [{"product_id": "0192f0c1-5b7e-7c3a-9d4e-2f6a8b1c3d5e", "quantity": 1}],
        "customer_name": "Ann",
        "customer_email": "ann@example.test",
        "shipping_address": {"line1": "1", "city": "Lisboa", "postal_code": "1000205", "country": "PT"},
    }
    assert NewOrder.model_validate(order).shipping_address.postal_code == "1000-205"
    order["shipping_address"] = {"line1": "1", "city": "Lisboa", "country": "PT"}
    with pytest.raises(Invalid) as refused:
        NewOrder.model_validate(order)
    assert [error.pointer for error in refused.value.errors] == ["/shipping_address/postal_code"]


def test_a_site_with_a_list_of_countries_ships_only_to_these_countries() -> None:
    check_shipped(None, "DE", "/country")
    check_shipped(["AT", "DE"], "DE", "/country")
    for countries_of_site in (["AT"], []):
        with pytest.raises(CountryNotShipped) as refused:
            check_shipped(countries_of_site, "DE", "/country")
        assert [error.pointer for error in refused.value.errors] == ["/country"]


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "Cali", "CA"),
        ("US", "Cal", None),
        ("US", "Texa", "TX"),
        ("US", "Tex", None),
        ("JP", "\u9752\u68ee", "\u9752\u68ee\u770c"),
        ("JP", "\u9752", None),
    ],
)
def test_a_region_is_recognized_by_a_long_beginning_of_its_name(country: str, text: str, code: str | None) -> None:
    region = rules_of(country).region(text)
    assert (region.code if region else None) == code


def test_an_unlisted_region_is_refused_only_if_the_country_requires_a_region() -> None:
    # The Emirates have a list of regions, but require no region. American Samoa requires a region, but has no list.
    assert [rules_of(country).region_must_be_listed for country in ("US", "AE", "AS", "DE")] == [
        True, False, False, False,
    ]  # fmt: skip


def test_an_address_in_an_unknown_country_follows_the_default_rules() -> None:
    assert rules_of("AD").required == {"line1", "city"}
    assert rules_of("QQ").required == {"line1", "city"}
    assert rules_of("QQ").regions == []
