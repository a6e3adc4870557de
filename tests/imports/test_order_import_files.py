"""Tests imports of order files with difficult content: unusual names, numbers and totals, truncated rows, and JSON."""

import json

import pytest

from tests.core.feeds.workbooks import table as workbook
from tests.imports.order_importing import HEADER, ROWS, error_file, imported, orders_of, rejections_of, table
from tests.platform import Json, Platform, Tenant, ok


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.mark.parametrize("is_workbook", [False, True])
def test_the_customer_name_sama_is_not_interpreted_as_ditto(tenant: Tenant, is_workbook: bool) -> None:
    header = ("order_number", "created_at", "status", "currency", "customer_name", "shipping_city", "sku", "quantity",
              "unit_price")  # fmt: skip
    rows = [
        ("P-1", "2024-03-01", "delivered", "EUR", "Ann", "Bonn", "MUG", "1", "2.00"),
        ("P-2", "2024-03-02", "delivered", "EUR", "Sama", "'s-Hertogenbosch", "PEN", "1", "3.00"),
    ]
    content = workbook(list(header), *map(list, rows)) if is_workbook else table(rows, header)
    imported(tenant, content, "orders.xlsx" if is_workbook else "orders.csv")
    order = orders_of(tenant)["P-2"]
    assert (order["customer_name"], order["shipping_address"]["city"]) == ("Sama", "'s-Hertogenbosch")


def test_the_decimal_mark_setting_does_not_apply_to_json_and_workbooks(tenant: Tenant) -> None:
    order = {"order_number": "N-1", "created_at": "2024-03-01", "sku": "S", "quantity": 2, "unit_price": 1.25}
    imported(tenant, json.dumps(order).encode(), "orders.ndjson", currency="EUR", status="delivered", decimal_mark=",")
    row = ["N-2", "2024-03-01", "S", 2, 1.25]
    imported(
        tenant, workbook(list(order), row), "orders.xlsx", currency="EUR", status="delivered", decimal_mark=","
    )  # fmt: skip
    orders = orders_of(tenant)
    assert (orders["N-1"]["total_amount"], orders["N-2"]["total_amount"]) == ("2.50", "2.50")


def test_a_total_that_is_not_the_sum_of_the_lines_is_reported(tenant: Tenant) -> None:
    rows = [(*ROWS[0], "9.99"), (*ROWS[2], "9.99"), (*ROWS[3], "12.00")]
    job = imported(tenant, table(rows, (*HEADER, "Total")))
    assert job["result"]["orders"]["with_other_total"] == 1
    assert job["result"]["other_totals"] == [
        {"line": 2, "order_number": "A-1", "total_amount": "9.99", "lines_amount": "8.00", "currency": "EUR"}
    ]
    assert orders_of(tenant)["A-1"]["total_amount"] == "9.99"


def test_the_totals_of_order_lines_are_not_used_as_order_totals(tenant: Tenant) -> None:
    rows = [(*ROWS[0], "7.00"), (*ROWS[2][:7], "7", "1.00", "7.00")]
    job = imported(tenant, table(rows, (*HEADER, "Total")))
    assert rejections_of(tenant, job) == [(2, "total_of_line"), (3, "total_of_line")]
    job = imported(tenant, table(rows, (*HEADER, "Total")), columns={"amount": "Total"})
    assert orders_of(tenant)["A-1"]["total_amount"] == "14.00"


def test_a_status_or_total_that_differs_from_the_imported_order_is_reported(tenant: Tenant) -> None:
    header = (*HEADER, "total_amount")
    shipped = (*ROWS[1], "0.99")
    imported(tenant, table([shipped], header))
    order = orders_of(tenant)["A-2"]
    # A change of the order after its import does not count as a difference.
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/deliver", json={}, headers={"if-match": "*"}))
    again = imported(tenant, table([shipped], header))
    assert (again["counts"]["unchanged"], again["counts"]["rejected"]) == (1, 0)
    delivered = imported(tenant, table([(*shipped[:2], "delivered", *shipped[3:])], header))
    assert rejections_of(tenant, delivered) == [(2, "status_differs")]
    dearer = imported(tenant, table([(*shipped[:9], "1.99")], header))
    assert rejections_of(tenant, dearer) == [(2, "total_differs")]


def test_an_order_with_a_truncated_row_is_not_imported(tenant: Tenant) -> None:
    content = table([ROWS[0], ROWS[1], ROWS[3]]) + b'A-1,2024-03-01T10:00:00Z,delivered,EUR,ann@example.test,CUP,"Cu'
    job = imported(tenant, content)
    assert rejections_of(tenant, job) == [(2, "order_incomplete"), (5, "bad_row")]
    assert set(orders_of(tenant)) == {"A-2", "A-3"}


def test_the_corrected_error_file_of_a_json_import_can_be_imported(tenant: Tenant) -> None:
    lines = [{"sku": "MUG", "quantity": 2, "unit_price": 3.5}, {"sku": "PEN", "quantity": 1, "unit_price": 1.25}]
    order: Json = {"order_number": "J-1", "created_at": "2024-03-01", "currency": "EUR", "items": lines}
    good = order | {"order_number": "J-2", "status": "delivered"}
    bad = order | {"status": "half"}
    text = "\n".join(["{broken", json.dumps(bad), json.dumps(good)])
    job = imported(tenant, text.encode(), "orders.ndjson")
    assert rejections_of(tenant, job) == [(1, "bad_row"), (2, "unknown_status")]
    rows = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows"))["data"]
    assert json.loads(rows[1]["raw"]["items"])[1] == {"sku": "PEN", "quantity": "1", "unit_price": "1.25"}
    first = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows", params={"limit": 1}))
    second = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows", params={"cursor": first["next_cursor"]}))
    assert first["data"] + second["data"] == rows
    file = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/error-file"))
    assert (file["name"].endswith(".errors.ndjson"), file["content_type"]) == (True, "application/x-ndjson")
    corrected = error_file(tenant, job).replace('"half"', '"delivered"')
    again = imported(tenant, corrected.encode(), "errors.ndjson")
    assert (again["counts"]["created"], again["counts"]["rejected"]) == (1, 1)
    assert orders_of(tenant)["J-1"]["total_amount"] == orders_of(tenant)["J-2"]["total_amount"] == "8.25"
