"""Checks the size of unpacked files."""

from wecelebrate.feeds.items import UnreadableFeed

MAX_UNPACKED_BYTES = 8 << 30
"""The maximum unpacked size, in bytes: enough for ten million products of 800 bytes each."""
MAX_RATIO = 250
"""The maximum ratio: the unpacked size divided by the packed size.

With the method deflate, the ratio of a file of equal bytes is 1,032. The ratio of very repetitive exports is 100.
"""
RATIO_EXEMPT_BYTES = 16 << 20
"""The ratio is not checked for files up to this unpacked size, in bytes. Such files are read quickly enough."""


def check_unpacked_size(size: int, packed: int, container: str, ratio: int = MAX_RATIO) -> None:
    """Raise UnreadableFeed if the unpacked file is larger than any real product file.

    `size` is the unpacked size and `packed` is the packed size, both in bytes. The message names `container`, which is
    `gzip` or `zip`.
    """
    if size > RATIO_EXEMPT_BYTES and size > ratio * packed:
        raise UnreadableFeed(
            f"the {container} file unpacks to more than {ratio} times its size, and no product file does this; it was "
            "not read; upload the file unpacked"
        )
    if size > MAX_UNPACKED_BYTES:
        raise UnreadableFeed(
            f"the {container} file unpacks to more than {MAX_UNPACKED_BYTES >> 30} GB; split it into smaller files"
        )
