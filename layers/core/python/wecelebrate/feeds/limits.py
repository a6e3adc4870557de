"""How large a file may become when it is unpacked."""

from wecelebrate.feeds.items import UnreadableFeed

MOST_UNPACKED = 8 << 30
"""Bytes: ten million products of 800 bytes each."""
MOST_RATIO = 250
"""Times its packed size. Deflate reaches 1,032 with what says nothing; exports that repeat themselves reach 100."""
FREE = 16 << 20
"""Bytes up to which the ratio does not matter: so much is read within the time that any file may take."""


def within(size: int, packed: int, what: str, ratio: int = MOST_RATIO) -> None:
    """Raise UnreadableFeed when `packed` bytes have unpacked to more than a file of products would."""
    if size > FREE and size > ratio * packed:
        raise UnreadableFeed(
            f"the {what} file unpacks to more than {ratio} times its size, which no product file does; it was not read"
        )
    if size > MOST_UNPACKED:
        raise UnreadableFeed(
            f"the {what} file unpacks to more than {MOST_UNPACKED >> 30} GB; split it into smaller files"
        )
