"""Creates OpenDocument spreadsheets (ODS) as bytes."""

import io
import zipfile
from html import escape

NAMES = {
    "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    "number": "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
}
NAMESPACES = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"


def cell(value: str | float | None, attributes: str = "", kind: str = "float") -> str:
    """Return a cell. `kind` is the value type of a number."""
    if value is None:
        return f"<table:table-cell {attributes}/>"
    if isinstance(value, str):
        text = f"<text:p>{escape(value)}</text:p>"
        return f'<table:table-cell office:value-type="string" {attributes}>{text}</table:table-cell>'
    return (
        f'<table:table-cell office:value-type="{kind}" office:value="{value}" {attributes}>'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


def row(*cells: str | float | None, attributes: str = "") -> str:
    """Return a row. A text that begins with `<` is the XML of a cell."""
    parts = (each if isinstance(each, str) and each.startswith("<") else cell(each) for each in cells)
    return f"<table:table-row {attributes}>{''.join(parts)}</table:table-row>"


def table(*rows: str, name: str = "Products", attributes: str = "") -> str:
    return f'<table:table table:name="{name}" {attributes}>{"".join(rows)}</table:table>'


def spreadsheet(
    *tables: str, styles: str = "", named_styles: str = "", more: dict[str, str] | None = None, kind: str = SPREADSHEET
) -> bytes:
    """Return a spreadsheet. `styles` are in the part with the cells, and `named_styles` in the part styles.xml."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMESPACES}>'
            f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
            f"{''.join(tables)}</office:spreadsheet></office:body></office:document-content>",
        )
        if named_styles:
            archive.writestr(
                "styles.xml",
                f"<office:document-styles {NAMESPACES}><office:styles>{named_styles}</office:styles>"
                "</office:document-styles>",
            )
        for part, content in (more or {}).items():
            archive.writestr(part, content)
    return file.getvalue()
