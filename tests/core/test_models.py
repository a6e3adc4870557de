"""Tests the limits of JSON in requests, and the JSON pointers of errors."""

import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ValidationError

from wecelebrate.core import models
from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import (
    ABSENT,
    GivenObject,
    Input,
    Patch,
    Secret,
    json_bytes,
    normalized,
    pointer,
    storable,
    without_secrets,
)


class Body(Input):
    value: Any = None


class Order(Input):
    attributes: GivenObject


class Query(Input):
    place = ""

    q: str = ""


def nested(levels: int) -> Any:
    """Return nested objects and lists. The innermost list is on the given level."""
    value: Any = []
    for level in range(1, levels):
        value = {"a": value} if level % 2 else [value]
    return value


def error_of(value: Any, model: type[Input] = Body, name: str = "value") -> tuple[str, str]:
    with pytest.raises(Invalid) as error:
        model.model_validate({name: value})
    return error.value.errors[0].pointer, error.value.errors[0].detail


def test_a_json_body_has_at_most_64_levels() -> None:
    assert Body.model_validate({"value": nested(63)}).value == nested(63)
    assert "64 levels" in error_of(nested(64))[1]


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_cannot_express_is_refused(number: float) -> None:
    assert error_of([0.5, {"b": number}]) == ("/value/1/b", "must be a finite number")


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\udfff", "ä\udc00"], ids=ascii)
def test_a_text_that_postgresql_cannot_store_is_refused(text: str) -> None:
    assert not storable(text)
    assert error_of({"a": ["x", text]}) == ("/value/a/1", "must not contain NUL or unpaired surrogates")
    assert error_of(text, Query, "q")[0] == "q"


@pytest.mark.parametrize("text", ["", "a", "\x01", "ä", "\ud7ff", "\ue000", "\N{WRAPPED PRESENT}"], ids=ascii)
def test_a_text_without_nul_or_unpaired_surrogates_can_be_stored(text: str) -> None:
    assert storable(text)
    assert Body.model_validate({"value": text}).value == text


@pytest.mark.parametrize(
    "value",
    ["e\u0301", ["e\u0301", "\u00e9", "e"], ["e", "\u00e9", "e\u0301"], {"e\u0301": [{"a": "e\u0301", "b": 1}]}],
)
def test_all_texts_and_keys_of_a_json_body_are_converted_to_nfc(value: Any) -> None:
    expected = json.loads(json.dumps(value, ensure_ascii=False).replace("e\u0301", "\u00e9"))
    assert Body.model_validate({"value": value}).value == expected


def test_a_value_in_nfc_is_not_copied() -> None:
    for value in (["\u00e9", {"a": 1}], {"a": [None, True, 1.5]}, ["e", "\u00e9"]):
        assert normalized(value) is value


def test_an_object_with_two_spellings_of_the_same_key_is_refused() -> None:
    problem = "must not contain the same key in two Unicode spellings"
    assert error_of({"a": [{"\u00e9": 1, "e\u0301": 2}]}) == ("/value/a/0", problem)


def test_a_key_that_postgresql_cannot_store_is_refused() -> None:
    assert error_of({"a": {"b\0": 1}}) == ("/value/a", "must not contain NUL or unpaired surrogates")


@pytest.mark.parametrize(
    ("path", "place", "text"),
    [
        ((), "/", ""),
        (("a", 0, "b"), "/", "/a/0/b"),
        (("a/b~c",), "/", "/a~1b~0c"),
        (("\ud800",), "/", "/?"),
        (("ids", 2), "", "ids.2"),
    ],
)
def test_a_pointer_escapes_slashes_and_tildes(path: tuple[Any, ...], place: str, text: str) -> None:
    assert pointer(path, place) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None], "ä": True}, '{"a": [1, 2.5, null], "ä": true}'),
        (1e3, "1000.0"),
        (1e16, "10000000000000000"),
        ({"a": [1.5e17]}, '{"a": [150000000000000000]}'),
        (-1e22, "-10000000000000000000000"),
        (1e-7, "0.0000001"),
    ],
)
def test_the_computed_size_of_json_is_the_size_of_its_text_in_postgresql(value: Any, text: str) -> None:
    assert json_bytes(value) == len(text.encode())


def test_an_object_has_at_most_512_kib_as_json() -> None:
    empty = len(json.dumps({"a": ""}))
    largest = {"a": "x" * (512 * 1024 - empty)}
    assert json_bytes(largest) == 524_288
    assert Order.model_validate({"attributes": largest}).attributes == largest
    with pytest.raises(ValidationError, match=r"at most 524,288 bytes as JSON in UTF-8; this object has 524,289 bytes"):
        Order.model_validate({"attributes": {"a": str(largest["a"]) + "x"}})


def test_an_object_has_at_most_ten_thousand_keys_on_all_levels() -> None:
    largest: dict[str, Any] = {str(number): 1 for number in range(9_997)} | {"list": [{"a": 1}], "more": {"b": 1}}
    del largest["0"]
    assert Order.model_validate({"attributes": largest}).attributes == largest
    with pytest.raises(ValidationError, match="at most 10,000 keys"):
        Order.model_validate({"attributes": largest | {"one": 1}})


def test_unknown_fields_are_refused_and_surrounding_white_space_is_removed() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Query.model_validate({"q": "a", "limitt": 1})
    assert Query.model_validate({"q": " a "}).q == "a"


class Name(Patch):
    first: str = ABSENT
    last: str | None = None


def test_a_patch_changes_only_the_sent_fields() -> None:
    assert Name.model_validate({}).changes() == {}
    assert Name.model_validate({"first": "Ann"}).changes() == {"first": "Ann"}
    assert Name.model_validate({"last": None}).changes() == {"last": None}
    with pytest.raises(ValidationError):
        Name.model_validate({"first": None})


class Endpoint(BaseModel):
    id: str
    secret: Annotated[str | None, Secret]


class Created(BaseModel):
    endpoint: Endpoint
    url: Annotated[str | None, Secret()]
    name: str


def test_a_stored_response_contains_no_secrets() -> None:
    created = Created(endpoint=Endpoint(id="1", secret="s"), url="https://a.test/?signature=s", name="Ann")
    assert without_secrets(created).model_dump() == {
        "endpoint": {"id": "1", "secret": None},
        "url": None,
        "name": "Ann",
    }
    assert (created.url, created.endpoint.secret) == ("https://a.test/?signature=s", "s")


def outcome(value: Any) -> Any:
    """Return the normalized value, or the errors of the refusal."""
    try:
        return normalized(value)
    except Invalid as refusal:
        return refusal.errors


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, 'text\t\n"\\']},
        {"a": ["e\u0301", "\u00e9"]},
        {"e\u0301": 1, "\u00e9": 2},
        {"a": {"b\0": 1}},
        ["\ud800"],
        ["\\u0000", "\x7f", "\x1f"],
        [float("nan")],
        {"a": [{"b": float("-inf")}]},
        10**5000,
        nested(64),
        nested(65),
        ["[{" * 100],
        [[] for _ in range(100)],
        {"a": object()},
    ],
    ids=range(14),
)
def test_the_fast_check_of_plain_values_has_the_same_result_as_the_full_check(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = outcome(value)
    monkeypatch.setattr(models, "_is_plain", lambda _: False)
    assert fast == outcome(value)
