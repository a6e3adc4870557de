"""Refuses tables whose values show, in any language, that the rows are not products.

| file                                     | evidence                                                            |
|------------------------------------------|---------------------------------------------------------------------|
| a cash book, the statement of an account | a balance that changes by each row's amount                         |
| the orders of customers                  | the number of an order as the SKU, e-mail addresses, and days       |
| a list of appointments                   | times of a day as the SKU                                           |
| the messages of customers                | e-mail addresses, and neither a price nor a stock                   |
| the answer of a server to a bad request  | one record with the keys of errors, and neither a price nor a stock |
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import UnreadableFeed, quoted
from wecelebrate.feeds.notation.moments import moment_of
from wecelebrate.feeds.prices.compared import amount_of
from wecelebrate.feeds.tables.other_lists import names_document

MIN_CHANGES = 3
"""The minimum number of different changes of a balance."""
MAX_COLUMNS = 40
MAX_ROWS = 60
MOST = 0.8
MIN_KEYS = 2
MAX_NAME = 60
_CENT = 0.005
_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,100}\.[^\W\d_]{2,24}")
_ORDERS = re.compile(
    r"(?:tilaus|注文|受注|ご注文|订单|訂單|订購|주문|オーダー|nr?zam[oó]wieni|numerzam[oó]wieni|طلب|رقمالطلب|הזמנה|מספרהזמנה|"
    r"madon(?:hang|dathang)|sodon|brojnarudzb|narudzb|rendeles(?:szam|i)|(?:nr|numar)comanda|comanda(?:nr|numar|id)|"
    r"αριθμοσπαραγγελια|παραγγελια|หมายเลขคาสง|เลขทคาสง|(?:no|nomor|id)pesanan|pesanan(?:no|id)|"
    r"(?:st|stevilka)narocila|uzsakym|tellimus|pasutijum|номерза(?:каз|мовл)|заказ|замовлення|поръчка|номернапоръчка|"
    r"سفارش|शमारهسفارش|siparis|ordine|ordernr|ordrenr|objednavk)"
)
"""Column names that begin in this way mean an order number. They are in languages that `other_lists` does not know."""
_TIME = re.compile(r"\d{1,2}[:]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?|\s?(?:h|Uhr))?", re.IGNORECASE)
_ERRORS = re.compile(
    r"(?:error|fault|exception|fehler|erreur|errore|erro|fout|fejl|fel|virhe|chyba|blad|hiba|ошибка)"
    r"(?:s|es|code|message|string|text|type|id)?|"
    r"message|msg|detail|details|reason|success|succeeded|ok|statuscode|httpstatus|httpstatuscode|status|errorcode|code|"
    r"trace|traceid|requestid|correlationid|transactionid|spanid|hostid|reference|referenz|instance|timestamp|path|stack|"
    r"documentationurl|moreinfo|hint"
)
"""The keys of answers to bad requests. Products can also have the keys `code`, `status` and `details`."""
_SURE_ERRORS = re.compile(
    r"(?:error|fault|exception|fehler|erreur|errore|erro|fout|fejl|virhe|chyba|hiba|ошибка)"
    r"(?:s|es|code|message|string|text|type|id)?|success|statuscode|httpstatus|httpstatuscode|traceid|"
    r"requestid|correlationid|instance"
)
_ARTICLE = re.compile(
    r"sku|item|artic|artik|artig|prod|variant|goods|waren|towar|tuote|termek|urun|товар|артикул|商品|品番|상품|منتج|מוצר"
)


def refuse_ledger(columns: Columns, sku: Sequence[int]) -> None:
    """Raise UnreadableFeed if a column is the running balance of an amount column, or of two columns for in and out.

    The first row can be the newest or the oldest row. A list with article numbers is accepted, because it can contain
    the running total of its sales.
    """
    rows = columns.sample[:MAX_ROWS]
    if len(rows) <= MIN_CHANGES or _names_article(columns, sku):
        return
    table = [
        [
            _signed(row[number] or "") if number < len(row) else None
            for number in range(min(len(columns.header), MAX_COLUMNS))
        ]
        for row in rows
    ]  # fmt: skip
    for number in range(min(len(columns.header), MAX_COLUMNS)):
        balances = [row[number] for row in table]
        if None in balances or columns[number].share("is_number") < 1:
            continue
        if any(_is_balance(part, number) for part in (table, table[::-1])):
            raise UnreadableFeed(
                "this looks like a cash book or the statement of an account, and not like a list of products: the "
                f"column {quoted(columns.header[number], 40)} is the balance after each row; send the list of "
                "products, or name the SKU column in the catalog's sync settings"
            )


def _is_balance(table: Sequence[Sequence[float | None]], number: int) -> bool:
    """Return whether the column is a running balance.

    The difference between two adjacent rows must always be equal to an amount in the second of these rows.
    """
    changes = set[float]()
    for before, row in pairwise(table):
        change = abs((row[number] or 0) - (before[number] or 0))
        others = (value for at, value in enumerate(row) if at != number and value)
        if not any(abs(abs(value) - change) < _CENT for value in others):
            return False
        changes.add(round(change, 2))
    return len(changes) >= MIN_CHANGES


def _signed(cell: str) -> float | None:
    """Return the amount in a cell, or None if the cell contains no number."""
    amount = amount_of(cell)
    if not amount:
        return 0.0 if any(map(str.isdigit, cell)) else None
    return -amount if cell.strip()[:1] in ("-", "\N{MINUS SIGN}", "(") or cell.strip().endswith("-") else amount


def refuse_orders(columns: Columns, sku: Sequence[int]) -> None:
    """Raise UnreadableFeed if the SKU is the number of an order, and the rows have e-mail addresses and days."""
    names = [columns.header[number] for number in sku if len(columns.header[number]) <= MAX_NAME]
    if not any(names_document(name) or _ORDERS.match(fold(name)) for name in names):
        return
    numbers = range(min(len(columns.header), MAX_COLUMNS))
    if any(_are(_MAIL.fullmatch, columns[number].cells) for number in numbers) and any(
        _are(moment_of, columns[number].cells) for number in numbers
    ):
        raise UnreadableFeed(
            "this looks like a list of orders or invoices, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in columns.header[:10])}; send the list of products, or name the SKU "
            "column in the catalog's sync settings"
        )


def refuse_appointments(columns: Columns, sku: Sequence[int]) -> None:
    """Raise UnreadableFeed if the values of the SKU are times of a day, as in a list of appointments."""
    if any(_are(_TIME.fullmatch, columns[number].cells) for number in sku):
        raise UnreadableFeed(
            "this looks like a list of appointments, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in columns.header[:10])}; send the list of products, or name the SKU "
            "column in the catalog's sync settings"
        )


def refuse_people(columns: Columns) -> None:
    """Raise UnreadableFeed if each row has an e-mail address, and the file has no price and no stock."""
    numbers = range(min(len(columns.header), MAX_COLUMNS))
    if any(_are(_MAIL.fullmatch, columns[number].cells) for number in numbers):
        raise UnreadableFeed(
            "this looks like a list of persons or of their messages, and not like a list of products: each row has an "
            "e-mail address, and no price; send the list of products, or name the SKU column in the catalog's sync "
            "settings"
        )


def _are(test: Callable[[str], object], cells: Sequence[str]) -> bool:
    first = cells[:MAX_ROWS]
    return bool(first) and sum(bool(test(cell)) for cell in first) >= MOST * len(first)


def refuse_answer(columns: Columns, sku: Sequence[int], *, has_name: bool) -> None:
    """Raise UnreadableFeed if the only record is the error response of a server.

    If the name of the SKU column means an article number, the record is a product, even if it contains a message.
    """
    if len(columns.sample) != 1 or len(columns.header) > MAX_COLUMNS or _names_article(columns, sku):
        return
    keys = {fold(part) for name in columns.header for part in name[:MAX_NAME].split(".")}
    errors = {key for key in keys if _ERRORS.fullmatch(key)}
    is_sure = any(map(_SURE_ERRORS.fullmatch, errors)) or ("message" in errors and not has_name)
    if len(errors) >= MIN_KEYS and is_sure:
        shown = ", ".join(quoted(name, 40) for name in columns.header[:6])
        raise UnreadableFeed(
            f"this looks like the answer of a server that refused the request, and not like a list of products: its "
            f"only record has {shown}; export the products again"
        )


def _names_article(columns: Columns, sku: Sequence[int]) -> bool:
    return any(_ARTICLE.search(fold(columns.header[number][:MAX_NAME])) for number in sku)
