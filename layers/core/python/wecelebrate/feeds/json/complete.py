"""Refuses JSON files that end in the middle of a record, because a transfer has cut them off.

    {"count": 310, "products": [{"sku": "A-1", "price": 12.5}, {"sku": "A-2", "na

Nobody knows which products follow, and whether the products before this point are all that is new. A list that only
lacks its end, or that is followed by other text, is read, and the end is reported (`JsonRows`).
"""

import io
import re

from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.items import UnreadableFeed, quoted

TAIL = 4_096
"""How many bytes at the end of the file are read."""
_STRING = r'"(?:[^"\\]|\\.)*'
_OPEN_MEMBER = re.compile(rf'(?:\{{|[{{\[,]\s*{_STRING}(?:"\s*(?::\s*(?:{_STRING}"?|[\w.+-]*))?)?)\Z', re.DOTALL)
"""The end of a file in an object: `{`, `{"na`, `, "name": "Oil`, `, "price": 12`."""


def refuse_incomplete(text: TextFile) -> None:
    """Raise UnreadableFeed if the file ends with a part of a member of an object."""
    position = text.file.tell()
    size = text.file.seek(0, io.SEEK_END)
    text.file.seek(max(0, size - TAIL) // 4 * 4)  # a character of UTF-32 has four bytes
    tail = text.file.read().decode(text.encoding, "replace").rstrip(" \t\r\n\0\x1a")
    text.file.seek(position)  # the reader that has read the sample continues there
    if tail and tail[-1] not in "]}" and _OPEN_MEMBER.search(tail):
        raise UnreadableFeed(
            f"the JSON file is incomplete: it ends in the middle of a record, with {quoted(tail[-40:])}; upload the "
            "complete file"
        )
