"""The formats of order files. For the same orders, a format always writes the same bytes, on every machine."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from wecelebrate.order_files.documents import Destination, ExportedOrder

Writer = Callable[[Destination, Sequence[ExportedOrder]], bytes]

_WRITERS: Mapping[str, tuple[str, str, str]] = {
    "csv": ("flat.write_csv", "csv", "text/csv; charset=utf-8"),
    "ndjson": ("flat.write_ndjson", "ndjson", "application/x-ndjson"),
    "xlsx": ("workbook.write", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ubl": ("ubl.write", "zip", "application/zip"),
    "idoc": ("idoc.write", "xml", "application/xml"),
    "cxml": ("cxml.write", "zip", "application/zip"),
}
"""Maps each format to its function, its file extension and its content type. UBL and cXML files are zip archives with a
document for each order.
"""


def extension(file_format: str) -> str:
    """Return the extension of the files of a format."""
    return _WRITERS[file_format][1]


def content_type(file_format: str) -> str:
    """Return the content type of the files of a format."""
    return _WRITERS[file_format][2]


def write(destination: Destination, orders: Sequence[ExportedOrder]) -> bytes:
    """Return the content of a file."""
    module, _, function = _WRITERS[destination.format][0].partition(".")
    # A writer is imported when it is needed, because the import of lxml or XlsxWriter takes longer than writing most
    # files.
    writer: Writer = getattr(import_module(f"{__name__}.{module}"), function)
    return writer(destination, orders)
