"""Loads what the first file of a process needs, before this file arrives."""

from io import BytesIO

from wecelebrate.feeds.feed import open_feed

_FILE = b"SKU;Name;Price;Stock;Status\nA-1;Cup;12.50 EUR;5;active\nA-2;Mug;9.90 EUR;in stock;active\n"


def prepare() -> None:
    """Read a small file, so that the vocabulary, the currencies and the patterns of known exports are loaded.

    Takes about 60 ms, which the first file of the process then does not need. A function that reads files calls it when
    it is imported: the initialisation of a Lambda function has more CPU, and no caller waits for a worker that starts.
    """
    with open_feed(BytesIO(_FILE), "prepare.csv", None, "EUR") as feed:
        for _ in feed:
            pass
