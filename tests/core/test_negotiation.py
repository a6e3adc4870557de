"""Tests content negotiation with the rules and examples of RFC 9110, section 12."""

import pytest

from wecelebrate.core.negotiation import content_coding, media_type, vary


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
        ("br, *", "gzip"),
        ("*", "gzip"),
        ("*;q=0", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("gzip ; q=0.5", "gzip"),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1.0", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("br", None),
        ("gzip;q=2", None),
        ("gzip;q=0.1234", None),
        ("gzip;q=nan", None),
        (",,;q=1,gzip", "gzip"),
        ("notgzip", None),
    ],
)
def test_a_content_coding_is_used_if_the_client_prefers_it(header: str | None, coding: str | None) -> None:
    assert content_coding(header, ["gzip"]) == coding


def test_the_server_chooses_between_content_codings_with_equal_weights() -> None:
    assert content_coding("gzip, br", ["br", "gzip"]) == "br"
    assert content_coding("gzip, br;q=0.9", ["br", "gzip"]) == "gzip"
    assert content_coding("gzip", []) is None


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "text/markdown"),
        ("*/*", "text/markdown"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("text/html;q=0.2, application/json;q=0.3", "application/json"),
        ("text/*, text/markdown;q=0", "text/html"),
        ("image/png", "text/markdown"),
    ],
)
def test_the_media_type_with_the_highest_weight_is_used(header: str | None, chosen: str) -> None:
    assert media_type(header, ["text/markdown", "application/json", "text/html"]) == chosen


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (None, "Accept-Encoding"),
        ("", "Accept-Encoding"),
        ("Authorization, Origin", "Authorization, Origin, Accept-Encoding"),
        ("accept-encoding", "accept-encoding"),
        ("*", "*"),
    ],
)
def test_the_vary_header_contains_each_header_name_once(current: str | None, expected: str) -> None:
    assert vary(current, "Accept-Encoding") == expected
