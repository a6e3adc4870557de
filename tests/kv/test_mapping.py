"""Tests the mapping of single values and documents. The tests write no rows."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tests.platform import Platform
from wecelebrate.core.types import currencies

Call = Callable[..., Any]


@pytest.fixture
def call(platform: Platform) -> Call:
    """A Python function that calls an SQL function of the schema kv. JSON values, e.g. dicts and lists, are passed as
    `jsonb`."""

    def call(function: str, *arguments: Any) -> Any:
        marks = ", ".join("%s" for _ in arguments)
        row = platform.database.execute(f"select to_jsonb(kv.{function}({marks})) as x".encode(), arguments).fetchone()
        assert row
        return row["x"]

    return call


@pytest.mark.parametrize(
    ("value", "amount", "sign"),
    [
        (19.99, 19.99, None),
        ("19.99", 19.99, None),
        ("19,99", 19.99, None),
        ("19,99 €", 19.99, "€"),
        ("€19.99", 19.99, "€"),
        ("EUR 19.99", 19.99, "EUR"),
        ("19.99 USD", 19.99, "USD"),
        ("$ 19.99", 19.99, "$"),
        ("1.299,00", 1299, None),
        ("1,299.00", 1299, None),
        ("1 299,00 €", 1299, "€"),
        ("1'299.00", 1299, None),
        ("1.299.000", 1299000, None),
        (0, 0, None),
    ],
)
def test_an_unambiguous_amount_is_parsed(call: Call, value: Any, amount: float, sign: str | None) -> None:
    assert call("money", Jsonb(value)) == {"amount": amount, "sign": sign, "reason": None}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1.234", "price_unreadable"),  # ambiguous: 1234, or 1.234
        ("1,234", "price_unreadable"),
        ("19.999", "price_unreadable"),
        ("on request", "price_unreadable"),
        ("", "price_unreadable"),
        ("12 or 13", "price_unreadable"),
        ("EUR 12 USD", "price_unreadable"),
        ("1e3", "price_unreadable"),
        ("0x10", "price_unreadable"),
        ("9" * 41, "price_unreadable"),
        (True, "price_unreadable"),
        ([], "price_unreadable"),
        (-1, "price_negative"),
        ("-5.00", "price_negative"),
        ("−5,00 €", "price_negative"),  # noqa: RUF001 - a minus sign
        (1e300, "price_too_large"),
        (1_000_000_000_000, "price_too_large"),
    ],
)
def test_an_ambiguous_amount_is_refused_with_a_reason(call: Call, value: Any, reason: str) -> None:
    assert call("money", Jsonb(value)) == {"amount": None, "sign": None, "reason": reason}


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-02-20T10:11:12.345Z", "2026-02-20T10:11:12.345+00:00"),
        ("2026-02-20T10:11:12+02:00", "2026-02-20T08:11:12+00:00"),
        ("2026-02-20 10:11", "2026-02-20T10:11:00+00:00"),
        ("2026-02-20T00:30:00-0330", "2026-02-20T04:00:00+00:00"),
        ("2026-02-20", "2026-02-20T00:00:00+00:00"),
        ("February 20, 2026", "2026-02-20T00:00:00+00:00"),
        ("Feb 20, 2026", "2026-02-20T00:00:00+00:00"),
        ("20 February 2026", "2026-02-20T00:00:00+00:00"),
        ("February 29, 2024", "2024-02-29T00:00:00+00:00"),
        (1771581600000, "2026-02-20T10:00:00+00:00"),
        ("1771581600000", "2026-02-20T10:00:00+00:00"),
        ("2026-02-30", None),
        ("February 29, 2025", None),
        ("2026-13-01", None),
        ("2026-02-20T24:00:00Z", None),
        ("2026-02-20T10:60:00Z", None),
        ("2026-02-20T10:00:60Z", None),
        ("03/04/2026", None),  # ambiguous: March or April
        ("31.13.2025", None),
        ("yesterday", None),
        ("Febrember 3, 2026", None),
        ("", None),
        (True, None),
        (12, None),
        ({"$date": 1}, None),
    ],
)
def test_an_unambiguous_time_is_parsed(call: Call, value: Any, moment: str | None) -> None:
    assert call("moment", Jsonb(value)) == moment


def test_the_mapping_accepts_the_same_currencies_as_the_platform(call: Call) -> None:
    assert {code for code in currencies() if call("currency", code.lower()) == code} == set(currencies())
    for name in ("Points", "XYZW", "??", "E", "XTS", "$", ""):
        assert call("currency", name) is None


def test_an_id_that_is_not_a_uuid_becomes_a_uuid_version_8(call: Call) -> None:
    stays = "0197A5C0-6F3B-7D52-9C1E-5A8F2F7F1B3D"
    assert call("id_of", "order", "production", stays) == stays.lower()
    ids = {
        call("id_of", entity, environment, old_id)
        for entity in ("client", "site")
        for environment in ("production", "test")
        for old_id in ("client-001", "client-002", stays)
        if (environment, old_id) != ("production", stays)
    }
    assert len(ids) == 10
    assert {(UUID(id).version, UUID(id).variant) for id in ids} == {(8, UUID(int=8 << 60).variant)}


SECRETS = {
    "password": "x1", "apiKey": "x2", "api_key": "x3", "accessToken": "x4", "clientSecret": "x5", "pwd": "x6",
    "credentials": {"user": "x7"}, "ftpPassword": "x8", "privateKey": "x9", "Authorization": "x10", "pin": "x11",
    "url": "https://user:x12@erp.example", "deep": [{"session_id": "x13"}], "jwt": "eyJhbGciOiJIUzI1NiJ9.x14",
    "connectionString": "x15", "subscription-key": "x16", "otp": "x17",
}  # fmt: skip


def test_a_cleaned_value_contains_no_secret(call: Call) -> None:
    cleaned = call("cleaned", Jsonb({**SECRETS, "keywords": ["key", "token of love"], "footprint": 3}))
    assert cleaned == {"url": None, "deep": [{}], "jwt": None, "keywords": ["key", "token of love"], "footprint": 3}


@pytest.mark.parametrize(
    "name",
    ["smtpPass", "adminPwd", "user_pin", "userPIN", "db-pass", "Pin", "passWord", "pass_word", "passCode", "passkey"],
)
def test_a_field_whose_name_ends_with_password_or_similar_is_omitted(call: Call, name: str) -> None:
    assert call("cleaned", Jsonb({"a": {name: "planted"}, "compass": 1, "shippin": 2, "mappin": 3})) == {
        "a": {}, "compass": 1, "shippin": 2, "mappin": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN PRIVATE KEY-----\nplanted",
        "https://hooks.slack.com/services/T0/B0/planted",
        "https://files.example/a?sv=1&sig=planted",
        "https://files.example/a?access_token=planted",
        "https://files.example/a?X-Amz-Signature=planted",
        "https://files.example/a?code=planted",
        "https://files.example/a?key=planted",
        "Basic dXNlcjpwbGFudGVk",
        "Bearer planted",
        "AKIAIOSFODNN7PLANTED",
    ],
)
def test_a_text_that_is_a_secret_is_omitted(call: Call, secret: str) -> None:
    assert call("cleaned", Jsonb({"note": [secret], "plan": "Basic plan for all"})) == {
        "note": [None], "plan": "Basic plan for all",
    }  # fmt: skip
    assert call("cleaned", Jsonb(secret)) is None


def test_a_site_gets_only_supported_branding_and_settings(call: Call) -> None:
    branding = {
        "primaryColor": "#D91C81", "logo": "https://cdn.example/1.png", "sender": "Shop", "reply_to": "a@b.example",
        "headline": "planted", "name": "Bearer planted",
    }  # fmt: skip
    settings = {"locale": "de", "public": {"locale": "de-AT", "note": "planted"}, "notes": "planted"}
    site = {"id": "s-1", "name": "Shop", "clientId": "c", "branding": branding, "settings": settings}
    mapping = call("map_site", "s-1", Jsonb(site))
    assert mapping["columns"]["branding"] == {
        "color": "#D91C81", "logo": "https://cdn.example/1.png", "sender": "Shop", "reply_to": "a@b.example",
    }  # fmt: skip
    assert mapping["columns"]["settings"] == {"locale": "de", "public": {"locale": "de-AT"}}
    assert mapping["remainder"]["branding"]["headline"] == "planted"
    client = call("map_client", "c-1", Jsonb({"id": "c-1", "name": "Client", "settings": settings}))
    assert client["columns"]["settings"] == {"locale": "de", "public": {"locale": "de-AT"}}


def test_a_one_line_text_contains_no_control_characters_and_no_direction_marks(call: Call) -> None:
    hostile = "a\x1bb\u202ec\u2066d\u200fe\nf\x85g\u2028"
    assert call("line", Jsonb(hostile), 500) == "a b c d e f g"
    assert call("paragraphs", Jsonb(hostile), 500) == "a b c d e\nf g\u2028"
    assert call("line", Jsonb("\u202e\x07"), 500) is None
    mapping = call("map_product", "g-1", Jsonb(GIFT | {"name": "Mug\u202e", "description": "One\nTwo\x07"}))
    assert (mapping["columns"]["name"], mapping["columns"]["description"]) == ("Mug", "One\nTwo")
    assert mapping["remainder"] == {"name": "Mug\u202e", "description": "One\nTwo\x07"}


GIFT = {"id": "g-1", "name": "Mug", "sku": "M-1", "price": 19.99, "currency": "EUR", "catalogId": "c-1"}


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ({"price": "19,99 €", "currency": None}, {"price": 19.99, "currency": "EUR"}),
        ({"price": None, "value": 5}, {"price": 5}),
        ({"price": 5, "value": 5}, {"price": 5}),
        ({"price": {"amount": 5, "currency": "EUR"}, "currency": None}, {"price": 5, "currency": "EUR"}),
        ({"sku": ""}, {"sku": "g-1"}),
        ({"name": None}, {"name": "M-1"}),
        ({"availableQuantity": "12"}, {"inventory_count": 12, "inventory_policy": "tracked"}),
        ({"inventoryQuantity": 12.0}, {"inventory_count": 12, "inventory_policy": "tracked"}),
        ({"inventory": {"total": 50, "available": 40}}, {"inventory_count": 40}),
        ({"inventory": {"onHand": 3}}, {"inventory_count": 0, "inventory_policy": "tracked"}),
        ({"availableQuantity": -3}, {"inventory_count": 0, "inventory_policy": "tracked"}),
        ({"availableQuantity": 2.5}, {"inventory_count": 0, "inventory_policy": "tracked"}),
        ({"inStock": True}, {"inventory_count": 0, "inventory_policy": "untracked"}),
        ({"inStock": False}, {"inventory_count": 0, "inventory_policy": "tracked"}),
        ({"status": "discontinued"}, {"is_active": False}),
        ({"status": "active", "deletedAt": "2026-01-01"}, {"is_active": False}),
        ({"status": "who knows"}, {"is_active": False}),
        ({"image": "data:image/png;base64,AAAA"}, {"images": []}),
        ({"image": "javascript:alert(1)"}, {"images": []}),
        ({"image": "https://user:secret@cdn.example/1.jpg"}, {"images": []}),
        (
            {"imageUrl": "https://cdn.example/1.jpg", "images": ["https://cdn.example/2.jpg", {"url": "http://a.b/3"}]},
            {"images": ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg", "http://a.b/3"]},
        ),
        ({"createdAt": "February 20, 2026"}, {"created_at": "2026-02-20T00:00:00+00:00"}),
    ],
)
def test_a_gift_with_correctable_damage_becomes_the_columns_of_a_product(
    call: Call, fields: dict[str, Any], columns: dict[str, Any]
) -> None:
    mapping = call("map_product", "g-1", Jsonb(GIFT | fields))
    assert mapping["reason"] is None
    assert mapping["columns"] | columns == mapping["columns"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": "on request"}, "price_unreadable"),
        ({"price": ""}, "no_price"),
        ({"price": 5, "value": 6}, "price_ambiguous"),
        ({"currency": "Points"}, "currency_unknown"),
        ({"currency": "USD", "price": "5 €"}, "currency_ambiguous"),
    ],
)
def test_a_gift_with_an_ambiguous_price_is_refused_with_a_reason(
    call: Call, fields: dict[str, Any], reason: str
) -> None:
    assert call("map_product", "g-1", Jsonb(GIFT | fields))["reason"] == reason


def test_a_document_in_snake_case_is_mapped_like_a_document_in_camel_case(call: Call) -> None:
    snake = {"id": "g-1", "name": "Mug", "sku": "M-1", "price": 19.99, "currency": "EUR", "catalog_id": "c-1"}
    assert call("map_product", "g-1", Jsonb(snake))["columns"] == call("map_product", "g-1", Jsonb(GIFT))["columns"]


def test_the_remainder_of_a_document_contains_the_original_value_of_a_corrected_field(call: Call) -> None:
    document = GIFT | {"price": "19,99 €", "tags": ["new"], "token": "planted", "createdAt": "February 20, 2026"}
    assert call("map_product", "g-1", Jsonb(document))["remainder"] == {
        "price": "19,99 €", "tags": ["new"], "createdAt": "February 20, 2026",
    }  # fmt: skip


def test_the_connection_data_of_a_catalog_is_not_copied(call: Call) -> None:
    source = {"type": "api", "sourceId": "s-1", "apiConfig": {"credentials": {"username": "erp", "x": "planted"}}}
    mapping = call("map_catalog", "c-1", Jsonb({"id": "c-1", "name": "Range", "type": "erp", "source": source}))
    assert "planted" not in str(mapping) and "apiConfig" not in str(mapping)
    assert mapping["columns"]["source_config"] == {"source_id": "s-1"}
    assert mapping["notes"]["connection_left_out"] == "source"


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("Shop.Example", "shop.example"),
        ("https://Shop.example:443/welcome?x=1", "shop.example"),
        ("shop.example.", "shop.example"),
        ("not a domain", None),
        ("https://user:secret@shop.example", None),
        ("-shop.example", None),
    ],
)
def test_the_domain_of_a_site_is_the_host_of_its_url(call: Call, domain: str, host: str | None) -> None:
    mapping = call("map_site", "s-1", Jsonb({"id": "s-1", "name": "Shop", "clientId": "c", "domain": domain}))
    assert mapping["columns"].get("domain") == host


ORDER = {
    "id": "ORD-1771581600000-1", "siteId": "s-1", "giftId": "g-1", "giftName": "Mug", "quantity": 2, "unitPrice": 5,
    "totalValue": 10, "currency": "EUR", "userEmail": "a@b.example", "status": "pending",
    "createdAt": "2026-02-20T11:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("foreign", "status"),
    [
        ("pending", "pending"), ("confirmed", "pending"), ("syncing", "processing"), ("in_transit", "shipped"),
        ("out_for_delivery", "shipped"), ("delivered", "delivered"), ("failed", "cancelled"), (None, "pending"),
    ],
)  # fmt: skip
def test_an_unsupported_order_status_becomes_the_nearest_status(call: Call, foreign: str | None, status: str) -> None:
    mapping = call("map_order", ORDER["id"], f"order:{ORDER['id']}", Jsonb(ORDER | {"status": foreign}))
    assert mapping["columns"]["status"] == status


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"siteId": None}, "no_site"),
        ({"status": "lost in space"}, "unknown_status"),
        ({"quantity": 0}, "bad_quantity"),
        ({"quantity": None}, "bad_quantity"),
        ({"quantity": "two"}, "bad_quantity"),
        ({"quantity": True}, "bad_quantity"),
        ({"unitPrice": "1.234"}, "price_unreadable"),
        ({"totalValue": -1}, "total_negative"),
        ({"giftId": None, "giftName": None}, "no_lines"),
    ],
)
def test_an_unreadable_order_is_refused_with_a_reason(call: Call, fields: dict[str, Any], reason: str) -> None:
    mapping = call("map_order", ORDER["id"], f"order:{ORDER['id']}", Jsonb(ORDER | fields))
    assert mapping["reason"] == reason


def test_an_order_without_a_date_gets_the_time_in_its_id(call: Call) -> None:
    mapping = call("map_order", ORDER["id"], f"order:{ORDER['id']}", Jsonb(ORDER | {"createdAt": "yesterday"}))
    assert mapping["columns"]["created_at"] == "2026-02-20T10:00:00+00:00"
    mapping = call("map_order", "ORD-1", "order:ORD-1", Jsonb(ORDER | {"createdAt": None}))
    assert mapping["reason"] == "no_date"


def test_the_site_of_an_order_is_read_from_its_key(call: Call) -> None:
    mapping = call("map_order", "x", "order:s-9:0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d", Jsonb(ORDER | {"siteId": None}))
    assert mapping["columns"]["site"] == "s-9"
