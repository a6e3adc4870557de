"""Tests that hostile bodies, cells and files need little memory and CPU time, and do not stop a job.

The memory is the peak of the allocations of a test. The time is CPU time, because other programs also use the machine.
"""

import ast
import io
import json
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from pydantic import TypeAdapter, ValidationError

import wecelebrate
from tests.core.feeds.feed_reading import read
from tests.core.feeds.workbooks import by_hand, sheet, text_row
from tests.core.test_http import environment, send_request
from wecelebrate.core import entities, http
from wecelebrate.core.errors import Invalid
from wecelebrate.core.http.bodies import MAX_KEYS
from wecelebrate.core.http.json_bodies import parse
from wecelebrate.core.models import MAX_OBJECT_KEYS, MAX_UNKNOWN_FIELDS, Input, normalized
from wecelebrate.core.problem_document import MAX_ERRORS, MAX_POINTER_LENGTH, FieldError
from wecelebrate.core.types.normal_forms import (
    MAX_MARKS,
    TOO_MANY_MARKS,
    has_too_many_marks,
    nfc,
    nfkc,
    nfkd,
    stream_safe,
    without_marks,
)
from wecelebrate.core.types.numbers import without_exponent
from wecelebrate.core.types.text import ExactText, Name, Text, unbroken
from wecelebrate.erasures.files import Needles, _mentions
from wecelebrate.events.acceptance import _errors
from wecelebrate.events.models import NewEvent
from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.prices.notes import notes_of_members
from wecelebrate.feeds.xlsx.formats import percent
from wecelebrate.ingestion.bulk_import.models import ImportRow, sku_of
from wecelebrate.order_files.news.reading import UnreadableFile
from wecelebrate.order_files.news.reading import read as read_news
from wecelebrate.order_files.news.rows import RejectedRow
from wecelebrate.order_imports.values import BadValue, line

__all__ = ["environment"]

MB = 1 << 20
MARKS = "e" + "\u0301\u0323" * (MAX_MARKS // 2 + 1)
LONGEST = "e" + "\u0301\u0323" * (MAX_MARKS // 2)
LONG_NUMBER = "&#" + "9" * 5000 + ";"


def peak_mb(call: Callable[[], Any]) -> float:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / MB
    finally:
        tracemalloc.stop()


def cpu_seconds(call: Callable[[], Any]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


# Combining marks


@pytest.mark.parametrize("form", [nfc, nfkc, nfkd, without_marks, stream_safe])
def test_normalizing_half_a_million_combining_marks_takes_linear_time(form: Callable[[str], str]) -> None:
    assert cpu_seconds(lambda: form("e" + "\u0301\u0323" * 250_000)) < 5  # 250,000² operations would take an hour


@pytest.mark.parametrize("mark", ["\u0301", "\u0f73", "\uff9e", "\U0001e8d0"], ids=ascii)
def test_more_than_thirty_marks_in_a_row_are_found_at_any_position(mark: str) -> None:
    for before in range(70):
        for after in (0, 1, 40):
            assert not has_too_many_marks("é" * before + mark * MAX_MARKS + "é" * after)
            assert has_too_many_marks("é" * before + mark * (MAX_MARKS + 1) + "é" * after)
    assert not has_too_many_marks(("é" + mark * MAX_MARKS) * 20)


def test_a_text_with_too_many_marks_gets_invisible_joiners() -> None:
    text = stream_safe("e" + "\u0301" * 65)
    assert text.replace("\u034f", "") == "e" + "\u0301" * 65
    assert (text.count("\u034f"), has_too_many_marks(text), stream_safe(text)) == (2, False, text)


def test_only_one_module_calls_functions_that_are_slow_or_raise_errors() -> None:
    root = Path(wecelebrate.__file__).parent
    calls = {
        (node.func.value.id, node.func.attr, path.relative_to(root).as_posix())
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    assert {call for call in calls if call[:2] in (("unicodedata", "normalize"), ("html", "unescape"))} == {
        ("unicodedata", "normalize", "core/types/normal_forms.py"),
        ("html", "unescape", "core/entities.py"),
    }


@pytest.mark.parametrize("value", [MARKS, [MARKS], {"a": {MARKS: 1}}])
def test_a_body_with_too_many_marks_is_refused(value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        normalized({"value": value})
    assert refusal.value.errors[0].detail == TOO_MANY_MARKS


def test_a_body_with_the_maximum_number_of_marks_is_accepted() -> None:
    assert normalized({"value": LONGEST}) == {"value": nfc(LONGEST)}


@pytest.mark.parametrize("kind", [Name, Text, ExactText])
def test_a_parameter_with_too_many_marks_is_refused(kind: Any) -> None:
    with pytest.raises(ValidationError, match="30 combining marks"):
        TypeAdapter(kind).validate_python(MARKS)
    assert TypeAdapter(kind).validate_python(LONGEST) == nfc(LONGEST)


def test_a_sku_with_too_many_marks_is_invalid() -> None:
    assert sku_of({"sku": MARKS}) is None
    assert sku_of({"sku": f" {LONGEST} "}) == nfc(LONGEST)


@pytest.mark.parametrize("name", ["feed.csv", "feed.json"])
def test_only_the_row_of_a_feed_with_too_many_marks_is_rejected(name: str) -> None:
    products = [{"sku": "A", "name": MARKS, "price": "1"}, {"sku": "B", "name": LONGEST, "price": "2"}]
    rows = ["sku,name,price", *(",".join(product.values()) for product in products)]
    reading = read("\n".join(rows) if name == "feed.csv" else json.dumps(products), name)
    assert (reading.rejection.code, reading.rejection.sku) == ("too_many_marks", "A")
    assert "more than 30 combining marks" in reading.rejection.reason
    assert [product.name for product in reading.products] == [nfc(LONGEST)]


def test_order_rows_with_too_many_marks_are_rejected() -> None:
    [row] = read_news(f"order,status,reason\nA,ack,{MARKS}\n".encode(), "news.csv", None)  # type: ignore[arg-type]
    assert isinstance(row, RejectedRow) and TOO_MANY_MARKS in row.reason
    with pytest.raises(BadValue, match="30 combining marks"):
        line("customer_name", MARKS, 200)


# JSON bodies


def test_duplicate_keys_of_a_deeply_nested_body_are_reported_with_little_memory() -> None:
    depth, count = 900, 20_000
    body = b'{"a":' * depth + b"[" + b",".join([b"[]"] * count) + b"]" + b"}" * depth
    body = b'{"x":1,"x":2,"y":' + body + b"}"

    def refused() -> None:
        with pytest.raises(Invalid) as refusal:
            parse(body, MAX_KEYS)
        assert [error.pointer for error in refusal.value.errors] == ["/x"]

    assert peak_mb(refused) < 20  # a path for each list would need 150 MB


def test_all_duplicate_keys_are_reported_with_their_paths() -> None:
    with pytest.raises(Invalid) as refusal:
        parse(b'{"a": [{"b": 1, "b": [{"c": 1, "c": 2}]}], "d": {"e": 1}, "a": 1, "d": {"e": 1, "e": 1}}', MAX_KEYS)
    assert sorted(error.pointer for error in refusal.value.errors) == ["/a", "/a/0/b", "/a/0/b/0/c", "/d", "/d/e"]


def keys(count: int) -> dict[str, int]:
    return {f"{number:06}": 1 for number in range(count)}


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        (keys(MAX_OBJECT_KEYS + 1), [""]),
        ({"a": [0, {"b/c": keys(MAX_OBJECT_KEYS + 1)}], "d": keys(MAX_OBJECT_KEYS)}, ["/a/1/b~1c"]),
        ([keys(MAX_OBJECT_KEYS + 1), keys(MAX_OBJECT_KEYS + 1)], ["/0", "/1"]),
    ],
)
def test_the_error_for_too_many_keys_contains_the_path_of_the_object(value: Any, pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(json.dumps(value).encode(), MAX_KEYS)
    assert [(error.pointer, error.detail) for error in refusal.value.errors] == [
        (pointer, "must have at most 10,000 keys") for pointer in pointers
    ]


def test_the_keys_of_all_objects_of_a_body_are_counted_together() -> None:
    body = {"a": [keys(9), {"b": keys(9)}]}  # 20 keys
    assert parse(json.dumps(body).encode(), 20) == body
    with pytest.raises(Invalid) as refusal:
        parse(json.dumps(body).encode(), 19)
    [error] = refusal.value.errors
    assert (error.pointer, error.detail) == ("", "must have at most 19 keys, including the keys of nested objects")
    assert parse(json.dumps(keys(MAX_OBJECT_KEYS)).encode(), MAX_OBJECT_KEYS) == keys(MAX_OBJECT_KEYS)


def test_a_body_of_two_megabytes_of_keys_is_refused_with_little_memory_and_time() -> None:
    body = json.dumps({"options": keys(150_000)}).encode()

    def refused() -> None:
        with pytest.raises(Invalid):
            parse(body, MAX_KEYS)

    assert peak_mb(refused) < 60
    assert cpu_seconds(refused) < 2


def test_a_row_with_many_unknown_fields_gets_one_error() -> None:
    with pytest.raises(ValidationError) as error:
        ImportRow.model_validate({"sku": "A"} | keys(MAX_UNKNOWN_FIELDS + 1))
    assert [(item["loc"], item["type"]) for item in error.value.errors()] == [((), "value_error")]


def test_a_nested_body_that_is_not_ascii_is_normalized_with_little_memory() -> None:
    value: Any = [0] * 100_000
    for _ in range(60):
        value = [value]
    assert peak_mb(lambda: normalized({"é": value})) < 5  # a path for each number would need 60 MB


class Body(Input):
    known: int = 0
    inner: "Body | None" = None


def test_an_object_with_many_unknown_fields_gets_one_error() -> None:
    few = {str(number): 1 for number in range(MAX_UNKNOWN_FIELDS)}
    for value, place in (({}, ()), ({"known": 1}, ()), ({"inner": None}, ())):
        with pytest.raises(ValidationError) as error:
            Body.model_validate(few | value)
        assert error.value.error_count() == MAX_UNKNOWN_FIELDS
        with pytest.raises(ValidationError) as error:
            Body.model_validate(few | value | {"one more": 1})
        assert [(item["loc"], item["type"]) for item in error.value.errors()] == [(place, "value_error")]
    with pytest.raises(ValidationError) as error:
        Body.model_validate({"inner": few | {"one more": 1}})
    assert [item["loc"] for item in error.value.errors()] == [("inner",)]


def test_an_event_with_many_unknown_fields_gets_one_error() -> None:
    with pytest.raises(ValidationError) as error:
        NewEvent.model_validate({str(number): 1 for number in range(1000)})
    assert len(_errors(error.value)) == 1


def test_a_problem_names_a_hundred_errors_with_short_pointers() -> None:
    problem = Invalid(errors=[FieldError(pointer="/" + "a" * 1000, detail="is wrong")] * 1000)
    errors = problem.document(None, "https://a.test")["errors"]
    assert (len(errors), len(errors[0]["pointer"])) == (MAX_ERRORS, MAX_POINTER_LENGTH)


# Numbers and entities


def test_a_numeric_entity_with_thousands_of_digits_is_decoded() -> None:
    assert entities.decoded(f"a{LONG_NUMBER}b&#{'0' * 5000}65;&amp;") == "a\ufffdbA&"
    assert entities.decoded("&eacute;&#x41;") == "éA"


@pytest.mark.parametrize("cell", [LONG_NUMBER, "=" + LONG_NUMBER, "<b>" + LONG_NUMBER])
def test_a_cell_with_a_long_entity_does_not_stop_the_file(cell: str) -> None:
    blocks = json.dumps({"blocks": [{"data": {"text": cell}}]})
    products = [{"sku": "A", "name": cell, "description": blocks, "price": 1, "stock": cell}]
    reading = read(json.dumps([*products, {"sku": "B", "name": "Mug", "price": 2, "stock": 1}]), "feed.json")
    assert reading.products[-1].name == "Mug"


def test_a_setting_with_thousands_of_digits_in_a_file_is_ignored() -> None:
    assert notes_of_members({"decimals": "0" * 5000}).scale == notes_of_members({}).scale
    assert notes_of_members({"decimals": "2"}).scale == 2


@pytest.mark.parametrize("number", ["1e999999", "-1e999999", "1e-999999", "1e500"])
def test_a_number_with_a_huge_exponent_does_not_become_a_long_text(number: str) -> None:
    with pytest.raises(ArithmeticError):
        without_exponent(Decimal(number))
    assert len(percent("1e999990")) < 20
    assert without_exponent(Decimal("1.5e3")) == "1500"


# Files


@pytest.mark.parametrize("text", [" " * 200_000, "a" + " " * 200_000 + "b", (" " * 50_000 + "x") * 4])
def test_runs_of_spaces_are_searched_in_linear_time(text: str) -> None:
    assert cpu_seconds(lambda: unbroken(text + "\n")) < 1  # 200,000² operations would take a minute
    assert unbroken(text) == text


def test_line_breaks_and_the_white_space_beside_them_become_one_space() -> None:
    assert unbroken("a \n\t b  c\u2028d\x1c\x1ce") == "a b  c d\x1c\x1ce"


def test_an_object_of_order_news_with_many_keys_is_checked_in_linear_time() -> None:
    names = ",".join(f'"{number}":1' for number in range(40_000))

    def refused() -> None:
        with pytest.raises(UnreadableFile, match="the key `twice` twice"):
            read_news(f'{{{names},"twice":1,"twice":2}}'.encode(), "news.json", None)  # type: ignore[arg-type]

    assert cpu_seconds(refused) < 3  # 40,000² operations would take twenty seconds


@pytest.mark.parametrize("common", [{str(number): 1 for number in range(2_000)}, {"reason": "x" * 100_000}])
def test_order_news_with_too_many_repeated_values_is_refused(common: dict[str, Any]) -> None:
    content = json.dumps({"order_number": "A", "status": "ack", **common, "lines": [{"line": 1}] * 40_000})
    with pytest.raises(UnreadableFile, match="repeat too many values"):
        read_news(content.encode(), "news.json", None)  # type: ignore[arg-type]


def test_a_record_with_too_many_repeated_values_in_variants_is_rejected() -> None:
    product = {f"c{number}": "x" for number in range(1_500)}
    variants = [{"sku": "A"}] * 2_000
    other = {"sku": "B", "name": "Mug", "price": 1}
    reading = read(json.dumps([{**product, "variants": variants}, other]), "feed.json")
    assert "variants would repeat" in reading.rejected[0].reason
    assert [item.sku for item in reading.products] == ["B"]


def test_the_merged_cells_of_a_workbook_fill_at_most_twenty_million_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wecelebrate.feeds.xlsx.rows.MAX_FILLED_CELLS", 100)
    rows = [text_row(number, f"S{number}", "Mug", "1") for number in range(2, 203)]
    content = sheet(text_row(1, "sku", "name", "price") + b"".join(rows), after=b'<mergeCell ref="B2:B202"/>')
    with pytest.raises(UnreadableFeed, match="merged cells of the sheet fill more than 100"):
        read(by_hand(content), "feed.xlsx")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED], ids=str)
def test_a_damaged_archive_causes_no_unexpected_error(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.xml", "<order>" * 100)
    needles = Needles(["zoe@example.test"])
    for at in range(30, 60):
        content = bytearray(file.getvalue())
        content[at] ^= 0xFF
        _mentions(bytes(content), needles)
        with pytest.raises(UnreadableFile):
            read_news(bytes(content), "news.zip", None)  # type: ignore[arg-type]


def test_a_file_with_a_long_entity_is_searched_for_a_person() -> None:
    needles = Needles(["zoe@example.test"])
    assert _mentions(f"{LONG_NUMBER} zoe&#64;example.test".encode(), needles)
    assert not _mentions(LONG_NUMBER.encode(), needles)


def test_the_response_to_a_body_with_many_errors_is_short() -> None:
    app = http.api()

    @app.post("/things")
    def create_thing(names: dict[str, int]) -> Response:
        return Response()

    body = json.dumps({f"{number}{'x' * 1000}": "x" for number in range(1000)}).encode()
    response = send_request(app, "POST", "/things", body, content_type="application/json")
    document = json.loads(response["body"])
    assert (response["statusCode"], len(document["errors"])) == (422, MAX_ERRORS)
    assert {len(error["pointer"]) for error in document["errors"]} == {MAX_POINTER_LENGTH}
