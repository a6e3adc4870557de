"""Limits on the size of an unpacked file."""

from wecelebrate.feeds.items import UnreadableFeed

MAX_UNPACKED_BYTES = 8 << 30
"""Ten million products of 800 bytes each."""
MAX_RATIO = 250
"""Unpacked size ÷ packed size. Deflate reaches 1,032 on constant data; very repetitive exports reach 100."""
RATIO_EXEMPT_BYTES = 16 << 20
"""Unpacked size up to which the ratio is not checked: any file of this size is read quickly enough."""


def check_unpacked_size(size: int, packed: int, container: str, ratio: int = MAX_RATIO) -> None:
    """Raise UnreadableFeed if `packed` bytes have unpacked to more than a product file would.

    `size` and `packed` are in bytes. `container` is `gzip` or `zip`, for the message.
    """
    if size > RATIO_EXEMPT_BYTES and size > ratio * packed:
        raise UnreadableFeed(
            f"the {container} file unpacks to more than {ratio} times its size, which no product file does, so it was "
            "not read; upload the file unpacked"
        )
    if size > MAX_UNPACKED_BYTES:
        raise UnreadableFeed(
            f"the {container} file unpacks to more than {MAX_UNPACKED_BYTES >> 30} GB; split it into smaller files"
        )
