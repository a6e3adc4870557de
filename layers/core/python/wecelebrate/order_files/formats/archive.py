"""Writes zip archives of documents. Each document contains one order."""

import io
import zipfile
from collections.abc import Iterable

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can state. All entries have this time, so that the bytes of the archive depend
only on its documents.
"""


def archive(documents: Iterable[tuple[str, bytes]]) -> bytes:
    """Return an archive with the documents. Each document has a name and a content.

    The entries are not compressed, because another version of zlib could compress them to other bytes.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in documents:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return file.getvalue()
