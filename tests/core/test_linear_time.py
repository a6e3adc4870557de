"""Tests that regular expressions search any text in linear time.

Each text has 60,000 characters after the normalization to NFKC. The normalization replaces U+FDFA by 18 characters. A
function with quadratic time needs more than five seconds of CPU time. A function with linear time needs less than 0.2
seconds. A text is tried again at most twice, because other processes of a busy machine can increase the CPU time.
"""

import signal
from collections.abc import Iterator

import pytest

from tests.core.forks import Forks

CPU_SECONDS = 60
CALLS = {
    "dialect": "dialect.detect([text], lambda row: 0)",
    "dialect with a space": "dialect.detect([text], lambda row: 0, ' ')",
    "fold": "columns.fold(text)",
    "field_candidates": "columns.field_candidates(text)",
    "is_inverse": "columns.is_inverse(text)",
    "column number": "candidates.candidates_of([text])",
    "name of an attribute": "visibility.attribute_name(text)",
    "name of a property": "visibility.is_property(text)",
    "price": "numbers.price(text, None, 'EUR')",
    "stock": "stock.read(text, None)",
    "shape of a number": "shapes.shape_of(text)",
    "name of a price": "prices.price_name(text)",
    "value of a cell": "facts.value_of(text)",
    "units of a price": "price_units.units_of(text, None)",
    "state": "states.state_of(text)",
    "plain text": "convert.plain_text(text)",
    "pairs of codes": "convert.attributes_of_codes(text)",
    "list of prices": "commercetools.price_of_list(text, 'EUR')",
    "options of a variant": "[re.findall(pattern, text) for pattern in patterns]",
    "facet": "products._facet('category', text)",
    "first_category": "convert.first_category(text)",
    "images": "convert.split_images(text)",
    "editor_text": "convert.editor_text(text)",
    "mail address": "email_address(text)",
    "web address": "sanitize.web_address(text)",
    "line of a mail": "sanitize.clean(text)",
    "file name": "storage.safe_name(text)",
    "if-none-match": "etags.matches(text, 'x')",
    "normal forms": "nfc(text), nfkc(text), nfkd(text), without_marks(text)",
    "body": "normalized({'a': [text], text[:40_000]: 1})",
    "line": "Line_of(text)",
    "unquoted": "unquoted(text), quoted(text)",
    "line of order news": "rows_of(1, {'order': 'A', 'reason': 'x' + text + 'x', 'status': 'ack'}, UTC)",
    "status of order news": "rows_of(1, {'order': 'A', 'status': text}, UTC)",
    "column of order news": "rows_of(1, {text: 'x', 'order': text}, UTC)",
    "line of an imported order": "values.line('name', 'x' + text + 'x', 100)",
    "time of an imported order": "values.moment('placed_at', '2026-01-01T00:00:00' + text, values.Settings())",
    "number of an imported order": "values.number('total', text, ',', 'EUR'), values.whole('quantity', text, ',')",
    "zone in a column": "[_ZONED.sub('', text), _ZONED.fullmatch(text)]",
    "column of an imported order": "folded(text)",
    "type of a price": "prices_types.has_unknown_type('price.' + text)",
    "notes of members": "notes_of_members({'unit': text, 'price_' + text: text, text: 1})",
    "text of a kv document": "kv_values.text(text), kv_values.amount(text), kv_values.whole(text)",
    "postal code": "rules_of('DE').postal_code_of(text)",
    "region": "rules_of('US').region(text)",
    "slug": "groups.slug(text)",
    "tax note": "tax_kinds.says_for_some(text)",
    "text of HTML": "strip_html(text[:20_000])",
    "entities": "entities.decoded(text), entities.decoded('&#' + text)",
    "file without escapes": "files._without_escapes(text)",
    "retry-after": "retry_after.seconds_to_wait(text, datetime.now(UTC))",
}
UNITS = [
    " ", "  x", "(", "[", "((x", "1", "1.", "1,", "a1", "a", "A b ", "_", ".0", "'", ",'", '\\"', '"', ", ", "; ", "|",
    "| ", "-", "+", "e1", "/", "//", ":", "a:", "a.", "a@", "@a.", "<", "<!--", "&", "\n", "\t", "\u00a0", "\ufdfa",
    '{"', 'W/"x",', "\ud55c", "\\", "\u0301\u0323", "\u0f73", "\uff9e\u0301", "a" + "\u0301\u0323" * 20,
]  # fmt: skip
IMPORTS = """
import re, resource, sys, unicodedata, warnings
from datetime import UTC, datetime
from pydantic import TypeAdapter
from wecelebrate.addresses.rules import rules_of
from wecelebrate.core import entities, etags, storage
from wecelebrate.core.formula_quotes import quoted, unquoted
from wecelebrate.core.models import normalized
from wecelebrate.core.outbound import retry_after
from wecelebrate.core.types import email_address
from wecelebrate.core.types.normal_forms import nfc, nfkc, nfkd, without_marks
from wecelebrate.core.types.text import Name
from wecelebrate.erasures import files
from wecelebrate.feeds.columns import facts, names as columns, visibility
from wecelebrate.feeds.files import dialect
from wecelebrate.feeds.notation import convert, numbers, price_units, shapes
from wecelebrate.feeds.plan import candidates
from wecelebrate.feeds.prices import names as prices, tax_kinds, types as prices_types
from wecelebrate.feeds.prices.notes import notes_of_members
from wecelebrate.feeds.rows import groups, products
from wecelebrate.feeds.states import words as states
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.transformations.text import strip_html
from wecelebrate.feeds.vendors import PROFILES, commercetools
from wecelebrate.kv.comparison import values as kv_values
from wecelebrate.mail import sanitize
from wecelebrate.order_files.news.rows import folded, rows_of
from wecelebrate.order_imports import values
from wecelebrate.order_imports.reading import _ZONED
Line_of = TypeAdapter(Name).validate_python
rules = [profile.variants for profile in PROFILES if profile.variants]
patterns = {rule.option_texts[1] for rule in rules if rule.option_texts}
assert len(patterns) > 4
"""
"""The imports and the definitions that the calls need."""
PROGRAM = """
resource.setrlimit(resource.RLIMIT_CPU, ({limit}, {limit}))
for unit in {units!r}:
    for end in ("", " x1"):
        for attempt in range(3):
            # Each attempt has a new text, because some functions cache their results.
            text = unit * (60_000 // len(unicodedata.normalize("NFKC", unit)) - attempt) + end
            before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
            try:
                {call}
            except Exception as error:
                if isinstance(error, (NameError, AttributeError)):
                    raise
            seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
            if seconds < 1.5:
                break
        assert seconds < 1.5, (unit, end, seconds)
"""


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """Start a process that has imported all modules."""
    with Forks(IMPORTS) as forks:
        yield forks


@pytest.mark.timeout(150)
@pytest.mark.parametrize("name", CALLS)
def test_a_long_text_is_searched_in_linear_time(name: str, forks: Forks) -> None:
    child = forks.run(PROGRAM.format(units=UNITS, call=CALLS[name], limit=CPU_SECONDS))
    assert child.returncode not in (-signal.SIGXCPU, -signal.SIGALRM), "the function used too much CPU time"
    assert child.returncode == 0, child.stderr[-500:]
