"""Tests files whose columns are aligned with spaces, as in printed lists and in exports of mainframes."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.files.fixed_width import SEPARATOR, Layout

RULED = """\
INVENTORY LISTING                              PAGE    1

ITEM NO   DESCRIPTION             UNIT PRICE   ON HAND
-------   --------------------   -----------   -------
00815     BRASS BELL, LARGE            24.50        12
00816     TEA TOWEL                     9.00         0
00817     CHANDELIER, 12 ARMS       1,249.00         3
"""
PLAIN = """\
Art-Nr    Bezeichnung              Preis   Bestand
T-100     Becher blau               9,90        12
T-101     Teekanne 1,2 l           29,50         4
T-102     Zuckerdose mit Deckel    14,95         0
"""


def test_a_line_of_dashes_determines_the_columns() -> None:
    products = read(RULED, currency="USD").products
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in products] == [
        ("00815", "BRASS BELL, LARGE", "24.50", 12),
        ("00816", "TEA TOWEL", "9.00", 0),
        ("00817", "CHANDELIER, 12 ARMS", "1249.00", 3),
    ]


def test_without_a_line_of_dashes_the_common_spaces_separate_the_columns() -> None:
    products = read(PLAIN).products
    assert [(one.sku, one.name, str(one.price), one.inventory_count) for one in products] == [
        ("T-100", "Becher blau", "9.90", 12),
        ("T-101", "Teekanne 1,2 l", "29.50", 4),
        ("T-102", "Zuckerdose mit Deckel", "14.95", 0),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(end: str) -> None:
    assert len(read(PLAIN.replace("\n", end)).products) == 3


def test_rows_are_reported_with_their_line_numbers() -> None:
    assert [product.line for product in read(PLAIN).products] == [2, 3, 4]


MANY = "".join(f"T-{number}     Becher                   9,90        12\n" for number in range(103, 260))


def test_a_row_with_a_wider_number_than_the_previous_rows_is_read() -> None:
    products = read(PLAIN + MANY + "T-999     Becher sehr lang     11.249,00        12\n").products
    assert (products[-1].name, str(products[-1].price)) == ("Becher sehr lang", "11249.00")


def test_a_row_that_crosses_a_column_boundary_is_divided_at_its_spaces() -> None:
    text = "Becher-mit-sehr-langem-Text-ohne-Leerzeichen"
    products = read(PLAIN + MANY + f"T-999     {text}  7,50  12\n").products
    assert (products[-1].name, str(products[-1].price)) == (text, "7.50")
    rejection = read(PLAIN + MANY + f"T-999     {text}  7,50\n").rejection
    assert rejection.code == "too_few_cells"


def test_a_sentence_is_not_a_table() -> None:
    layout = Layout(((3, 5),))
    assert layout.divided("abc  def\n") == f"abc{SEPARATOR}def\n"
    assert layout.divided("abcdefgh\n") == "abcdefgh\n"
    assert read("sku,name\nA-1,Mug  and  cup\n").product.sku == "A-1"


STACKED = """\
{title}

{head}
1001     TERRIER COLLAR            9.50      4.10      7
1002     LEASH 2 M                14.00      6.25      0

{title}

{head}
1003     KENNEL LARGE          1,180.00    690.00      2
"""


@pytest.mark.parametrize(
    "head",
    [
        "ITEM     PRODUCT               RETAIL      COST     ON\n"
        "NO       NAME                INC TAX    EX TAX   HAND\n"
        "-------  -----------------  ---------  --------  -----",
        "ARTIKEL  BEZEICHNUNG         VERKAUFS-      EK  BESTAND\n"
        "                               PREIS              \n"
        "-------  -----------------  ---------  --------  -----",
        "CODE     ITEM                   PRICE      COST  STOCK\n"
        "                              INC VAT    EX VAT\n"
        "=======  =================  =========  ========  =====",
    ],
)
def test_the_lines_of_a_header_are_joined_on_each_page(head: str) -> None:
    reading = read(
        STACKED.format(title="NORTH KENNELS              PRICE LIST            PAGE", head=head), currency="GBP"
    )
    assert [(one.sku, str(one.price), one.inventory_count) for one in reading.products] == [
        ("1001", "9.50", 7), ("1002", "14.00", 0), ("1003", "1180.00", 2),
    ]  # fmt: skip
    assert not reading.feed.questions
