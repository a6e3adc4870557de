"""Tests the content of exported orders."""

import io
import random
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from lxml import etree

from tests.core.order_files.structures import cxml_dtd, orders05_schema
from wecelebrate.core import storage
from wecelebrate.order_files import formats
from wecelebrate.order_files.documents import Action, Destination, ExportedOrder, Unwritable
from wecelebrate.order_files.export import _rendered, write_again
from wecelebrate.order_files.formats import cxml, idoc, ubl

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def destination(file_format: str, *fields: str) -> Destination:
    columns = [{"header": field, "field": field} for field in fields] or None
    return Destination(file_format, columns, "", None, True, "", "", 1, NOW)


def order(metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "customer_name": "Ann", "shipping_address": {"country": "DE"}}


def test_an_order_whose_metadata_exceeds_the_cell_length_is_refused() -> None:
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


@pytest.mark.parametrize(
    ("action", "name"), [("new", "Order"), ("change", "OrderChange"), ("cancel", "OrderCancellation")]
)
def test_each_ubl_document_conforms_to_its_schema(ubl_schema: Callable[[str], Any], action: Action, name: str) -> None:
    schema = ubl_schema(name)
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


EMPTY = SMALL | {"customer_email": "", "customer_name": "", "shipping_address": {}}
"""An order whose person was erased."""
THREE_LINES = LARGE | {"shipping_address": LARGE["shipping_address"] | {"line2": None}}  # type: ignore[operator]
"""An order whose street has three lines, like the street in an IDoc."""
PLAIN = THREE_LINES | {"lines": [line(1, sku="S" * 35), line(2, unit_price="999999999999.99", quantity=1)]}


@pytest.mark.parametrize("action", ["new", "change", "cancel"])
@pytest.mark.parametrize("party", ["", "SENDER", "4012345000009"])
def test_each_cxml_document_conforms_to_the_dtd(action: Action, party: str) -> None:
    dtd = cxml_dtd()
    for document in (SMALL, LARGE, PLAIN, EMPTY):
        for limit in (None, 35):
            receiver = Destination("cxml", None, "", limit, True, party, party, 1, NOW)
            exported = ExportedOrder.of(action, document, receiver, None if action == "new" else 7)
            with zipfile.ZipFile(io.BytesIO(cxml.write(receiver, [exported]))) as archive:
                element = etree.fromstring(archive.read(archive.namelist()[0]))
            assert dtd.validate(element), dtd.error_log
    [header] = element.iter("OrderRequestHeader")
    header.append(header[0])
    assert not dtd.validate(element)


def cxml_of(document: dict[str, Any], action: Action = "new", previous: int | None = None, limit: int = 35) -> Any:
    receiver = Destination("cxml", None, "", limit, True, "", "", 1, NOW)
    content = cxml.write(receiver, [ExportedOrder.of(action, document, receiver, previous)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return etree.fromstring(archive.read(archive.namelist()[0]))


def test_a_cxml_document_refers_to_the_previous_document_of_the_receiver() -> None:
    first = cxml_of(SMALL)
    change = cxml_of(LARGE, "change", previous=1)
    path = "Request/OrderRequest/OrderRequestHeader/DocumentReference"
    assert first.find(path) is None
    assert change.find(path).get("payloadID") == first.get("payloadID")
    cancelled = cxml_of(LARGE, "cancel", previous=12)
    assert cancelled.find(path).get("payloadID") == change.get("payloadID")
    assert cancelled.findtext("Request/OrderRequest/OrderRequestHeader/Comments") == "sold out & gone"


def test_a_cxml_document_contains_all_lines_of_a_long_company_name() -> None:
    address = cxml_of(LARGE).find(".//ShipTo/Address")
    lines = [address.findtext("Name"), *(line.text for line in address.findall("PostalAddress/DeliverTo"))]
    assert " ".join(lines) == " ".join(["C " * 16 + "C", "C " * 12 + "C", "N" * 35, "N" * 5])


@pytest.mark.parametrize("action", ["new", "change", "cancel"])
@pytest.mark.parametrize("party", ["", "SENDER", "4012345000009"])
def test_each_idoc_has_the_fields_of_orders05(action: Action, party: str) -> None:
    schema = orders05_schema()
    receiver = Destination("idoc", None, "", None, True, party, party, 1, NOW)
    orders = [ExportedOrder.of(action, document, receiver) for document in (SMALL, THREE_LINES, PLAIN, EMPTY)]
    element = etree.fromstring(idoc.write(receiver, orders))
    assert schema.validate(element), schema.error_log
    segment = next(element.iter("E1EDK01"))
    segment.append(segment[0])
    assert not schema.validate(element)


def idoc_address(**address: str) -> Any:
    receiver = destination("idoc")
    document = SMALL | {"shipping_address": {"line1": "1", "city": "Springfield", "country": "US"} | address}
    element = etree.fromstring(idoc.write(receiver, [ExportedOrder.of("new", document, receiver)]))
    return element.find("IDOC/E1EDKA1[PARVW='WE']")


@pytest.mark.parametrize(
    ("postal_code", "expected"),
    [("62701-1234", "62701"), ("62701 1234", "62701"), ("01310-100", "01310-100"), ("K1A 0B1", "K1A 0B1")],
)
def test_a_postal_code_in_an_idoc_is_complete(postal_code: str, expected: str) -> None:
    assert idoc_address(postal_code=postal_code).findtext("PSTLZ") == expected


@pytest.mark.parametrize(
    ("phone", "expected"),
    [("+49 (30) 123 456 789", "+49 (30) 123 456 789"), ("+49 (0)30 / 123 - 456 - 789", "+49030123456789")],
)
def test_a_telephone_number_in_an_idoc_has_all_digits(phone: str, expected: str) -> None:
    assert idoc_address(phone=phone).findtext("TELF1") == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lines": [line(1), line(2, sku="S" * 36)]}, "`sku` of line 2 has 36 characters, but an IDoc has 35"),
        ({"lines": [line(1, unit_price="999999999999.999")]}, "`unit_price` of line 1 has 16 characters"),
        ({"shipping_address": {"country": "IR", "postal_code": "12345-67890"}}, "`postal_code` .* has 11 characters"),
    ],
)
def test_an_order_that_does_not_fit_into_an_idoc_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unwritable, match=reason):
        ExportedOrder.of("new", SMALL | changes, destination("idoc"))
    for other in ("csv", "ubl", "cxml"):
        assert ExportedOrder.of("new", SMALL | changes, destination(other)).action == "new"
    # The receiver already has the order. The receiver therefore also needs the cancellation. A file that is written
    # again must contain the order.
    assert ExportedOrder.of("cancel", SMALL | changes, destination("idoc")).action == "cancel"
    assert ExportedOrder.of("new", SMALL | changes, destination("idoc"), is_received=True).action == "new"


def test_an_erasure_keeps_exported_orders_that_no_longer_fit_into_an_idoc() -> None:
    run = {"seq": 1, "created_at": NOW, "settings": {"format": "idoc", "columns": None, "prefix": "",
           "max_line_length": None, "formula_safe": True, "sender": "", "receiver": ""}}  # fmt: skip
    document = SMALL | {"lines": [line(1, sku="S" * 36)]}
    export = {"order_id": UUID(int=2), "action": "new", "document": document}
    written = _rendered(UUID(int=1), run, [export])
    assert (len(written.orders), len(written.refusals)) == (0, 1)
    again = _rendered(UUID(int=1), run, [export], are_received=True)
    assert (len(again.orders), again.refusals) == (1, [])
    assert b"S" * 36 in again.content


@pytest.mark.parametrize("format", ["csv", "xlsx", "ubl", "cxml", "idoc"])
@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"note": "n" * 40_000}},
        {"shipping_address": {"country": "DE", "city": "C" * 36}},
        {"shipping_address": {"country": "DE", "postal_code": "1" * 36}},
        {"shipping_address": {"country": "DE", "line1": "L" * 200, "name": "N" * 99, "company": "C" * 99}},
    ],
    ids=lambda each: "-".join(next(iter(each.values()))),
)
def test_an_already_exported_order_is_written_even_if_its_texts_are_too_long(
    format: str, changes: dict[str, Any]
) -> None:
    limited = replace(destination(format), max_line_length=35)
    document = SMALL | {"kind": "sale", "status": "pending"} | changes
    for action in ("change", "cancel", "new"):
        is_received = action == "new"
        order = ExportedOrder.of(action, document, limited, 1, is_received=is_received)
        ship_to = order.ship_to
        texts = [*ship_to.names, *ship_to.companies, *ship_to.lines, ship_to.city, ship_to.postal_code]
        assert max(map(len, texts)) <= 35
        assert (len(ship_to.names) <= 2, len(ship_to.companies) <= 2, len(ship_to.lines) <= 4) == (True,) * 3
        assert b"HXE8J1NH88" in unzipped(formats.write(limited, [order]))
    refused = format == "xlsx" or "metadata" not in changes
    with pytest.raises(Unwritable) if refused else nullcontext():
        ExportedOrder.of("new", document, limited)


def unzipped(content: bytes) -> bytes:
    """Return the content of all files of an archive, or the content itself."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(map(archive.read, archive.namelist()))


def test_an_erasure_writes_no_new_file_version_if_an_order_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> ExportedOrder:
        raise Unwritable("no room")

    monkeypatch.setattr(ExportedOrder, "of", refuse)
    monkeypatch.setattr(storage, "put", lambda *_: pytest.fail("a file was written"))
    run = {"seq": 1, "created_at": NOW, "key": "orders.csv", "destination_id": UUID(int=1), "settings": {
           "format": "csv", "columns": None, "prefix": "", "max_line_length": None, "formula_safe": True, "sender": "",
           "receiver": ""}}  # fmt: skip
    export = {"order_id": UUID(int=2), "action": "new", "document": SMALL}
    with pytest.raises(RuntimeError, match=r"orders\.csv cannot be written again"):
        write_again(run, [export])


def random_text(dice: random.Random, longest: int) -> str:
    alphabet = "ab 1-/\u00df\u3042\U0001f381&<\x0b\ufffe"
    return "".join(dice.choices(alphabet, k=dice.choice([0, 1, 5, 9, 9, 10, 12, 35, 36, longest])))[:longest]


def random_document(dice: random.Random) -> dict[str, Any]:
    names = ("name", "company", "line1", "line2", "city", "region", "postal_code", "phone")
    lengths = dict.fromkeys(names, 200) | {"postal_code": 20, "phone": 30}
    address = {name: random_text(dice, lengths[name]) for name in names} | {"country": dice.choice(["US", "JP", ""])}
    address["phone"] = "".join(dice.choices("0123456789", k=15)) + " ()./-"[: dice.randint(0, 6)] * 3
    lines = [
        line(number, sku=random_text(dice, 200) or "S", name=random_text(dice, 500), quantity=dice.randint(0, 99),
             unit_price=dice.choice(["0.00", "12.5", "99999999.999"]))
        for number in range(1, dice.randint(2, 4))
    ]  # fmt: skip
    texts = {name: random_text(dice, 200) for name in ("customer_name", "cancel_reason", "site")}
    return SMALL | texts | {"shipping_address": address, "lines": [*lines, line(9)], "version": dice.randint(1, 99)}


def test_each_random_order_is_refused_or_valid_in_each_standard(ubl_schema: Callable[[str], Any]) -> None:
    dice = random.Random(16)
    names = {"new": "Order", "change": "OrderChange", "cancel": "OrderCancellation"}
    counts = dict.fromkeys(("ubl", "idoc", "cxml", "refused"), 0)
    schemas = {"idoc": orders05_schema(), "cxml": cxml_dtd()}
    writers = {"ubl": ubl.write, "idoc": idoc.write, "cxml": cxml.write}
    for _ in range(300):
        document, action = random_document(dice), dice.choice(get_args(Action))
        for name, write in writers.items():
            limit, party = dice.choice([None, 20, 35]), random_text(dice, 100)
            receiver = Destination(name, None, "", limit, True, party, party, 1, NOW)
            try:
                if name == "idoc":  # a later version of a refused order is not valid
                    ExportedOrder.of("new", document, receiver)
                content = write(receiver, [ExportedOrder.of(action, document, receiver, dice.choice([None, 3]))])
            except Unwritable:
                counts["refused"] += 1
                continue
            if name != "idoc":
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    content = archive.read(archive.namelist()[0])
            schema = schemas.get(name) or ubl_schema(names[action])
            assert schema.validate(etree.fromstring(content)), (name, document, schema.error_log)
            counts[name] += 1
    assert min(counts.values()) > 20, counts
