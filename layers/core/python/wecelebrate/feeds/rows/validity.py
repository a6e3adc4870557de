"""Rejects rows whose price is not valid today, in lists with several prices of a product for several periods.

| SKU    | Price | Valid from | Valid to   | on 2026-11-27                        |
|--------|-------|------------|------------|--------------------------------------|
| LAMP-1 | 39.90 | 2025-01-01 | 2025-12-31 | rejected (`not_valid_today`)         |
| LAMP-1 | 42.90 | 2026-01-01 | 2026-12-31 | used                                 |
| LAMP-1 | 45.90 | 2027-01-01 |            | rejected (`not_valid_today`)         |

Without this rule, the last row would be used, although its price is valid only in the future. If a file has only one
row for each product, the dates are ignored, because they can be the dates of the list.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import name_forms
from wecelebrate.feeds.items import Cells, Rejected, Row, quoted
from wecelebrate.feeds.notation.moments import is_blank, is_order_open, stated_order
from wecelebrate.feeds.plan.model import Plan, Validity
from wecelebrate.feeds.prices.day_order import cells_of, decided_order, orders_of_columns, question_of
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.rows.checks import rejected_row
from wecelebrate.feeds.rows.sheets import sheet_question
from wecelebrate.feeds.states.words import NO_DATES, date_of

CODE = "not_valid_today"
BAD_DAY = "bad_day"
"""The code of a row whose price cannot be used, because a date of its period is not understood."""

_OF_PRICE = r"(?:price|preis|prix|precio|prezzo|prijs|pris|cena)?"
_FROM = re.compile(
    rf"{_OF_PRICE}(?:gultig(?:ab|von|seit)|gueltig(?:ab|von)|(?:is)?valid(?:from|since|start|fromdate)|validityfrom|"
    r"validitystart|effective(?:from|date)?|datab|datumab|abdatum|startdate|startdatum|fromdate|pricefrom|preisab|ab|"
    r"valable(?:du|apartirdu|depuis)|debut(?:de)?validite|datedebut|dateeffet|"
    r"validodesde|vigente?desde|vigenciadesde|desde|fecha(?:inicio|desde)|validodal|validadal|datainizio|iniziovalidita|"
    r"validode|datainicio|iniciovigencia|geldig(?:vanaf|van)|ingangsdatum|gallerfran|giltig(?:fran)?|giltigtfran|gyldigfra|"
    r"voimassaalkaen|wazn(?:y|a|e)od|obowiazujeod|dataod|plati(?:od)?|platnost(?:od)?|ervenyes(?:seg)?(?:tol|kezdete)?|"
    r"valabil(?:dela|din)|gecerlilikbaslangic(?:i)?|baslangictarihi|деиствуетс|датаначала|有効開始日|適用開始日|生效日期|开始日期|적용시작일)"
)
_TO = re.compile(
    rf"{_OF_PRICE}(?:gultigbis|gueltigbis|(?:is)?valid(?:to|until|till|thru|through|end|todate)|validity(?:to|end)|"
    r"expir(?:y|es|ation)(?:date|on)?|datbi|datumbis|bisdatum|enddate|enddatum|todate|priceto|preisbis|bis|"
    r"valable(?:jusquau|jusqua|au)|fin(?:de)?validite|datefin|"
    r"validohasta|vigente?hasta|vigenciahasta|hasta|fecha(?:fin|hasta)|validoal|validoafinoal|datafine|finevalidita|"
    r"validoate|datafim|fimvigencia|geldigtot|einddatum|gallertill|giltigtill|giltigttill|gyldigtil|"
    r"voimassaasti|wazn(?:y|a|e)do|obowiazujedo|datado|platido|platnostdo|ervenyes(?:seg)?(?:ig|vege)|"
    r"valabil(?:panala|pana)|gecerlilikbitis(?:i)?|bitistarihi|деиствуетпо|датаокончания|有効終了日|適用終了日|失效日期|结束日期|적용종료일)"
)
_CUSTOMER = re.compile(
    r"(?:customer|client|kunden?|klant|kund|cliente|klient|zakaznik|musteri|клиент|покупатель)(?:name|nr|no|number|nummer|code|id)?"
)
"""Names of the column with the customer for whom the price of a row is valid."""
_CHANGED = re.compile(
    rf"(?:{_OF_PRICE}(?:date|datum|fecha|data|dato|data|дата|日期|日付)|(?:price)?(?:changed|changedate|changedon|updated|updatedon|"
    r"modified|modifiedon)|geandertam|aenderungsdatum|anderungsdatum|datedechangement|fechadecambio|datamodifica)"
)
"""Names of the column with the date of a row, in a history of prices."""
_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2\d{2,4}", re.ASCII)

Period = tuple[date | None, date | None]
Orders = tuple[bool, bool]
"""Whether the month comes first in the column of the first day, and in the column of the last day."""


def find_validity(
    plan: Plan,
    columns: Columns,
    mapping: Mapping[str, str | None],
    currency: str,
    earlier_order: bool | None,
) -> tuple[Validity | None, Question | None]:
    """Return the columns of the validity period of prices, and a question if the dates do not show the valid price.

    The columns are used only if rows of the sample with the same SKU have different prices in different periods.

    The order of days and months is decided as for offers (`prices.day_order`). If the order is not known, the question
    offers both orders, and the validity uses the first order. If the dates contradict each other, no order is right,
    and the question is about the prices.
    """
    if (sheets := sheet_question(plan, columns, has_mapped_price="price" in mapping)) is not None:
        return None, sheets
    if not plan.sku or not plan.prices or plan.profile is not None or plan.computed is not None:
        return None, None
    first, last = _column(plan, _FROM), _column(plan, _TO)
    days = [number for number in (first, last) if number is not None]
    if (customer := _column(plan, _CUSTOMER)) is not None and (own := _repeated(plan, columns, [customer])):
        return None, _question(plan, columns, own[0], "for different customers")
    if not days and (changed := _column(plan, _CHANGED)) is not None and _are_days(columns[changed].cells):
        history = _repeated(plan, columns, [changed])
        return None, _question(plan, columns, history[0]) if history else None
    repeated = _repeated(plan, columns, days) if days else []
    if not repeated or not all(_are_days(columns[number].cells) for number in days):
        return None, None
    periods = [(plan.prices[0].column, (first, last, None))]
    cells, order = cells_of(columns, periods), decided_order(columns, periods, mapping, currency, earlier_order)
    if order is None and not is_order_open(cells):
        return None, _question(
            plan, columns, repeated[0], "for different periods, and the days show no order of day and month"
        )
    readings = [Validity(first, last, (each, each)) for each in (False, True)]
    if order is not None:
        orders = orders_of_columns(columns, periods[0][1], mapping, order)
        # If one column has dates such as 03.04.2026, and the other 03/04/2026, only the setting is used.
        if orders[0] == orders[1] or not is_order_open(cells):
            readings = [Validity(first, last, (orders[0], orders[1]), stated_order(cells))]
    if all(any(_has_several(validity, rows, periods[0][0]) for rows in repeated) for validity in readings):
        return None, _question(plan, columns, repeated[0])
    if len(readings) == 1:
        return readings[0], None
    if _differ(readings, columns):
        return readings[0], question_of(cells, "prices")
    return replace(readings[0], month_first=(None, None)), None


def valid_today(rows: Iterator[Row | Rejected], plan: Plan, validity: Validity) -> Iterator[Row | Rejected]:
    """Yield the rows. Reject a row if its price is not valid today, or if its dates do not show whether it is valid."""
    for row in rows:
        rejection = None if isinstance(row, Rejected) else _rejection(validity, row[1], plan)
        if isinstance(row, Rejected) or rejection is None:
            yield row
        else:
            code, reason = rejection
            yield rejected_row(plan, row[0], row[1], reason, code)


def is_first_day(form: str) -> bool:
    """Return whether a folded name means the first day of a price."""
    return _FROM.fullmatch(form) is not None


def is_last_day(form: str) -> bool:
    """Return whether a folded name means the last day of a price."""
    return _TO.fullmatch(form) is not None


def _column(plan: Plan, pattern: re.Pattern[str]) -> int | None:
    return next(
        (
            number
            for number, name in enumerate(plan.header)
            if any(pattern.fullmatch(form) for form in name_forms(name))
        ),
        None,
    )


def _repeated(plan: Plan, columns: Columns, days: Sequence[int]) -> list[list[Cells]]:
    """Return the rows of the SKUs that have several prices, and different periods."""
    groups: dict[str, list[Cells]] = defaultdict(list)
    price, needed = plan.prices[0].column, max(plan.sku[0], plan.prices[0].column, *days)
    for row in columns.sample:
        if needed < len(row) and (sku := (row[plan.sku[0]] or "").strip()):
            groups[sku].append(row)
    return [
        rows for rows in groups.values()
        if len({(row[price] or "").strip() for row in rows}) > 1
        and len({tuple((row[day] or "").strip() for day in days) for row in rows}) == len(rows)
    ]  # fmt: skip


def _are_days(cells: Sequence[str]) -> bool:
    return all(date_of(cell) is not None or cell in NO_DATES for cell in cells)


class _BadDay(Exception):
    """Raised if a cell is not a date in the order of its column. The argument is the number of the column."""


def _day(number: int | None, cells: Cells, *, month_first: bool) -> date | None:
    """Return the day in a column, or None if the cell is blank. Raises _BadDay."""
    cell = cells[number] if number is not None and number < len(cells) else None
    if cell is None or is_blank(cell):
        return None
    parts = date_of(cell)
    if parts is None:
        raise _BadDay(number)
    year, month, day = parts
    if match := _NUMBERS.match(cell.strip()):
        numbers = int(match[1]), int(match[3])
        month, day = numbers if month_first else reversed(numbers)
    try:
        return date(year, month, day)
    except ValueError:
        raise _BadDay(number) from None


def _period(validity: Validity, cells: Cells, orders: Orders) -> Period:
    """Return the first and the last day of the price of a row. Raises _BadDay."""
    return (
        _day(validity.first, cells, month_first=orders[0]),
        _day(validity.last, cells, month_first=orders[1]),
    )


def _periods(validity: Validity, cells: Cells) -> list[Period]:
    """Return the possible periods of a row: two if the order of day and month is not known. Raises _BadDay."""
    first, last = validity.month_first
    if first is not None and last is not None:
        return [_period(validity, cells, (first, last))]
    periods, errors = [], []
    for order in (False, True):
        try:
            periods.append(_period(validity, cells, (order, order)))
        except _BadDay as error:
            errors.append(error)
    if not periods:
        raise errors[0]
    return periods


def _today() -> date:
    return datetime.now(UTC).date()


def _is_valid(period: Period, today: date) -> bool:
    first, last = period
    return (first is None or first <= today) and (last is None or last >= today)


def _has_several(validity: Validity, rows: Sequence[Cells], price: int) -> bool:
    """Return whether several prices of one product are valid today. Rows with a wrong date are rejected later."""
    today = _today()
    valid = set[str]()
    for row in rows:
        with suppress(_BadDay):
            if all(_is_valid(period, today) for period in _periods(validity, row)):
                valid.add((row[price] or "").strip())
    return len(valid) > 1


def _differ(readings: Sequence[Validity], columns: Columns) -> bool:
    """Return whether the two orders of day and month lead to different periods from today on."""
    today = _today()

    def remaining(validity: Validity, row: Cells) -> Period | None:
        try:
            first, last = _periods(validity, row)[0]
        except _BadDay:
            return None
        return None if last is not None and last < today else (max(first or today, today), last)

    return any(len({remaining(validity, row) for validity in readings}) > 1 for row in columns.sample)


def _rejection(validity: Validity, cells: Cells, plan: Plan) -> tuple[str, str] | None:
    """Return the code and the reason if the price of a row cannot be used today, otherwise None."""
    today = _today()
    try:
        periods = _periods(validity, cells)
    except _BadDay as error:
        return BAD_DAY, f"{plan.header[error.args[0]]}: the cell is not a day in the order of the other days"
    if len({_is_valid(period, today) for period in periods}) > 1:
        return BAD_DAY, "the days of the price can be read in two ways; set the option `day_order`"
    first, last = periods[0]
    if first is not None and first > today and validity.first is not None:
        return CODE, f"{plan.header[validity.first]}: the price is valid from {first.isoformat()} on"
    if last is not None and last < today and validity.last is not None:
        return CODE, f"{plan.header[validity.last]}: the price was valid until {last.isoformat()}"
    return None


def _question(
    plan: Plan,
    columns: Columns,
    rows: Sequence[Cells],
    where: str = "for different periods, and the dates do not decide which price is valid today",
) -> Question:
    price = plan.prices[0].column
    name, sku = plan.header[price], (rows[0][plan.sku[0]] or "").strip()
    examples = tuple((row[price] or "").strip() for row in rows[:3])
    text = f"Rows with the same SKU have different prices {where}, e.g. {quoted(sku, 40)}. Are the prices used?"
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, "Of several rows with the same SKU, the price of the last row is used.", examples),
    )
    return Question("price", "money", text, choices, examples or columns[price].examples)
