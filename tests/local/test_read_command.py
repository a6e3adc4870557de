"""Tests that `wecelebrate read` prints how a product file is read, and the result of each row. The command needs no
local cloud.
"""

import csv
import gzip
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.command import app
from infra.command.job_texts import at_line
from infra.command.read import DEFAULT_CURRENCY
from wecelebrate import feeds
from wecelebrate.ingestion import catalog_settings

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
GERMAN = str(FEEDS / "erp-german.csv")
ROWS = b"sku,name,price,stock,Colour\nA-1,Mug,12.50,5,red\nA-2,Lamp,twelve,1,blue\nA-3,Desk,99,2,\n"


def read(*arguments: str, stdin: bytes | None = None) -> Result:
    """Run the command. If `stdin` is given, the command reads `stdin` instead of a file."""
    file = [] if stdin is None else ["-"]
    return CliRunner().invoke(app, ["read", *file, *arguments], input=stdin, env={"COLUMNS": "200"})


def document(*arguments: str, stdin: bytes | None = None) -> dict[str, Any]:
    """Run the command with --json and return the document."""
    result: dict[str, Any] = json.loads(read("--json", *arguments, stdin=stdin).stdout)
    return result


def test_the_text_output_shows_how_the_file_is_read_and_the_rows() -> None:
    result = read(GERMAN)
    lines = result.stdout.splitlines()
    assert "decimal          ," in lines
    assert any(line.startswith("price            VK-Preis (EUR)") for line in lines)
    assert any("4711" in line and "1234.50" in line and "spülmaschinenfest" in line for line in lines)
    rejected = '"auf Anfrage" is not a price; a product needs a fixed price [no_fixed_price]'
    assert f"✗ line 9 (4714): VK-Preis (EUR): {rejected}" in lines
    assert "5 rows read: 3 accepted as 3 products, 2 rejected (1 of these: no products)" in lines
    assert "  1 no_fixed_price" in lines
    warning = '! Lagerbestand: "-4" is a stock below 0; it is read as 0 (1 row)\n'
    assert (result.stderr, result.exit_code) == (warning, 1)


def test_the_json_output_shows_how_the_file_is_read_and_the_rows() -> None:
    result = document(stdin=ROWS)
    assert result["read_as"]["format"] == "csv"
    assert {field["field"]: field["columns"] for field in result["read_as"]["fields"]}["price"] == ["price"]
    assert [row["line"] for row in result["data"]] == [2, 3, 4]
    first, second, _ = result["data"]
    assert first["product"]["price"] == "12.50"
    assert first["product"]["inventory_count"] == 5
    assert (second["sku"], second["code"]) == ("A-2", "not_a_number")
    assert second["raw"] == {"sku": "A-2", "name": "Lamp", "price": "twelve", "stock": "1", "Colour": "blue"}
    assert result["counts"] == {
        "read": 3,
        "accepted": 2,
        "rejected": 1,
        "products": 2,
        "codes": {"not_a_number": 1},
    } | {"no_products": 0}
    assert (result["has_more"], result["ended_cleanly"]) == (False, True)


def test_every_row_of_each_sample_file_is_either_accepted_or_rejected() -> None:
    for file in sorted(FEEDS.iterdir()):
        if file.suffix == ".md":
            continue
        result = document(str(file))
        counts = result["counts"]
        assert counts["accepted"] + counts["rejected"] == counts["read"] == sum(row["rows"] for row in result["data"])
        assert sum(counts["codes"].values()) == counts["rejected"]
        assert counts["products"] == sum("product" in row for row in result["data"])
        # Abstract products of Spryker cannot be sold. Only their variants are sold.
        assert counts["products"] > 0 or set(counts["codes"]) == {"not_sold_itself"}


def test_the_formats_ndjson_and_csv_print_only_rows_to_stdout() -> None:
    lines = read("--format", "ndjson", stdin=ROWS)
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert rows == document(stdin=ROWS)["data"]
    assert "3 rows read: 2 accepted as 2 products, 1 rejected" in lines.stderr
    table = list(csv.DictReader(io.StringIO(read("--format", "csv", stdin=ROWS).stdout)))
    assert [(row["line"], row["sku"], row["price"], row["code"]) for row in table] == [
        ("2", "A-1", "12.50", ""),
        ("3", "A-2", "", "not_a_number"),
        ("4", "A-3", "99.00", ""),
    ]
    assert json.loads(table[1]["raw"])["price"] == "twelve"


TOTALS = ["Total;;14,00", "Summe;;14,00", "合計;;14,00", ";;;\n* prices incl. VAT;;", "SKU;Name;Price"]


@pytest.mark.parametrize("row", TOTALS)
def test_a_row_that_is_not_a_product_does_not_fail_the_command(row: str) -> None:
    content = f"SKU;Name;Price\nA-1;Mug;9,50\nA-2;Cup;4,50\n{row}\n".encode()
    result = read(stdin=content)
    assert result.exit_code == 0
    assert "3 rows read: 2 accepted as 2 products, 1 rejected (1 of these: no products)" in result.stdout
    counts = document(stdin=content)["counts"]
    assert (counts["accepted"], counts["rejected"], counts["no_products"], counts["read"]) == (2, 1, 1, 3)
    assert read(stdin=content + b"A-3;Jug;twelve\n").exit_code == 1


def test_the_option_rejected_prints_only_rejected_rows() -> None:
    result = document("--rejected", stdin=ROWS)
    assert [row["code"] for row in result["data"]] == ["not_a_number"]
    assert result["counts"]["read"] == 3


def test_the_option_limit_stops_the_command_after_the_given_number_of_rows() -> None:
    result = document("--limit", "1", stdin=ROWS)
    assert ([row["line"] for row in result["data"]], result["has_more"]) == ([2], True)
    assert result["counts"]["read"] == 1
    assert document("--limit", "3", stdin=ROWS)["has_more"] is False
    assert document("--limit", "1", "--rejected", stdin=ROWS)["has_more"] is False
    assert "without --limit" in read("--limit", "1", stdin=ROWS).stderr


def test_the_exit_code_is_0_if_all_rows_are_accepted() -> None:
    assert read(stdin=b"sku,name,price\nA-1,Mug,1.00\n").exit_code == 0
    assert read("--limit", "1", stdin=ROWS).exit_code == 0


def test_the_options_mapping_and_option_change_how_the_file_is_read() -> None:
    file = b"Nr;Was;Wieviel\n7;Tasse;1.234\n"
    mapping = ["--mapping", "sku=Nr", "--mapping", "name=Was", "--mapping", "price=Wieviel"]
    for mark, price in ((",", "1234.00"), (".", "1.23")):
        arguments = [*mapping, "--option", f"decimal={mark}", "--option", "delimiter=;", "--currency", "EUR"]
        rows = document(*arguments, stdin=file)["data"]
        assert rows[0].get("product", {}).get("price") == price or (mark == "." and "reason" in rows[0])
    left_out = document("--mapping", "inventory_count=", stdin=ROWS)["data"][0]["product"]
    assert "inventory_count" not in left_out


@pytest.mark.parametrize(
    ("currency", "price", "expected"), [("JPY", "1250", "1250"), ("KWD", "1.5", "1.500"), ("eur", "1.5", "1.50")]
)
def test_a_price_has_the_decimals_of_the_currency(currency: str, price: str, expected: str) -> None:
    rows = document("--currency", currency, stdin=f"sku,name,price\nA-1,Mug,{price}\n".encode())["data"]
    assert rows[0]["product"]["price"] == expected


def test_prices_without_a_currency_have_the_default_currency_of_a_catalog() -> None:
    assert DEFAULT_CURRENCY == catalog_settings.DEFAULT_CURRENCY


def test_a_compressed_file_can_be_read_from_stdin() -> None:
    assert document(stdin=gzip.compress(ROWS))["read_as"]["packed"] == ["gzip"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/no/such/file.csv"], "cannot be read"),
        ([str(FEEDS)], "cannot be read"),
        ([GERMAN, "--mapping", "sku"], "has no ="),
        ([GERMAN, "--mapping", "colour=Farbe"], "--mapping colour is not known"),
        ([GERMAN, "--option", "decimals=,"], "--option decimals is not known"),
        ([GERMAN, "--option", "decimal=x"], "--option decimal=x: must be ',' or '.'"),
        ([GERMAN, "--option", "delimiter=zz"], "--option delimiter=zz: must be one character"),
        ([GERMAN, "--option", "encoding=klingon"], "--option encoding=klingon: must be a text encoding"),
        ([GERMAN, "--currency", "EURO"], "--currency EURO is not a currency"),
        ([GERMAN, "--json", "--format", "csv"], "exclude each other"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(arguments: list[str], message: str) -> None:
    result = read(*arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("row_format", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("file", [b"", b"%PDF-1.7", b"PK\x03\x04 not a zip", b"<html><body>"])
def test_the_error_for_an_unreadable_file_is_one_line_on_stderr(file: bytes, row_format: str) -> None:
    result = read("--format", row_format, stdin=file)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith("✗ ")
    assert len(result.stderr.splitlines()) == 1


def test_the_error_for_a_missing_mapped_column_follows_the_list_of_columns() -> None:
    result = read("--mapping", "price=Wieviel", stdin=ROWS)
    assert result.exit_code == 1
    assert "attribute        Colour" in result.stdout
    assert '"Wieviel"' in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_row_that_is_too_large_for_the_database_is_rejected() -> None:
    large = ",".join(f"column {number}" for number in range(150))
    cells = ",".join(["x" * 15_000] * 150)
    file = f"sku,name,price,{large}\nA-1,Mug,1.00,{cells}\nA-2,Lamp,2.00\n".encode()
    first, *_ = document(stdin=file)["data"]
    assert (first["sku"], first["code"]) == ("A-1", "too_long")


def test_control_characters_in_cells_do_not_control_the_terminal() -> None:
    file = 'sku,name,price,Note\nA-1,"Mug\x1b[31m\x07",1.00,"=cmd()\x9b2J"\nA-2\x1b]0;x\x07,Lamp,twelve,\n'.encode()
    for row_format in ("table", "json", "ndjson"):
        result = read("--format", row_format, stdin=file)
        assert not set("\x1b\x07") & set(result.stdout + result.stderr)
    assert "\x9b" not in read(stdin=file).stdout


@pytest.mark.parametrize(
    ("line", "reason", "text"),
    [
        (10, "line 10: a quote is opened here", "line 10: a quote is opened here"),
        (10, "line 10 is not a JSON object", "line 10 is not a JSON object"),
        (1, "line 10: too long", "line 1 (A-1): line 10: too long"),
        (7, "price: blank", "line 7 (A-1): price: blank"),
    ],
)
def test_the_line_number_of_a_rejected_row_is_printed_only_once(line: int, reason: str, text: str) -> None:
    assert at_line(line, reason, "A-1") == text


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    examples: tuple[str, ...] = ()
    refuses_file: bool = False


@dataclass(frozen=True)
class Question:
    key: str
    text: str
    choices: tuple[Choice, ...]


def test_a_question_is_printed_with_the_options_that_answer_the_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thousands = Choice(",", "The dot groups thousands", ("1.250 → 1250.00",))
    question = Question("decimal", "Is 1.250 a thousand?", (thousands, Choice(".", "The dot separates decimals")))
    monkeypatch.setattr(feeds.Feed, "questions", (question,), raising=False)
    monkeypatch.setattr(feeds.Feed, "__setattr__", skip_questions)
    result = read(stdin=b"sku,name,price\nA-1,Mug,1.00\n")
    assert result.exit_code == 1
    assert "question         Is 1.250 a thousand?" in result.stdout
    assert "--option decimal=,  The dot groups thousands, e.g. 1.250 → 1250.00" in result.stdout
    questions = document(stdin=b"sku,name,price\nA-1,Mug,1.00\n")["read_as"]["questions"]
    assert [each["key"] for each in questions] == ["decimal"]


def test_the_answer_that_the_file_is_wrong_is_printed_without_an_option() -> None:
    content = b"SKU;Name;Price;Stock\nA;Cup;12.50;3\nB;Mug;9.10;4\nA;Cup;14.50;3\n"
    result = read(stdin=content)
    assert "--mapping price=Price  Of rows with the same SKU" in result.stdout
    line = next(line for line in result.stdout.split("\n") if "is not read, until it is corrected" in line)
    assert "--mapping" not in line
    question = document(stdin=content)["read_as"]["questions"][0]
    assert [(each["value"], each["refuses_file"]) for each in question["choices"]] == [("Price", False), ("stop", True)]


def skip_questions(feed: feeds.Feed, name: str, value: object) -> None:
    """Set an attribute of a feed, except the attribute `questions`."""
    if name != "questions":
        object.__setattr__(feed, name, value)


def test_the_read_command_does_not_import_modules_of_the_local_cloud() -> None:
    program = (
        "import sys\nfrom infra.command import app\n"
        f"try:\n    app(['read', {GERMAN!r}])\nexcept SystemExit:\n    pass\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = set(done.stdout.splitlines()[-1].split())
    assert not modules & {"psycopg", "boto3", "botocore", "httpx", "rich", "joserfc", "wecelebrate.core.database"}


@pytest.mark.parametrize("row_format", ["table", "json", "ndjson", "csv"])
def test_the_memory_of_the_command_does_not_grow_with_the_number_of_rows(tmp_path: Path, row_format: str) -> None:
    def peak_megabytes(rows: int) -> float:
        file = tmp_path / f"{rows}.csv"
        text = "".join(f"A-{number},Product {number},{number % 90}.50,{'x' * 300}\n" for number in range(rows))
        file.write_text("sku,name,price,description\n" + text + "A-0,Mug,twelve,\n")
        program = (
            "from infra.command import app\nfrom tests.peak_memory import peak_memory\n"
            f"try:\n    app(['read', {str(file)!r}, '--format', {row_format!r}])\nexcept SystemExit:\n    pass\n"
            "import sys\nprint(peak_memory(), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
        )
        return int(done.stderr.splitlines()[-1]) / 1024**2

    # The reader keeps a sample of the first rows. The sample is full before row 10,000. All further rows together have
    # 8 MB.
    assert peak_megabytes(30_000) - peak_megabytes(10_000) < 4


@pytest.mark.parametrize("in_settings", [False, True])
def test_the_mapping_option_accepts_a_json_file_with_transformations(tmp_path: Path, in_settings: bool) -> None:
    mapping = {"price": {"columns": ["price"], "transform": [{"multiply": "2"}]}, "name": {"join": ["name", "Colour"]}}
    attributes = {"Farbe": {"columns": ["Colour"], "transform": [{"replace": {"red": "Rot"}, "otherwise": "reject"}]}}
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps({"mapping": mapping, "attributes": attributes} if in_settings else mapping))
    first, second, third = document("--mapping", str(file), stdin=ROWS)["data"]
    assert (first["product"]["price"], first["product"]["name"]) == ("25.00", "Mug red")
    assert first["product"]["attributes"] == ({"Farbe": "Rot"} if in_settings else {"Colour": "red"})
    if in_settings:
        assert second["reason"] == 'Colour: step 1 (replace): "blue" is not in the list of values'
        assert second["code"] == "not_in_list"
    assert third["product"]["name"] == "Desk"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"name": {"join": ["A"], "columns": ["B"]}}', "/mapping/name must have exactly one of columns"),
        ('{"attributes": {"A": {"columns": ["B"], "transform": ["x"]}}}', "/attributes/A/transform/0 must be 'trim'"),
        ('{"colour": "Farbe"}', "the field colour is not known"),
        ("{", "is not JSON"),
        ("[]", "has no JSON object"),
    ],
)
def test_the_error_for_an_invalid_json_file_contains_the_position_of_the_error(
    tmp_path: Path, content: str, problem: str
) -> None:
    file = tmp_path / "mapping.json"
    file.write_text(content)
    result = read("--mapping", str(file), stdin=ROWS)
    assert result.exit_code == 2
    assert problem in " ".join(result.output.split())
