"""Tests the content of an exported order."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from wecelebrate.order_files.documents import Action, Destination, ExportedOrder, Unwritable
from wecelebrate.order_files.formats import ubl

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def destination(file_format: str, *fields: str) -> Destination:
    columns = [{"header": field, "field": field} for field in fields] or None
    return Destination(file_format, columns, "", None, True, "", "", 1, NOW)


def order(metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "customer_name": "Ann", "shipping_address": {"country": "DE"}}


def test_an_order_is_refused_if_its_metadata_does_not_fit_into_a_cell() -> None:
    large = order({"text": "x" * 40_000})
    for receiver in (destination("xlsx"), destination("xlsx", "metadata")):
        with pytest.raises(Unwritable, match="40,012 characters, but a cell of XLSX has at most 32,767"):
            ExportedOrder.of("new", large, receiver)
    for receiver in (destination("csv"), destination("xlsx", "sku")):
        assert ExportedOrder.of("new", large, receiver).action == "new"
    assert ExportedOrder.of("new", order({"text": "x" * 32_755}), destination("xlsx")).action == "new"
    assert ExportedOrder.of("new", order(None), destination("xlsx")).action == "new"


def line(number: int, **more: Any) -> dict[str, Any]:
    return {"line": number, "sku": f"S{number}", "name": "Mug <1> & Co", "quantity": 2, "unit_price": "5.00"} | more


SMALL = {
    "order_id": "01a21b70-9adb-7222-b06a-896d98dff396", "order_number": "HXE8J1NH88", "version": 1, "site": "Shop",
    "external_number": None, "cancel_reason": None, "metadata": {}, "customer_name": "Ann", "currency": "EUR",
    "customer_email": "ann@example.test", "placed_at": "2026-11-27T10:00:00+00:00", "total_amount": "10.00",
    "shipping_address": {"country": "AE", "line1": "1", "city": "Dubai"}, "lines": [line(1)],
}  # fmt: skip
LARGE = SMALL | {
    "version": 12, "external_number": "4711", "cancel_reason": "sold out & gone", "currency": "JPY",
    "total_amount": "1250", "lines": [line(1, quantity=0), line(2, unit_price="0"), line(3, name="\u3042" * 300)],
    "shipping_address": {
        "name": "N" * 40, "company": "C " * 30, "line1": "x " * 50, "line2": "y" * 35, "city": "S",
        "region": "Illinois", "postal_code": "62701", "country": "US", "phone": "+1 217 555 0100",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the XML schemas of UBL 2.1 (`tests/data/ubl`)."""
    folder = tmp_path_factory.mktemp("ubl")
    with zipfile.ZipFile("tests/data/ubl/schemas.zip") as archive:
        archive.extractall(folder)
    return folder / "maindoc"


@pytest.mark.parametrize(
    ("action", "name"), [("new", "Order"), ("change", "OrderChange"), ("cancel", "OrderCancellation")]
)
def test_each_ubl_document_is_valid_by_its_schema(schemas: Path, action: Action, name: str) -> None:
    schema = etree.XMLSchema(etree.parse(schemas / f"UBL-{name}-2.1.xsd"))
    for document in (SMALL, LARGE):
        for sender in ("", "SENDER"):
            receiver = Destination("ubl", None, "", 35, True, sender, sender, 1, NOW)
            content = ubl.write(receiver, [ExportedOrder.of(action, document, receiver)])
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                element = etree.fromstring(archive.read(archive.namelist()[0]))
            assert schema.validate(element), schema.error_log
    (invalid,) = element.xpath("//*[local-name() = 'OrderReference' or local-name() = 'BuyerCustomerParty'][1]")[:1]
    element.remove(invalid)
    element.append(invalid)
    assert not schema.validate(element)
