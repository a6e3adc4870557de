"""Reads a row of a file as news about an order."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal, get_args

from wecelebrate.core.formula_quotes import unquoted
from wecelebrate.core.models import storable
from wecelebrate.core.types.normal_forms import nfc, without_marks
from wecelebrate.core.types.text import line_problem, unbroken
from wecelebrate.core.types.urls import url_problem

Kind = Literal["acknowledged", "shipped", "delivered", "cancelled"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of news. News with the same time is applied in this sequence."""
MAX_QUANTITY = 1_000_000
MAX_LENGTHS = {"external_number": 100, "shipment": 100, "tracking_number": 100, "carrier": 200, "tracking_url": 2048}
MAX_REASON_LENGTH = 1000
_MAX_SHOWN = 100
"""The maximum length of a cell's text in an error message, in characters. A longer text is shortened."""


class BadRow(Exception):
    """A row is not valid."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class NewsRow:
    """A row of a file: one kind of news about an order, or about a line of an order."""

    number: int
    """The number of the row in the file, from 1. For text files, it is the number of the line."""
    kind: Kind
    order_number: str | None
    external_number: str | None
    """The number of the order in the ERP. It identifies the order if `order_number` is None."""
    line: int | None
    sku: str | None
    quantity: int | None
    """The number of pieces. None means all remaining pieces."""
    shipment: str | None
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    happened_at: datetime | None
    reason: str | None
    raw: Mapping[str, str] = field(repr=False, compare=False)
    """The unchanged cells of the row, for the error file."""


@dataclass(frozen=True)
class RejectedRow:
    """A row that had no effect."""

    number: int
    code: str
    reason: str
    raw: Mapping[str, str]


_NAMES: Mapping[str, str] = {
    "order_number": "order number, order no, order id, order, orderid, purchase order, purchase order number,"
    " po number, po, customer order number, customer reference, bestellnummer, bestellung, bestell nr,"
    " numero de commande,"
    " commande, numero de pedido, pedido, numero ordine, ordine, ordernummer, belnr",
    "external_number": "external number, erp number, sales order, sales order number, sales document, vbeln, auftrag,"
    " auftragsnummer, auftrags nr, confirmation number, supplier order number, erp order number",
    "kind": "status, action, event, type, order status, news, vorgang, statut, estado, stato",
    "line": "line, line number, line no, position, pos, posex, item number, ligne, linea, regel",
    "sku": "sku, article, article number, item, item code, material, matnr, artikel, artikelnummer, product code,"
    " supplier part id, codigo, codice",
    "quantity": "quantity, qty, pieces, menge, anzahl, stuck, quantite, cantidad, quantita, aantal,"
    " quantity shipped, shipped quantity, lfimg",
    "shipment": "shipment, shipment number, shipment id, delivery note, delivery number, delivery note number, despatch"
    " advice, asn, lieferschein, lieferscheinnummer, lieferung, bon de livraison, albaran",
    "carrier": "carrier, carrier name, shipping company, spediteur, versanddienstleister, frachtfuhrer, transporteur,"
    " transportista, corriere, vervoerder",
    "tracking_number": "tracking number, tracking no, tracking, tracking id, tracking code, parcel number, awb,"
    " sendungsnummer, paketnummer, trackingnummer, numero de suivi, numero de seguimiento",
    "tracking_url": "tracking url, tracking link, sendungsverfolgung, url",
    "happened_at": "happened at, date, datetime, timestamp, datum, date time, zeitpunkt, fecha, data",
    "acknowledged_at": "acknowledged at, confirmed at, confirmation date, bestatigt am",
    "shipped_at": "shipped at, ship date, shipping date, shipped date, dispatch date, versanddatum, versandt am,"
    " date expedition, fecha de envio",
    "delivered_at": "delivered at, delivery date, delivered date, zustelldatum, zugestellt am, date livraison",
    "cancelled_at": "cancelled at, canceled at, cancel date, stornodatum, storniert am",
    "reason": "reason, cancel reason, note, comment, grund, bemerkung, motif, motivo",
}
FIELDS_BY_NAME: Mapping[str, str] = {
    name.strip(): column for column, names in _NAMES.items() for name in names.split(",")
}
"""Maps the name of a column to a field. The names have the form that `folded` returns."""
_KIND_TEXTS: Mapping[Kind, str] = {
    "acknowledged": "acknowledged, acknowledgement, acknowledge, ack, accepted, accept, confirmed, confirmation,"
    " processing, in process, in progress, released, bestatigt, angenommen, in bearbeitung,"
    " confirme, confirmado, confermato, bevestigd, ab, ap, ac",
    "shipped": "shipped, ship, shipment, dispatched, despatched, sent, fulfilled, in transit, partially shipped,"
    " versandt, versendet, unterwegs, expedie, enviado, spedito, verzonden",
    "delivered": "delivered, delivery, zugestellt, ausgeliefert, livre, entregado, consegnato, bezorgd",
    "cancelled": "cancelled, canceled, cancel, cancellation, rejected, reject, refused, deleted, storniert, storno,"
    " abgelehnt, annule, anulado, cancelado, annullato, geannuleerd, re",
}
_KINDS = {text.strip(): kind for kind, texts in _KIND_TEXTS.items() for text in texts.split(",")}
WORDS: frozenset[str] = frozenset(word for text in (*FIELDS_BY_NAME, *_KINDS) for word in text.split())
"""The words in the names of columns and in the states of order files."""
_WHOLE = re.compile(r"([0-9]{1,9})(?:[.,]0+)?\Z")
_DATE_FORMATS = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y%m%d", "%Y%m%d%H%M%S", "%Y/%m/%d")


def folded(name: str) -> str:
    """Return the name of a column or a status in lower case, without accents and punctuation."""
    return " ".join(re.sub(r"[\W_]+", " ", without_marks(name.casefold())).split())


def rows_of(number: int, raw: Mapping[str, str], zone: tzinfo) -> list[NewsRow]:
    """Return the news in a row of a table. If a row has the dates of several events, it contains several pieces of
    news.

    `zone` is the time zone of dates without a time zone. Raises BadRow.
    """
    cells: dict[str, str] = {}
    for name, value in raw.items():
        column = FIELDS_BY_NAME.get(folded(name))
        text = unquoted(value.strip()).strip()
        if column and text:
            cells.setdefault(column, text)
    return [news_of(number, kind, cells, raw, zone) for kind in _kinds(cells)]


def _kinds(cells: Mapping[str, str]) -> Iterable[Kind]:
    if "kind" in cells:
        kind = _KINDS.get(folded(cells["kind"][:_MAX_SHOWN]))
        if kind is None:
            raise BadRow(
                "unknown_status", f"The status `{_shown(cells['kind'])}` is unknown: use one of {', '.join(KINDS)}."
            )
        return [kind]
    dated: list[Kind] = [kind for kind in KINDS if f"{kind}_at" in cells]
    if dated:
        return dated
    if "tracking_number" in cells or "shipment" in cells:
        return ["shipped"]
    if "external_number" in cells:
        return ["acknowledged"]
    raise BadRow("unknown_status", f"The row has no status: add a column `status` with one of {', '.join(KINDS)}.")


def news_of(number: int, kind: Kind, cells: Mapping[str, str], raw: Mapping[str, str], zone: tzinfo) -> NewsRow:
    """Return the news in the cells of a row. `cells` maps the names of the fields to texts. Raises BadRow."""
    if "order_number" not in cells and "external_number" not in cells:
        raise BadRow("no_order", "The row names no order: fill in `order_number` or `external_number`.")
    for name, max_length in MAX_LENGTHS.items():
        if len(cells.get(name, "")) > max_length:
            raise BadRow("too_long", f"`{name}` must have at most {max_length} characters.")
    line = cells.get("line")
    return NewsRow(
        number=number,
        kind=kind,
        order_number=_line(cells, "order_number"),
        external_number=_line(cells, "external_number"),
        line=None if line is None else _whole("line", line),
        sku=_line(cells, "sku"),
        quantity=None if "quantity" not in cells else _whole("quantity", cells["quantity"]),
        shipment=_line(cells, "shipment"),
        carrier=_line(cells, "carrier"),
        tracking_number=_line(cells, "tracking_number"),
        tracking_url=_url(cells.get("tracking_url")),
        happened_at=_time(cells.get(f"{kind}_at") or cells.get("happened_at"), zone),
        reason=(_line(cells, "reason") or "")[:MAX_REASON_LENGTH] or None,
        raw=raw,
    )


def _line(cells: Mapping[str, str], name: str) -> str | None:
    """Return the text of a field as one line. If the row does not have the field, return None.

    A line break becomes a space, because XML is often indented. All other control characters are refused, because
    mails, the shop and terminals show these texts. Raises BadRow.
    """
    if name not in cells:
        return None
    text = unbroken(cells[name]).strip()
    problem = line_problem(text)
    if problem:
        raise BadRow("bad_text", f"`{name}` {problem}.")
    return nfc(text)


def _shown(text: str) -> str:
    """Return the beginning of a cell's text for an error message.

    Characters that PostgreSQL cannot store are replaced.
    """
    beginning = text[:_MAX_SHOWN]
    return beginning if storable(beginning) else re.sub(r"[\0\ud800-\udfff]", "\ufffd", beginning)


def _whole(name: str, text: str) -> int:
    """Return a whole number. `2.000` is 2, because ERP systems write quantities with decimals."""
    match = _WHOLE.fullmatch(text)
    number = int(match[1]) if match else 0
    if not 1 <= number <= MAX_QUANTITY:
        raise BadRow(f"bad_{name}", f"`{name}` must be a whole number from 1, not `{_shown(text)}`.")
    return number


def _url(text: str | None) -> str | None:
    problem = url_problem(text) if text is not None else None
    if problem:
        raise BadRow("bad_tracking_url", f"`tracking_url` {problem}.")
    return text


def _time(text: str | None, zone: tzinfo) -> datetime | None:
    if text is None:
        return None
    moment = None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for date_format in _DATE_FORMATS if text.isascii() else ():
            try:
                moment = datetime.strptime(text, date_format)  # noqa: DTZ007 (the zone follows)
                break
            except ValueError:
                continue
    if moment is None or not 2000 <= moment.year <= 2200:
        raise BadRow("bad_date", f"`{_shown(text)}` is not a date: use ISO 8601, e.g. 2026-11-27T14:30:00+01:00.")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
