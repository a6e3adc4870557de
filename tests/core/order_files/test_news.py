"""Tests how files with order news are read: the rows of each format, and how rows become news items."""

import gzip
import io
import json
import struct
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from wecelebrate.core.formula_quotes import quoted, unquoted
from wecelebrate.core.models import storable
from wecelebrate.order_files.news.grouping import grouped, quantities
from wecelebrate.order_files.news.reading import UnreadableFile, read
from wecelebrate.order_files.news.rows import NewsRow, RejectedRow

FIRST, SECOND = UUID(int=1), UUID(int=2)


def news(content: str | bytes, name: str = "news.csv") -> list[NewsRow]:
    rows = read(content.encode() if isinstance(content, str) else content, name, UTC)
    assert all(isinstance(row, NewsRow) for row in rows), rows
    return [row for row in rows if isinstance(row, NewsRow)]


def rejected(content: str, name: str = "news.csv") -> list[str]:
    return [row.code for row in read(content.encode(), name, UTC) if isinstance(row, RejectedRow)]


def fields(row: NewsRow, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


def archive(**documents: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, document in documents.items():
            zipped.writestr(f"{name}.xml", document)
    return file.getvalue()


def row(number: int, kind: Any = "shipped", **more: Any) -> NewsRow:
    names = "order_number external_number line sku quantity shipment carrier tracking_number tracking_url happened_at"
    values: dict[str, Any] = dict.fromkeys([*names.split(), "reason"]) | {"raw": {}} | more
    return NewsRow(number=number, kind=kind, **values)


def test_a_csv_file_with_the_column_names_of_an_erp_is_read() -> None:
    german = (
        "Bestellnummer;Vorgang;Artikelnummer;Menge;Sendungsnummer;Datum\nAB12;Versandt;0012;2,000;JD01;27.11.2026\n"
    )
    [shipped] = news(german)
    assert fields(shipped, "order_number", "kind", "sku", "quantity", "tracking_number") == (
        "AB12", "shipped", "0012", 2, "JD01"
    )  # fmt: skip
    assert shipped.happened_at == datetime(2026, 11, 27, tzinfo=UTC)


def test_a_row_with_the_dates_of_two_steps_becomes_two_news_items() -> None:
    rows = news(
        "order_number,shipped_at,delivered_at,tracking_number\nAB12,2026-11-26,2026-11-27T10:00:00+01:00,JD01\n"
    )
    assert [row.kind for row in rows] == ["shipped", "delivered"]
    assert rows[1].happened_at == datetime(2026, 11, 27, 9, tzinfo=UTC)


def test_the_apostrophes_that_exports_add_are_removed() -> None:
    for text in ("+49 30", "=1+1", "-0.02", "'quoted", "''", "plain", "@x", "\uff1dx"):
        assert unquoted(quoted(text)) == text
    assert quoted("plain") == "plain"
    [shipped] = news("order_number,status,sku\nAB12,shipped,'=SKU\n")
    assert shipped.sku == "=SKU"


@pytest.mark.parametrize("number", ["Same", "dto.", "idem", "Sama", "Igual"])
def test_a_word_such_as_ditto_can_be_an_order_number(number: str) -> None:
    content = f"order_number,status,tracking_number\nAB12,shipped,JD01\n{number},shipped,JD02\n"
    assert [row.order_number for row in news(content)] == ["AB12", number]
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for at, line in enumerate(content.splitlines()):
            sheet.write_row(at, 0, line.split(","))
    assert [row.order_number for row in news(file.getvalue(), "news.xlsx")] == ["AB12", number]


def test_a_row_with_a_shifted_or_invalid_cell_is_rejected() -> None:
    assert rejected("order_number,status,quantity\nAB12,shipped,1,5\nAB13,shipped,2\n") == ["bad_row"]
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_number", "status", "quantity"])
        sheet.write_row(1, 0, ["AB12", "shipped"])
        sheet.write_formula(1, 2, "=#REF!", value="#REF!")
    [row] = read(file.getvalue(), "news.xlsx", UTC)
    assert isinstance(row, RejectedRow) and row.code == "bad_row"


def test_a_compressed_json_or_csv_file_is_read_like_the_uncompressed_file() -> None:
    text = b'[{"order_number": "AB12", "status": "shipped"}]'
    for content in (
        text,
        b"order_number,status\nAB12,shipped\n",
        b'\xef\xbb\xbf{"order_number": "AB12", "status": "shipped"}',
    ):
        assert [row.order_number for row in news(gzip.compress(content), "news.gz")] == ["AB12"]


def test_a_workbook_and_a_json_file_are_read_like_a_csv_file() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["order_number", "status", "line", "quantity"])
        sheet.write_row(1, 0, ["AB12", "shipped", 1, 2])
    expected = [("AB12", "shipped", 1, 2)]
    names = ("order_number", "kind", "line", "quantity")
    assert [fields(row, *names) for row in news(file.getvalue(), "news.xlsx")] == expected
    flat = '[{"order_number": "AB12", "status": "shipped", "line": 1, "quantity": 2}]'
    nested = '{"orders": [{"order_number": "AB12", "status": "shipped", "lines": [{"line": 1, "quantity": 2}]}]}'
    lines = '{"order_number": "AB12", "status": "shipped", "line": 1, "quantity": 2}\n'
    for text in (flat, nested, lines):
        assert [fields(row, *names) for row in news(text, "news.json")] == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("order_number,status\n,shipped\n", "no_order"),
        ("order_number,status\nAB12,teleported\n", "unknown_status"),
        ("order_number,note\nAB12,hello\n", "unknown_status"),
        ("order_number,status,quantity\nAB12,shipped,-1\n", "bad_quantity"),
        ("order_number,status,quantity\nAB12,shipped,0\n", "bad_quantity"),
        ("order_number,status,quantity\nAB12,shipped,1.5\n", "bad_quantity"),
        ("order_number,status,line\nAB12,shipped,x\n", "bad_line"),
        ("order_number,status,date\nAB12,shipped,yesterday\n", "bad_date"),
        ("order_number,status,date\nAB12,shipped,0001-01-01\n", "bad_date"),
        ("order_number,status,tracking_url\nAB12,shipped,javascript:alert(1)\n", "bad_tracking_url"),
        (f"order_number,status,shipment\nAB12,shipped,{'x' * 101}\n", "too_long"),
    ],
)
def test_an_invalid_row_is_rejected_with_a_reason(text: str, code: str) -> None:
    assert rejected(text) == [code]


UBL = """<DespatchAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2">
 <cbc:ID>D-1</cbc:ID><cbc:IssueDate>2026-11-27</cbc:IssueDate><cbc:IssueTime>10:00:00Z</cbc:IssueTime>
 <cac:OrderReference><cbc:ID>AB12</cbc:ID></cac:OrderReference>
 <cac:Shipment><cbc:ID>1</cbc:ID><cac:Consignment><cbc:ID>JD01</cbc:ID>
  <cac:CarrierParty><cac:PartyName><cbc:Name>DHL</cbc:Name></cac:PartyName></cac:CarrierParty></cac:Consignment>
 </cac:Shipment>
 <cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="C62">2</cbc:DeliveredQuantity>
  <cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>
  <cac:Item><cac:SellersItemIdentification><cbc:ID>0012</cbc:ID></cac:SellersItemIdentification></cac:Item>
 </cac:DespatchLine></DespatchAdvice>"""
UBL_RESPONSE = """<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2">
 <ID>R-1</ID><SalesOrderID>4711</SalesOrderID><IssueDate>2026-11-27</IssueDate>
 <OrderResponseCode>{code}</OrderResponseCode><OrderReference><ID>AB12</ID></OrderReference></OrderResponse>"""
DESADV = """<DELVRY03><IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><MESTYP>DESADV</MESTYP><CREDAT>20261127</CREDAT></EDI_DC40>
 <E1EDL20 SEGMENT="1"><VBELN>0080001234</VBELN><BOLNR>JD01</BOLNR>
 <E1EDL24 SEGMENT="1"><MATNR>0012</MATNR><LFIMG>2.000</LFIMG>
  <E1EDL41 SEGMENT="1"><QUALI>001</QUALI><BSTNR>AB12</BSTNR><POSEX>000001</POSEX></E1EDL41></E1EDL24>
 </E1EDL20></IDOC></DELVRY03>"""
ORDRSP = """<ORDERS05><IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><MESTYP>ORDRSP</MESTYP><CREDAT>20261127</CREDAT></EDI_DC40>
 <E1EDK01 SEGMENT="1"><ACTION>{action}</ACTION><BELNR>4711</BELNR></E1EDK01>
 <E1EDK02 SEGMENT="1"><QUALF>001</QUALF><BELNR>AB12</BELNR></E1EDK02></IDOC></ORDERS05>"""
CXML_NOTICE = """<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/Fulfill.dtd">
<cXML><Request><ShipNoticeRequest><ShipNoticeHeader shipmentID="S-1" noticeDate="2026-11-27T10:00:00+00:00"/>
 <ShipControl><CarrierIdentifier domain="companyName">DHL</CarrierIdentifier>
  <ShipmentIdentifier trackingURL="https://example.test/JD01">JD01</ShipmentIdentifier></ShipControl>
 <ShipNoticePortion><OrderReference orderID="AB12"/><ShipNoticeItem quantity="2" lineNumber="1"/></ShipNoticePortion>
</ShipNoticeRequest></Request></cXML>"""
CXML_CONFIRMATION = """<cXML><Request><ConfirmationRequest><ConfirmationHeader type="{kind}" confirmID="4711"
 noticeDate="2026-11-27T10:00:00+00:00"/><OrderReference orderID="AB12"/></ConfirmationRequest></Request></cXML>"""


@pytest.mark.parametrize(
    ("document", "shipment"), [(UBL, "D-1"), (DESADV, "80001234"), (CXML_NOTICE, "S-1")], ids=["UBL", "IDoc", "cXML"]
)
def test_a_despatch_advice_in_each_standard_is_read_as_a_shipment(document: str, shipment: str) -> None:
    [shipped] = news(document, "news.xml")
    names = ("kind", "order_number", "line", "quantity", "shipment", "tracking_number")
    assert fields(shipped, *names) == ("shipped", "AB12", 1, 2, shipment, "JD01")
    assert shipped.happened_at is not None
    assert shipped.happened_at.date().isoformat() == "2026-11-27"


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (UBL_RESPONSE.format(code="AP"), "acknowledged"),
        (UBL_RESPONSE.format(code="RE"), "cancelled"),
        (ORDRSP.format(action="001"), "acknowledged"),
        (ORDRSP.format(action="003"), "cancelled"),
        (CXML_CONFIRMATION.format(kind="accept"), "acknowledged"),
        (CXML_CONFIRMATION.format(kind="reject"), "cancelled"),
    ],
)
def test_an_order_response_in_each_standard_acknowledges_or_cancels_an_order(document: str, kind: str) -> None:
    [answer] = news(document, "news.xml")
    assert fields(answer, "kind", "order_number", "external_number") == (kind, "AB12", "4711")


def test_each_document_of_an_archive_is_read_separately() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1.xml", UBL_RESPONSE.format(code="AP"))
        archive.writestr("2.xml", UBL)
    assert [row.kind for row in news(file.getvalue(), "news.zip")] == ["acknowledged", "shipped"]


@pytest.mark.parametrize(
    "content",
    [
        "<Invoice/>",
        "<a><b></a>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        "[1, 2",
        "PK\x03\x04broken",
    ],
)
def test_a_file_without_order_news_is_refused(content: str) -> None:
    with pytest.raises(UnreadableFile):
        read(content.encode("latin-1"), "news.xml", UTC)


def test_an_external_entity_is_not_read() -> None:
    document = '<!DOCTYPE cXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + CXML_NOTICE.partition("\n")[2].replace(
        "JD01</", "&x;</"
    )
    [shipped] = news(document, "news.xml")
    assert "root" not in (shipped.tracking_number or "")


def test_the_order_of_the_rows_does_not_affect_the_news() -> None:
    at = [datetime(2026, 11, 27, hour, tzinfo=UTC) for hour in range(3)]
    rows = [
        (FIRST, row(1, "delivered", tracking_number="A", happened_at=at[2])),
        (FIRST, row(2, tracking_number="A", line=1, quantity=1, happened_at=at[1])),
        (FIRST, row(3, tracking_number="B", line=1, quantity=2, happened_at=at[1])),
        (FIRST, row(4, tracking_number="A", line=2, quantity=1, happened_at=at[1])),
        (FIRST, row(5, "acknowledged", happened_at=at[0])),
        (SECOND, row(6, tracking_number="A", line=1, quantity=1, happened_at=at[1])),
    ]
    forward = [(item.order_id, item.kind, item.shipment, len(item.rows)) for item in grouped(rows, "file")]
    backward = [(item.order_id, item.kind, item.shipment, len(item.rows)) for item in grouped(rows[::-1], "file")]
    assert forward == backward
    assert forward == [
        (FIRST, "acknowledged", None, 1),
        (FIRST, "shipped", "A", 2),
        (FIRST, "shipped", "B", 1),
        (SECOND, "shipped", "A", 1),
        (FIRST, "delivered", "A", 1),
    ]


def test_only_the_newest_quantities_of_an_order_line_are_added_up() -> None:
    old, new = datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC)
    same = [row(1, happened_at=old, quantity=1), row(2, happened_at=old, quantity=2)]
    assert quantities(same, [1, 1]) == [{"line": 1, "quantity": 3}]
    corrected = [row(1, happened_at=old, quantity=1), row(2, happened_at=new, quantity=2)]
    assert quantities(corrected, [1, 1]) == [{"line": 1, "quantity": 2}]
    links = [
        (FIRST, row(2, happened_at=new, tracking_url="https://new.test/", shipment="A")),
        (FIRST, row(1, happened_at=old, tracking_url="https://old.test/", shipment="A")),
    ]
    [item] = grouped(links, "file")
    assert item.newest("tracking_url") == "https://new.test/"


def test_each_order_line_of_a_json_object_has_a_separate_quantity() -> None:
    lines = '[{"line": 1, "quantity": 1}, {"line": 2, "quantity": 2}]'
    rows = news(f'{{"order_number": "AB12", "status": "shipped", "lines": {lines}}}', "news.json")
    [item] = grouped([(FIRST, each) for each in rows], "file")
    pieces = quantities(item.rows, [each.line for each in item.rows])
    assert pieces == [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 2}]


def test_the_row_numbers_of_an_archive_continue_in_the_next_document() -> None:
    despatch = "<DespatchAdvice><ID>D1</ID><OrderReference><ID>AB12</ID></OrderReference></DespatchAdvice>"
    assert [each.number for each in news(archive(a=despatch, b=despatch), "news.zip")] == [1, 2]
    with pytest.raises(UnreadableFile, match=r"The document `b\.xml`: The file is not well-formed XML"):
        news(archive(a=despatch, b="<DespatchAdvice"), "news.zip")


def test_an_archive_with_too_many_entries_is_refused_with_little_memory() -> None:
    entries = 60_000
    name = b"a-name-of-forty-characters-or-so-for-xml"
    header = struct.pack("<4s2B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
    directory = (header + name) * entries
    start = b"PK\x03\x04" + b"\0" * 26
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), len(start), 0)
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="more than 10,000 entries"):
        news(start + directory + end, "news.zip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(directory), "the list of entries alone has 30 MB"


def test_an_archive_with_10_000_documents_is_read() -> None:
    despatch = "<DespatchAdvice><ID>D1</ID><OrderReference><ID>AB12</ID></OrderReference></DespatchAdvice>"
    documents = {f"{number:05d}-despatch-advice-of-an-erp-with-a-long-name": despatch for number in range(10_000)}
    assert len(news(archive(**documents), "news.zip")) == 10_000


@pytest.mark.parametrize("field", ["order_number", "carrier", "tracking_number", "shipment", "sku", "reason"])
@pytest.mark.parametrize("text", ["A\\u0000B", "A\\ud800B", "A\\u001b[31mB", "\\u200b"])
def test_a_text_that_the_api_would_refuse_is_also_refused_in_a_file(field: str, text: str) -> None:
    row = f'{{"external_number": "E1", "status": "shipped", "{field}": "{text}"}}'
    assert rejected(f"[{row}]", "news.json") == ["bad_text"]


def test_a_line_break_in_a_text_becomes_a_space() -> None:
    assert (
        news('[{"order_number": "AB12", "status": "shipped", "carrier": "DHL\\n  Express"}]')[0].carrier
        == "DHL Express"
    )


@pytest.mark.parametrize("field", ["status", "quantity", "line", "happened_at"])
def test_the_error_message_for_a_nul_character_can_be_stored(field: str) -> None:
    cells = {"order_number": "AB12", "status": "shipped"} | {field: "A\0\ud800"}
    [row] = read(json.dumps([cells]).encode(), "news.json", UTC)
    assert isinstance(row, RejectedRow)
    assert storable(row.reason)


@pytest.mark.parametrize(
    "url",
    [
        'https://example.com/"><script>alert(1)</script>',
        "https://example.com/a b",
        "https://example.com/\x01",
        "https://user:password@example.com/",
        "javascript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "https://",
    ],
)
def test_a_tracking_url_that_the_api_would_refuse_is_refused(url: str) -> None:
    cells = {"order_number": "AB12", "status": "shipped", "tracking_url": url}
    assert rejected(json.dumps([cells]), "news.json") == ["bad_tracking_url"]


def test_numbers_in_json_are_read_with_all_their_digits() -> None:
    number = "12345678901234567890123"
    rows = news(f'[{{"external_number": {number}, "status": "shipped", "line": 1, "quantity": 2.000}}]', "news.json")
    assert fields(rows[0], "external_number", "quantity") == (number, 2)
    assert rejected(f'[{{"order_number": "AB12", "status": "shipped", "quantity": {"9" * 5000}}}]') == ["bad_quantity"]


def test_a_json_object_with_a_duplicate_key_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="the key `order_number` twice"):
        news('[{"order_number": "AB12", "order_number": "CD34", "status": "cancelled"}]', "news.json")


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"[]," * 6_000_000 + b"[]]",
        b"[" + b'{"a":1},' * 2_000_000 + b"{}]",
        b"<cXML>" + b"<a/>" * 4_000_000 + b"</cXML>",
        b"<cXML>" + b'<a b="" c="" d="" e="" f="" g=""/>' * 500_000 + b"</cXML>",
    ],
    ids=["lists", "objects", "elements", "attributes"],
)
def test_a_file_that_needs_too_much_memory_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="too many"):
        read(content, "news", UTC)


def test_a_shipment_without_a_number_is_identified_by_the_content_of_its_file() -> None:
    [item] = grouped([(FIRST, row(1))], "0123456789abcdef99")
    assert item.shipment == "file-0123456789abcdef"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_with_a_compression_method_other_than_deflate_is_refused(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr("a.xml", ORDRSP)
    with pytest.raises(UnreadableFile, match=r"pack it with the method Deflate"):
        read(file.getvalue(), "news.zip", UTC)


@pytest.mark.parametrize(
    ("start", "end", "inner"),
    [
        ("<IDOC>", "</IDOC>", "<EDI_DC40><MESTYP>ORDRSP</MESTYP></EDI_DC40>" + "<E1EDP01/>" * 50_000),
        (
            "<IDOC><EDI_DC40><MESTYP>DESADV</MESTYP></EDI_DC40><E1EDL20>",
            "</E1EDL20></IDOC>",
            "<E1EDL24><E1EDL41><QUALI>001</QUALI><BSTNR>A</BSTNR></E1EDL41></E1EDL24>" * 10_000,
        ),
    ],
)
def test_nested_idocs_are_read_in_linear_time(start: str, end: str, inner: str) -> None:
    depth = 60
    head = "<EDI_DC40><MESTYP>ORDRSP</MESTYP></EDI_DC40>" if "DESADV" not in start else ""
    document = "<IDOCS>" + (start + head) * depth + inner + end * depth + "</IDOCS>"
    before = time.process_time()
    read(document.encode(), "news.xml", UTC)
    assert time.process_time() - before < 1
