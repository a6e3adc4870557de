"""Orders are exported to destinations, in files of each format."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from tests.platform import Json, Platform, Tenant, ok, pointers, problem
from tests.platform.orders import BERLIN

UBL = {
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
}


@pytest.fixture
def shop(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def mug(platform: Platform, shop: Tenant) -> Json:
    return platform.product(shop, sku="0012", name="=cmd|'/c calc'!A1", price="12.50", inventory_count=100)


@pytest.fixture
def bag(platform: Platform, shop: Tenant) -> Json:
    return platform.product(shop, price="3.00", inventory_count=100)


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def change_address(platform: Platform, order: Json, **fields: str) -> None:
    platform.database.execute(
        "update orders set shipping_address = shipping_address || %s::jsonb where id = %s",
        [json.dumps(fields), order["id"]],
    )


def cancel(platform: Platform, order: Json) -> None:
    platform.database.execute("update orders set status = 'cancelled' where id = %s", [order["id"]])


def actions(platform: Platform, destination: Json) -> list[list[tuple[str, str]]]:
    """Return the action and the order number of each row, as one list for each CSV file of a destination."""
    return [
        [(row["action"], row["order_number"]) for row in csv_rows(content)]
        for content in platform.exported_files(destination).values()
    ]


def test_a_csv_file_has_a_row_for_each_line_of_an_order(platform: Platform, shop: Tenant, mug: Json, bag: Json) -> None:
    destination = platform.destination(shop, "csv", prefix="ACME_")
    order = platform.order(shop, (mug, 2), (bag, 1), shipping_address={**BERLIN, "phone": "+49 30 1234567"})
    job = platform.export(shop, destination)
    assert (job["status"], job["result"]["orders"], job["result"]["files"]) == ("completed", 1, 1)
    [(name, content)] = platform.exported_files(destination).items()
    assert name == "ACME_orders-000001.csv"
    first, second = csv_rows(content)
    assert (first["action"], first["order_number"], first["version"]) == ("new", order["order_number"], "1")
    assert (first["line"], first["sku"], first["quantity"], first["unit_price"], first["line_amount"]) == (
        "1", "0012", "2", "12.50", "25.00"
    )  # fmt: skip
    assert (second["line"], second["sku"], second["line_amount"]) == ("2", bag["sku"], "3.00")
    assert (first["total_amount"], first["currency"]) == ("28.00", "USD")
    assert (first["ship_line1"], first["ship_postal_code"], first["ship_country"]) == ("Lindenstraße 12", "10969", "DE")
    assert first["name"] == "'=cmd|'/c calc'!A1"
    assert first["ship_phone"] == "'+49 30 1234567"


def test_the_done_file_contains_the_sha_256_of_the_exported_file(platform: Platform, shop: Tenant, mug: Json) -> None:
    destination = platform.destination(shop, "ndjson")
    platform.order(shop, (mug, 1))
    platform.export(shop, destination)
    [(name, content)] = platform.exported_files(destination).items()
    done = platform.done_file(destination, name)
    digest = hashlib.sha256(content).hexdigest()
    assert (done["file"], done["sha256"], done["size"], done["orders"]) == (name, digest, len(content), 1)
    [run] = ok(shop.owner.get(f"/v1/order-destinations/{destination['id']}/runs"))["data"]
    assert (run["seq"], run["sha256"], run["key"]) == (1, digest, f"orders/{destination['id']}/out/{name}")


def test_each_change_or_cancellation_of_an_order_is_exported_once_with_its_action(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "csv")
    first, second = platform.order(shop, (mug, 1)), platform.order(shop, (mug, 1))
    platform.export(shop, destination)
    platform.export(shop, destination)
    change_address(platform, first, line1="Lindenstraße 13")
    platform.export(shop, destination)
    cancel(platform, second)
    platform.export(shop, destination)
    platform.export(shop, destination)
    assert actions(platform, destination) == [
        [("new", first["order_number"]), ("new", second["order_number"])],
        [("change", first["order_number"])],
        [("cancel", second["order_number"])],
    ]


def test_an_order_that_was_cancelled_before_the_first_export_is_not_exported(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "csv")
    cancel(platform, platform.order(shop, (mug, 1)))
    job = platform.export(shop, destination)
    assert job["result"]["outcome"] == "There were no new orders."
    assert platform.exported_files(destination) == {}
    assert ok(shop.owner.get(f"/v1/order-destinations/{destination['id']}"))["last_outcome"] == (
        "There were no new orders."
    )


def test_an_order_with_a_problem_is_exported_after_the_problem_is_resolved(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "csv")
    order = platform.order(shop, (mug, 1))
    platform.database.execute("update orders set problem = 'address_check' where id = %s", [order["id"]])
    platform.export(shop, destination)
    assert platform.exported_files(destination) == {}
    platform.database.execute("update orders set problem = null where id = %s", [order["id"]])
    platform.export(shop, destination)
    assert actions(platform, destination) == [[("new", order["order_number"])]]


def test_each_destination_gets_all_orders_that_match_its_site_filter(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    other_site = platform.site(shop.client_id, shop.catalog_id)
    everything = platform.destination(shop, "csv")
    one_site = platform.destination(shop, "csv", site_id=other_site["id"])
    order = platform.order(shop, (mug, 1))
    platform.export(shop, everything)
    platform.export(shop, one_site)
    assert actions(platform, everything) == [[("new", order["order_number"])]]
    assert actions(platform, one_site) == []


def test_orders_of_another_client_and_orders_before_the_destination_are_not_exported(
    platform: Platform, shop: Tenant, other_tenant: Tenant, mug: Json
) -> None:
    platform.order(shop, (mug, 1))
    destination = platform.destination(shop, "csv")
    platform.order(other_tenant, (platform.product(other_tenant), 1))
    platform.export(shop, destination)
    assert platform.exported_files(destination) == {}


def test_a_long_address_is_split_at_spaces_and_not_truncated(platform: Platform, shop: Tenant, mug: Json) -> None:
    destination = platform.destination(shop, "csv", max_line_length=35)
    street = "Gutenbergstraße am Historischen Marktplatz der Freundschaft 12 Haus 3b"
    platform.order(shop, (mug, 1), shipping_address={**BERLIN, "line1": street, "line2": "c/o Meier"})
    platform.export(shop, destination)
    [row] = csv_rows(next(iter(platform.exported_files(destination).values())))
    lines = [row[f"ship_line{number}"] for number in (1, 2, 3, 4)]
    assert " ".join(filter(None, lines)) == f"{street} c/o Meier"
    assert max(map(len, lines)) <= 35


def test_an_order_with_a_refused_address_is_exported_after_a_correction(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "csv", max_line_length=35)
    order = platform.order(shop, (mug, 1), shipping_address={**BERLIN, "city": "B" * 36})
    fits = platform.order(shop, (mug, 1))
    job = platform.export(shop, destination)
    assert (job["result"]["orders"], job["result"]["refused"]) == (1, 1)
    listed_jobs = ok(shop.owner.get("/v1/jobs", params={"type": "order_file"}))["data"]
    assert next(listed for listed in listed_jobs if listed["id"] == job["id"])["counts"] == job["counts"]
    assert actions(platform, destination) == [[("new", fits["order_number"])]]
    [run] = ok(shop.owner.get(f"/v1/order-destinations/{destination['id']}/runs"))["data"]
    [refused] = run["refused"]
    assert refused["order_number"] == order["order_number"]
    assert "`city`" in refused["reason"]
    platform.export(shop, destination)
    assert len(actions(platform, destination)) == 1
    change_address(platform, order, city="Berlin")
    platform.export(shop, destination)
    assert actions(platform, destination)[1:] == [[("new", order["order_number"])]]


def test_a_refused_order_is_exported_after_the_maximum_line_length_is_increased(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "csv", max_line_length=35)
    order = platform.order(shop, (mug, 1), shipping_address={**BERLIN, "city": "B" * 36})
    assert platform.export(shop, destination)["result"]["refused"] == 1
    any_version = {"If-Match": "*"}
    path = f"/v1/order-destinations/{destination['id']}"
    ok(shop.owner.patch(path, json={"max_line_length": 60}, headers=any_version))
    ok(shop.owner.patch(f"/v1/orders/{order['id']}", json={"note": "exported again"}, headers=any_version))
    platform.export(shop, destination)
    assert actions(platform, destination) == [[("new", order["order_number"])]]


def test_a_workbook_has_texts_as_text_and_amounts_as_numbers(platform: Platform, shop: Tenant, mug: Json) -> None:
    columns = [
        {"header": "Auftrag", "field": "order_number"},
        {"header": "Artikel", "field": "sku"},
        {"header": "Bezeichnung", "field": "name"},
        {"header": "Menge", "field": "quantity"},
        {"header": "Preis", "field": "unit_price"},
    ]
    destination = platform.destination(shop, "xlsx", columns=columns)
    order = platform.order(shop, (mug, 2))
    platform.export(shop, destination)
    [content] = platform.exported_files(destination).values()
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows == [
        ["Auftrag", "Artikel", "Bezeichnung", "Menge", "Preis"],
        [order["order_number"], "0012", "=cmd|'/c calc'!A1", 2.0, 12.5],
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        assert b"quotePrefix" in archive.read("xl/styles.xml")


def documents(content: bytes) -> Iterator[Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield etree.fromstring(archive.read(name), etree.XMLParser(load_dtd=False, no_network=True))


def test_placing_and_changing_and_cancelling_an_order_create_ubl_documents(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "ubl", sender="4012345000009", receiver="ERP")
    address = {"line1": "丸の内1番1号", "region": "東京都", "postal_code": "100-0001", "country": "JP"}
    order = platform.order(shop, (mug, 2), shipping_address=address)
    platform.export(shop, destination)
    change_address(platform, order, line1="丸の内1番2号")
    platform.export(shop, destination)
    cancel(platform, order)
    platform.export(shop, destination)
    new, change, cancelled = [next(documents(content)) for content in platform.exported_files(destination).values()]
    names = [etree.QName(document).localname for document in (new, change, cancelled)]
    assert names == ["Order", "OrderChange", "OrderCancellation"]
    assert new.findtext("cbc:ID", namespaces=UBL) == order["order_number"]
    assert new.findtext(".//cbc:PostalZone", namespaces=UBL) == "100-0001"
    assert new.findtext(".//cbc:CountrySubentityCode", namespaces=UBL) == "JP-13"
    assert new.findtext(".//cac:LineItem/cbc:Quantity", namespaces=UBL) == "2"
    assert new.findtext(".//cac:SellersItemIdentification/cbc:ID", namespaces=UBL) == "0012"
    assert change.findtext("cac:OrderReference/cbc:ID", namespaces=UBL) == order["order_number"]
    assert change.findtext(".//cbc:StreetName", namespaces=UBL) == "丸の内1番2号"
    assert cancelled.findtext("cac:OrderReference/cbc:ID", namespaces=UBL) == order["order_number"]


def test_an_idoc_has_the_segments_of_orders05(platform: Platform, shop: Tenant, mug: Json, bag: Json) -> None:
    destination = platform.destination(shop, "idoc")
    first = platform.order(shop, (mug, 2), (bag, 3), shipping_address={**BERLIN, "line1": "x " * 40})
    platform.order(shop, (bag, 1))
    platform.export(shop, destination)
    [content] = platform.exported_files(destination).values()
    idocs = etree.fromstring(content).findall("IDOC")
    assert len(idocs) == 2
    [idoc] = [idoc for idoc in idocs if idoc.findtext("E1EDK01/BELNR") == first["order_number"]]
    assert (idoc.findtext("EDI_DC40/IDOCTYP"), idoc.findtext("EDI_DC40/MESTYP")) == ("ORDERS05", "ORDERS")
    ship_to = idoc.find("E1EDKA1[PARVW='WE']")
    assert ship_to is not None
    assert (ship_to.findtext("ORT01"), ship_to.findtext("LAND1"), ship_to.findtext("PSTLZ")) == (
        "Berlin", "DE", "10969"
    )  # fmt: skip
    assert max(len(element.text or "") for element in ship_to) <= 35
    items = [
        (item.findtext("POSEX"), item.findtext("MENGE"), item.findtext("E1EDP19/IDTNR"))
        for item in idoc.iter("E1EDP01")
    ]
    assert items == [("000001", "2", "0012"), ("000002", "3", bag["sku"])]
    assert idoc.findtext("E1EDS01/SUMME") == "34.00"


def test_a_cxml_order_request_has_the_address_and_the_lines(platform: Platform, shop: Tenant, mug: Json) -> None:
    destination = platform.destination(shop, "cxml", sender="ACME", receiver="ERP")
    address = {
        "line1": "1 Main Street",
        "city": "Springfield",
        "region": "Illinois",
        "postal_code": "62701",
        "country": "US",
    }
    order = platform.order(shop, (mug, 2), shipping_address=address)
    platform.export(shop, destination)
    [content] = platform.exported_files(destination).values()
    [document] = documents(content)
    head = document.find("Request/OrderRequest/OrderRequestHeader")
    assert (head.get("orderID"), head.get("type")) == (order["order_number"], "new")
    assert head.find("ShipTo/Address/PostalAddress/State").get("isoStateCode") == "US-IL"
    item = document.find("Request/OrderRequest/ItemOut")
    assert (item.get("quantity"), item.findtext("ItemID/SupplierPartID")) == ("2", "0012")
    assert item.findtext("ItemDetail/UnitPrice/Money") == "12.50"


def test_a_cxml_document_refers_to_the_previous_document_of_its_destination(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "cxml")
    order = platform.order(shop, (mug, 2))
    platform.export(shop, destination)
    platform.database.execute("update orders set problem = 'address' where id = %s", [order["id"]])
    # This change is not relevant for the destination, so its version is not exported.
    platform.export(shop, destination)
    change_address(platform, order, line1="2 Main Street")
    platform.export(shop, destination)
    cancel(platform, order)
    platform.export(shop, destination)
    other = platform.destination(shop, "cxml", orders_from="2020-01-01T00:00:00Z")
    platform.export(shop, other)
    sent = [next(documents(content)) for content in platform.exported_files(destination).values()]
    references = [document.find(".//OrderRequestHeader/DocumentReference") for document in sent]
    assert [document.find(".//OrderRequestHeader").get("type") for document in sent] == ["new", "update", "delete"]
    assert references[0] is None
    assert [reference.get("payloadID") for reference in references[1:]] == [each.get("payloadID") for each in sent[:2]]
    assert platform.exported_files(other) == {}


def test_an_order_that_does_not_fit_into_an_idoc_does_not_block_other_orders(
    platform: Platform, shop: Tenant, mug: Json
) -> None:
    destination = platform.destination(shop, "idoc")
    long = platform.product(shop, sku="S" * 36, price="1.00", inventory_count=9)
    order, refused = platform.order(shop, (mug, 1)), platform.order(shop, (long, 1))
    job = platform.export(shop, destination)
    assert (job["result"]["orders"], job["result"]["refused"]) == (1, 1)
    [content] = platform.exported_files(destination).values()
    assert [number.text for number in etree.fromstring(content).iterfind("IDOC/E1EDK01/BELNR")] == [
        order["order_number"]
    ]
    [run] = ok(shop.owner.get(f"/v1/order-destinations/{destination['id']}/runs"))["data"]
    [refusal] = run["refused"]
    assert refusal["order_number"] == refused["order_number"]
    assert refusal["reason"].startswith("The field `sku` of line 1 has 36 characters, but an IDoc has 35.")


def test_the_schedule_exports_orders_to_a_due_destination(platform: Platform, shop: Tenant, mug: Json) -> None:
    destination = platform.destination(shop, "csv", cron="*/5 * * * *")
    order = platform.order(shop, (mug, 1))
    platform.database.execute("update order_destinations set next_run_at = now() where id = %s", [destination["id"]])
    platform.eventually(lambda: platform.exported_files(destination), within=90)
    assert actions(platform, destination) == [[("new", order["order_number"])]]


def test_only_members_of_the_client_see_and_change_its_destinations(
    platform: Platform, shop: Tenant, other_tenant: Tenant
) -> None:
    destination = platform.destination(shop, "csv")
    path = f"/v1/order-destinations/{destination['id']}"
    viewer = platform.api(platform.member(shop.client_id, "viewer"))
    ok(viewer.get(path))
    problem(viewer.post(f"{path}/run"), 403, "forbidden")
    problem(viewer.patch(path, json={"name": "x"}), 403, "forbidden")
    for request in (
        other_tenant.owner.get(path),
        other_tenant.owner.get(f"{path}/runs"),
        other_tenant.owner.post(f"{path}/run"),
        other_tenant.owner.patch(path, json={"name": "x"}),
        other_tenant.owner.delete(path),
    ):
        problem(request, 404, "not_found")
    body = {"client_id": shop.client_id, "name": "x", "format": "csv"}
    problem(other_tenant.owner.post("/v1/order-destinations", json=body), 403, "forbidden")
    own = body | {"client_id": other_tenant.client_id, "site_id": shop.site_id}
    assert pointers(problem(other_tenant.owner.post("/v1/order-destinations", json=own), 422, "invalid")) == [
        "/site_id"
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"format": "pdf"}, "/format"),
        ({"prefix": "../x"}, "/prefix"),
        ({"max_line_length": 5}, "/max_line_length"),
        ({"cron": "* * * * *"}, "/cron"),
        ({"timezone": "Mars"}, "/timezone"),
        ({"columns": []}, "/columns"),
        ({"columns": [{"header": "a", "field": "secret"}]}, "/columns/0/field"),
        ({"columns": [{"header": "a", "field": "sku"}, {"header": "a", "field": "name"}]}, "/columns"),
    ],
)
def test_the_error_for_an_invalid_destination_points_to_the_field(
    platform: Platform, shop: Tenant, change: Json, pointer: str
) -> None:
    body = {"client_id": shop.client_id, "name": "ERP", "format": "csv", **change}
    assert pointers(problem(shop.owner.post("/v1/order-destinations", json=body), 422, "invalid")) == [pointer]


def test_a_destination_can_be_changed_and_deleted(platform: Platform, shop: Tenant) -> None:
    destination = platform.destination(shop, "csv")
    path = f"/v1/order-destinations/{destination['id']}"
    columns = [{"header": "Auftrag", "field": "order_number"}]
    changed = ok(shop.owner.patch(path, json={"columns": columns, "cron": "0 6 * * *", "format": "xlsx"}))
    assert (changed["columns"], changed["format"]) == (columns, "xlsx")
    assert changed["next_run_at"] is not None
    assert ok(shop.owner.patch(path, json={"columns": None, "is_active": False}))["columns"] is None
    assert shop.owner.delete(path).status_code == 204
    problem(shop.owner.get(path), 404, "not_found")
