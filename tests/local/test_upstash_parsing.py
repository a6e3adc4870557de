"""Tests two parsers of the Upstash adapter: the parser for script flags, and the parser for replies of Redis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.upstash.commands import strip_flag
from infra.local.upstash.resp import ErrorReply, Parser, Status, Value, encode_value


@pytest.mark.parametrize(
    ("script", "plain"),
    [
        (b"return 1", b"return 1"),
        (b"#!lua flags=allow-key-locking\nreturn 1", b"\nreturn 1"),
        (b"#!lua flags=allow-key-locking,no-writes\nreturn 1", b"#!lua flags=no-writes\nreturn 1"),
        (b"#!lua flags=no-writes\nreturn 1", b"#!lua flags=no-writes\nreturn 1"),
        (b"#!lua name=x flags=allow-key-locking\r\nreturn 1", b"#!lua name=x\nreturn 1"),
        (b"#!lua\nreturn 1", b"#!lua\nreturn 1"),
        (b"-- #!lua flags=allow-key-locking\nreturn 1", b"-- #!lua flags=allow-key-locking\nreturn 1"),
    ],
)
def test_the_flag_parser_removes_only_the_flag_of_upstash_from_a_script(script: bytes, plain: bytes) -> None:
    assert strip_flag(script) == plain


LINES = st.binary(max_size=20).filter(lambda line: b"\r" not in line and b"\n" not in line)
SCALARS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=50),
    LINES.map(Status),
    st.text("abc ", max_size=10).map(ErrorReply),
)
VALUES: st.SearchStrategy[Value] = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=10)


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_the_reply_parser_accepts_chunks_of_any_size(values: list[Value], sizes: list[int]) -> None:
    stream = b"".join(map(encode_value, values))
    parser = Parser()
    parsed: list[Value] = []
    position = chunk = 0
    while position < len(stream):
        size = sizes[chunk % len(sizes)]
        parsed += parser.feed(stream[position : position + size])
        position, chunk = position + size, chunk + 1
    assert parsed == values
    assert [type(value) for value in parsed] == [type(value) for value in values]
