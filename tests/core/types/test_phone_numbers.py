"""Tests which texts are telephone numbers."""

import pytest
from pydantic import TypeAdapter, ValidationError

from wecelebrate.core.types.phone import PhoneNumber

PHONE = TypeAdapter[str](PhoneNumber)


@pytest.mark.parametrize(
    "text",
    [
        "1234",
        "+1 234",
        "123456789012345",
        "+49 30 1234567",
        "(030) 123-45/67",
        "030.1234567",
        "1 2 3 4",
        "+12345" + " " * 23 + "6",
    ],
)
def test_a_number_with_4_to_15_digits_is_not_changed(text: str) -> None:
    assert PHONE.validate_python(f"  {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "123",
        "(12)-3",
        "1234567890123456",
        "+1234567890123456",
        "",
        "++4930123",
        "49+30123",
        "-49301234",
        "abcd",
        "1234a",
        "1234\n5678",
        "\u0661\u0662\u0663\u0664",
        "1234\u200b",
        "+12345" + " " * 24 + "6",
    ],
)
def test_a_text_that_is_not_a_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        PHONE.validate_python(text)
