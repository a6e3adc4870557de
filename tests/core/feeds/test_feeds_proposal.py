"""Tests the previews that show how a file would be read."""

import gzip
import io
import json
from pathlib import Path

import pytest

from tests.core.feeds.feed_reading import FEEDS, Body
from tests.core.feeds.workbooks import sheets_workbook
from wecelebrate.feeds import Proposal, UnreadableFeed, propose


def proposal_for(content: bytes, name: str = "feed.csv", mapping: dict[str, str | None] | None = None) -> Proposal:
    proposal = propose(Body(content), name, mapping, "EUR")
    json.dumps(proposal.as_json())
    return proposal


@pytest.mark.parametrize(
    "path", sorted(path for path in FEEDS.iterdir() if path.name != "README.md"), ids=lambda path: path.name
)
def test_every_sample_file_has_a_proposal(path: Path) -> None:
    proposal = proposal_for(path.read_bytes(), path.name)
    assert proposal.rows
    assert any(column.samples for column in proposal.columns)
    assert {field.field for field in proposal.fields if field.columns} or proposal.missing == ["sku"]


def test_a_proposal_states_how_each_field_gets_its_columns() -> None:
    content = "Artikelnr.;Text;VK;Bestand\nA;Mug;1,50;7\n;Cap;x;\n".encode("cp1252")
    proposal = proposal_for(content, mapping={"name": "Text", "brand": None})
    assigned = {field.field: (field.by, field.columns) for field in proposal.fields}
    assert assigned["sku"] == ("name", ["Artikelnr."])
    assert assigned["name"] == ("mapping", ["Text"])
    assert assigned["brand"] == ("mapping", [])
    assert assigned["category"] == ("none", [])
    assert (proposal.delimiter, proposal.decimal, proposal.missing) == (";", ",", [])
    assert proposal.columns[1].samples == ["Mug", "Cap"]
    assert proposal.rows[0]["product"]["price"] == "1.50"
    assert proposal.rows[1]["code"] == "empty"


def test_a_problem_in_the_mapping_becomes_a_warning() -> None:
    proposal = proposal_for(b"colour,weight\nred,3\n", mapping={"sku": "Artikel"})
    assert [warning[:40] for warning in proposal.warnings[:2]] == [
        "the catalog's sync settings take sku fro",
        "no column contains a SKU, handle or prod",
    ]
    assert proposal.missing == ["sku", "name", "price"]


def test_only_a_sample_of_the_file_is_read() -> None:
    class Endless(io.RawIOBase):
        size = 0

        def read(self, size: int = -1) -> bytes:
            self.size += size
            assert self.size < 8 << 20
            return (b"A,Mug,5\n" * (1 + size // 8))[:size] if self.size > 1 << 16 else b"sku,name,price\n"

    proposal = propose(Endless(), "feed.csv", None, "EUR")  # type: ignore[arg-type]
    assert len(proposal.rows) == 20
    assert not proposal.warnings
    small = proposal_for(gzip.compress(b"sku,name,price\nA,Mug,5\n"))
    assert len(small.rows) == 1


def test_the_sheets_of_a_workbook_are_listed() -> None:
    proposal = proposal_for(sheets_workbook(both=True, hidden=True), "feed.xlsx")
    assert (proposal.sheet, [sheet["name"] for sheet in proposal.sheets]) == ("Mugs", ["Notes", "Mugs", "Caps"])
    with pytest.raises(UnreadableFeed, match="PDF"):
        proposal_for(b"%PDF-1.7")
