"""What would be done with a file."""

import gzip
import io
import json

import pytest

from tests.core.feeds.feed_reading import FEEDS, Body
from tests.core.feeds.test_feeds_xlsx import two_sheets
from wecelebrate.feeds import Proposal, UnreadableFeed, propose


def proposed(content: bytes, name: str = "feed.csv", mapping: dict[str, str | None] | None = None) -> Proposal:
    proposal = propose(Body(content), name, mapping, "EUR")
    json.dumps(proposal.as_json())
    return proposal


@pytest.mark.parametrize("path", sorted(FEEDS.glob("*.*")), ids=lambda path: path.name)
def test_every_kind_of_file_is_proposed(path: "object") -> None:
    if path.name == "README.md":  # type: ignore[attr-defined]
        return
    proposal = proposed(path.read_bytes(), path.name)  # type: ignore[attr-defined]
    assert proposal.rows
    assert any(column.samples for column in proposal.columns)
    assert {field.field for field in proposal.fields if field.columns} or proposal.missing == ["sku"]


def test_where_each_field_comes_from() -> None:
    content = "Artikelnr.;Text;VK;Bestand\nA;Mug;1,50;7\n;Cap;x;\n".encode("cp1252")
    proposal = proposed(content, mapping={"name": "Text", "brand": None})
    by = {field.field: (field.by, field.columns) for field in proposal.fields}
    assert by["sku"] == ("name", ["Artikelnr."])
    assert by["name"] == ("mapping", ["Text"])
    assert by["brand"] == ("mapping", [])
    assert by["category"] == ("none", [])
    assert (proposal.delimiter, proposal.decimal, proposal.missing) == (";", ",", [])
    assert proposal.columns[1].samples == ["Mug", "Cap"]
    assert proposal.rows[0]["product"]["price"] == "1.50"
    assert proposal.rows[1]["code"] == "empty"


def test_what_is_wrong_with_a_mapping_is_a_warning() -> None:
    proposal = proposed(b"colour,weight\nred,3\n", mapping={"sku": "Artikel"})
    assert [warning[:40] for warning in proposal.warnings[:2]] == [
        "the catalog's sync settings take sku fro",
        "no column holds a SKU, handle or product",
    ]
    assert proposal.missing == ["sku", "name", "price"]


def test_no_more_than_a_sample_is_read() -> None:
    class Endless(io.RawIOBase):
        size = 0

        def read(self, size: int = -1) -> bytes:
            self.size += size
            assert self.size < 8 << 20
            return (b"A,Mug,5\n" * (1 + size // 8))[:size] if self.size > 1 << 16 else b"sku,name,price\n"

    proposal = propose(Endless(), "feed.csv", None, "EUR")  # type: ignore[arg-type]
    assert len(proposal.rows) == 20
    assert not proposal.warnings
    small = proposed(gzip.compress(b"sku,name,price\nA,Mug,5\n"))
    assert len(small.rows) == 1


def test_the_sheets_of_a_workbook_are_named() -> None:
    proposal = proposed(two_sheets(both=True, hidden=True), "feed.xlsx")
    assert (proposal.sheet, [sheet["name"] for sheet in proposal.sheets]) == ("Mugs", ["Notes", "Mugs", "Caps"])
    with pytest.raises(UnreadableFeed, match="PDF"):
        proposed(b"%PDF-1.7")
