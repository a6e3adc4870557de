"""Tests that each order in a file is imported exactly as the rows state it, or is refused with a reason."""

import io
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from wecelebrate.order_imports import columns, reading
from wecelebrate.order_imports.assembling import BadOrder, assemble
from wecelebrate.order_imports.spool import Row
from wecelebrate.order_imports.values import BadValue, Settings, moment, number

SETTINGS = Settings(source="shop", currency="EUR", status="delivered", zone=ZoneInfo("Europe/Berlin"))
LINE = {"order_number": "A1", "created_at": "2024-03-01 10:00", "sku": "S", "name": "Mug", "quantity": "2",
        "unit_price": "3.50"}  # fmt: skip


def order_of(*rows: dict[str, str], settings: Settings = SETTINGS) -> dict[str, Any]:
    """Return the order that the rows describe."""
    header = {column: None for row in rows for column in row}
    numbered = [Row(0, position, row, None) for position, row in enumerate(rows, start=2)]
    return dict(assemble("A1", numbered, [columns.fields_of(header, settings.columns)], settings).values)


def refusal_of(*rows: dict[str, str], settings: Settings = SETTINGS) -> tuple[str, int | None]:
    """Return the error code of the refusal, and the number of the row that causes the error."""
    with pytest.raises(BadOrder) as caught:
        order_of(*rows, settings=settings)
    return caught.value.code, caught.value.row.number if caught.value.row else None


def pieces_of(order: dict[str, Any]) -> list[tuple[int, int, int]]:
    return [(line["quantity"], line["shipped"], line["cancelled"]) for line in order["lines"]]


def test_the_rows_of_an_order_become_the_lines_of_the_order() -> None:
    order = order_of(LINE, LINE | {"sku": "T", "quantity": "1.00", "unit_price": "0.01"})
    assert [(line["line"], line["sku"], line["quantity"]) for line in order["lines"]] == [(1, "S", 2), (2, "T", 1)]
    assert (order["total_amount"], order["currency"], order["status"]) == ("7.01", "EUR", "delivered")
    assert order["created_at"] == "2024-03-01T10:00:00+01:00"
    assert (order["customer_name"], order["customer_email"], order["shipping_address"]) == ("", "", {})


def test_a_line_with_a_negative_quantity_cancels_pieces_of_the_order() -> None:
    order = order_of(LINE, LINE | {"quantity": "-1"})
    assert (pieces_of(order), order["total_amount"]) == ([(2, 1, 1)], "3.50")


@pytest.mark.parametrize("quantity", ["56", "-10"])
def test_rows_without_a_person_and_without_a_price_are_a_stock_adjustment(quantity: str) -> None:
    counted = LINE | {"quantity": quantity, "unit_price": "0", "currency": "EUR", "total_amount": "0.00",
                      "shipping_country": "GB"}  # fmt: skip
    assert refusal_of(counted) == ("adjustment", None)
    assert refusal_of(counted, counted | {"sku": "T"}) == ("adjustment", None)
    filled = counted | dict.fromkeys(("shipped_quantity", "cancelled_quantity", "returned_quantity"), "0")
    assert refusal_of(filled) == ("adjustment", None)


@pytest.mark.parametrize(
    "sign",
    [{"customer_id": "17850"}, {"customer_email": "ann@example.test"}, {"shipping_name": "Ann"}, {"kind": "sale"},
     {"status": "delivered"}, {"cancelled_at": "2024-03-02"}, {"total_amount": "4.90"}, {"shipped_quantity": "2"},
     {"shipped_quantity": "2", "returned_quantity": "1"}, {"cancelled_quantity": "1"}],
)  # fmt: skip
def test_a_free_order_with_a_person_or_a_status_or_a_total_is_imported(sign: dict[str, str]) -> None:
    free = LINE | {"unit_price": "0"}
    assert order_of(free | sign)["order_number"] == "A1"
    assert order_of(free, LINE | {"sku": "T"})["total_amount"] == "7.00"


def test_a_fully_credited_order_is_cancelled_with_its_original_total() -> None:
    order = order_of(LINE, LINE | {"quantity": "-2"})
    assert (order["status"], pieces_of(order), order["total_amount"]) == ("cancelled", [(2, 0, 2)], "7.00")


@pytest.mark.parametrize(
    ("rows", "code", "row"),
    [
        ([LINE | {"quantity": "-1"}], "credit", None),
        ([LINE, LINE | {"quantity": "-1", "unit_price": "3.49"}], "credit", None),
        ([LINE, LINE | {"quantity": "-3"}], "credit", None),
        ([LINE, LINE | {"quantity": "1.5"}], "bad_quantity", 3),
        ([LINE | {"quantity": "0"}], "bad_quantity", 2),
        ([LINE | {"unit_price": "-3.50"}], "negative_amount", 2),
        ([LINE | {"unit_price": "3,50"}], "bad_amount", 2),
        ([LINE | {"unit_price": "3.505"}], "amount_too_fine", 2),
        ([LINE | {"unit_price": "1e3"}], "bad_amount", 2),
        ([LINE | {"unit_price": "NaN"}], "bad_amount", 2),
        ([LINE | {"unit_price": ""}], "no_price", 2),
        ([LINE | {"created_at": "03/04/2024"}], "bad_time", 2),
        ([LINE | {"created_at": "2999-01-01"}], "bad_time", 2),
        ([LINE | {"created_at": ""}], "no_time", 2),
        ([LINE | {"status": "complete"}], "unknown_status", 2),
        ([LINE | {"currency": "EURO"}], "bad_currency", 2),
        ([LINE | {"customer_email": "ann"}], "bad_email", 2),
        ([LINE | {"currency": "EUR"}, LINE | {"currency": "USD"}], "rows_differ", 3),
        ([LINE | {"name": "a\x00b"}], "bad_text", 2),
        ([LINE | {"sku": "s" * 201}], "too_long", 2),
        ([LINE | {"fulfilment": "partial"}], "no_shipped_quantity", None),
        ([LINE | {"shipped_quantity": "3"}], "bad_pieces", None),
        ([LINE | {"shipped_quantity": "1"}], "bad_pieces", None),
        ([LINE | {"returned_quantity": "3"}], "bad_pieces", None),
        ([LINE | {"metadata": "[]"}], "bad_metadata", 2),
        ([LINE | {"metadata": r'{"a": "\u0000"}'}], "bad_metadata", 2),
        ([LINE | {"metadata": r'{"a": "\ud800"}'}], "bad_metadata", 2),
        ([LINE | {"metadata": '{"a": 18446744073709551616}'}], "bad_metadata", 2),
        ([LINE | {"metadata": '{"a": ' + "[" * 300 + "]" * 300 + "}"}], "bad_metadata", 2),
        ([LINE | {"problem": "Out of stock"}], "bad_problem", 2),
        ([LINE | {"quantity": "1.000"}], "bad_quantity", 2),
    ],
)  # fmt: skip
def test_an_order_with_an_invalid_or_ambiguous_row_is_refused(
    rows: list[dict[str, str]], code: str, row: int | None
) -> None:
    assert refusal_of(*rows) == (code, row)


def test_the_currency_amounts_and_status_of_an_order_are_never_guessed() -> None:
    without = Settings(status="delivered")
    assert refusal_of(LINE, settings=without)[0] == "no_currency"
    assert refusal_of(LINE, settings=Settings(currency="EUR"))[0] == "no_status"
    yen = Settings(currency="JPY", status="delivered")
    assert refusal_of(LINE, settings=yen)[0] == "amount_too_fine"
    assert order_of(LINE | {"unit_price": "3.0"}, settings=yen)["total_amount"] == "6"


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1234.5", None, "1234.5"), ("-2", None, "-2"), ("1,234.50", ".", "1234.50"), ("1.234,50", ",", "1234.50"),
        ("1 234,5", ",", "1234.5"), ("1.234", ",", "1234"), ("1.234", None, "1.234"), ("0,5", ",", "0.5"),
    ],
)  # fmt: skip
def test_a_number_is_read_with_the_decimal_mark_of_the_request(text: str, mark: str | None, value: str) -> None:
    assert str(number("amount", text, mark)) == value


@pytest.mark.parametrize(
    ("text", "mark"), [("1,234.50", None), ("1.23,4", ","), ("1,2345", "."), ("٣", None), ("", "."), ("1..2", ".")]
)  # fmt: skip
def test_a_number_that_does_not_fit_the_decimal_mark_is_refused(text: str, mark: str | None) -> None:
    with pytest.raises(BadValue):
        number("amount", text, mark)


def test_a_time_without_an_offset_is_in_the_time_zone_of_the_request() -> None:
    assert moment("t", "2024-07-01T00:30:00", SETTINGS).astimezone(UTC) == datetime(2024, 6, 30, 22, 30, tzinfo=UTC)
    assert moment("t", "2024-01-05 10:22:01 +0100", SETTINGS) == datetime(2024, 1, 5, 9, 22, 1, tzinfo=UTC)
    british = Settings(date_format="%d/%m/%Y %H:%M")
    assert moment("t", "03/04/2024 09:05", british) == datetime(2024, 4, 3, 9, 5, tzinfo=UTC)
    with pytest.raises(BadValue):
        moment("t", "2024-04-03", british)


def test_several_columns_for_one_field_are_refused_without_a_choice_in_the_request() -> None:
    header = ["Invoice No", "Order No", "sku"]
    with pytest.raises(columns.AmbiguousColumns, match="order_number"):
        columns.fields_of(header, {})
    fields = columns.fields_of(header, {"order_number": "Invoice No"})
    assert fields == {"Invoice No": "order_number", "sku": "sku"}
    assert columns.fields_of(["Order No", "order_number"], {}) == {"order_number": "order_number"}


def test_the_columns_of_a_shopify_order_export_are_recognized() -> None:
    header = ["Name", "Email", "Currency", "Total", "Created at", "Lineitem quantity", "Lineitem name",
              "Lineitem price", "Lineitem sku", "Shipping Name", "Shipping Zip", "Cancelled at"]  # fmt: skip
    fields = columns.fields_of(header, {})
    assert (fields["Name"], fields["Lineitem name"], fields["Shipping Zip"]) == (
        "order_number", "name", "shipping_postal_code",
    )  # fmt: skip
    assert set(fields) == set(header)


SHOPIFY = {"Name": "#1001", "Created at": "2024-03-01 10:00:00 +0100", "Lineitem name": "Mug", "Lineitem quantity": "2",
           "Lineitem price": "3.50", "Currency": "EUR"}  # fmt: skip


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ({"Fulfillment Status": "fulfilled", "Financial Status": "paid"}, "shipped"),
        ({"Fulfillment Status": "unfulfilled", "Financial Status": "paid"}, "pending"),
        ({"Fulfillment Status": "unfulfilled", "Financial Status": "voided"}, "cancelled"),
        ({"Fulfillment Status": "restocked", "Financial Status": "refunded"}, "cancelled"),
        ({"Fulfillment Status": "fulfilled", "Financial Status": "refunded"}, "shipped"),
        ({"Fulfillment Status": "", "Financial Status": "refunded"}, "cancelled"),
        ({"Fulfillment Status": "fulfilled", "Cancelled at": "2024-03-02 10:00:00 +0100"}, "cancelled"),
    ],
)
def test_the_states_in_a_shopify_export_determine_the_order_status(states: dict[str, str], status: str) -> None:
    first = SHOPIFY | states | {"Fulfilled at": "2024-03-01 12:00:00 +0100"}
    # Only the first row of an order contains the states of the order.
    order = order_of(first, SHOPIFY | dict.fromkeys(states, "") | {"Fulfilled at": ""}, settings=Settings())
    assert order["status"] == status
    assert order["shipped_at"] == ("2024-03-01T12:00:00+01:00" if status == "shipped" else None)


def test_the_status_words_of_a_request_override_the_states_of_shopify() -> None:
    row = SHOPIFY | {"Fulfillment Status": "fulfilled", "Financial Status": "paid"}
    assert order_of(row, settings=Settings(statuses={"fulfilled": "delivered"}))["status"] == "delivered"
    assert order_of(row, settings=Settings(status="delivered"))["status"] == "shipped"


@pytest.mark.parametrize(
    ("states", "code", "text"),
    [
        ({"Financial Status": "paid"}, "no_status", "--column status=COLUMN"),
        ({"Fulfillment Status": "scheduled"}, "unknown_status", "--status-word"),
        ({"Fulfillment Status": "partial"}, "no_shipped_quantity", "lines_upload_id"),
    ],
)
def test_a_shopify_order_with_an_unclear_status_is_refused_with_a_hint(
    states: dict[str, str], code: str, text: str
) -> None:
    with pytest.raises(BadOrder) as caught:
        order_of(SHOPIFY | states, settings=Settings())
    assert caught.value.code == code
    assert text in caught.value.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_the_encoding_of_a_table_is_detected(encoding: str) -> None:
    text = "order_number;created_at;sku;name;quantity;unit_price\r\n" + "".join(
        f"A{n};2024-03-01 10:00;S;Café Größe;1;2.00\r\n" for n in range(20)
    )
    header: dict[str, None] = {}
    rows = list(reading.rows(io.BytesIO(text.encode(encoding)), "a.csv", columns.known_columns({}), header))
    assert list(header) == text.split("\r\n", 1)[0].split(";")
    assert [row.cells["name"] for row in rows] == ["Café Größe"] * 20
    assert [row.number for row in rows] == list(range(2, 22))


def test_json_numbers_keep_their_exact_text() -> None:
    text = (
        b'{"order_number": 17, "total_amount": 0.30, "metadata": {"a": 1.5, "b": [true]}, "items": [{"quantity": 2}]}'
    )
    (row,) = reading.rows(io.BytesIO(text), "a.ndjson", columns.known_columns({}), {})
    assert row.cells == {"order_number": "17", "total_amount": "0.30", "metadata": '{"a": 1.5, "b": [true]}'}
    assert row.lines == ({"quantity": "2"},)


@pytest.mark.parametrize("line", [b"[]", b'{"a": 1, "a": 2}', b"{", b'{"items": [1]}', b"\xff{}", b"null", b"[" * 9999])
def test_an_invalid_ndjson_line_is_one_rejected_row(line: bytes) -> None:
    rows = list(
        reading.rows(io.BytesIO(b'{"a": "1"}\n' + line + b'\n{"a": "2"}\n'), "a.ndjson", columns.known_columns({}), {})
    )
    assert [row.problem is None for row in rows] == [True, False, True]
