"""Reads files from ERP systems and shops, and yields validated products. This package uses no database and no network.

    with open_feed(stream, "articles.csv", mapping, "EUR") as feed:
        for item in feed:
            match item:
                case Product(): ...
                case Rejected(): ...

Rows are read lazily, in constant memory. The sum of `item.rows` over all items equals `feed.rows_read`. A bad row
becomes a `Rejected`, and reading continues with the next row. A file that cannot be read at all raises UnreadableFeed,
with a message for the person who uploaded the file.

These attributes are known before the first row is read: `feed.reading` describes how the file is read, `feed.questions`
contains questions that the file does not answer, and `feed.changes` contains the differences from the catalog's
previous file. After the last row, `feed.warnings` contains the numbers of values that were not understood.

`propose` shows how a file would be read. It reads only a sample. `prepare` loads the vocabulary and the patterns that
the first file of a process needs.
"""

from wecelebrate.feeds.columns.visibility import Disclosure
from wecelebrate.feeds.feed import Feed, open_feed
from wecelebrate.feeds.items import Item, Offer, Product, Rejected, UnreadableFeed
from wecelebrate.feeds.plan.plan import REPORT_COLUMN_PREFIX
from wecelebrate.feeds.preparation import prepare
from wecelebrate.feeds.proposal import Proposal, propose
from wecelebrate.feeds.questions import Change, Choice, Question
from wecelebrate.feeds.reading import refused_currency
from wecelebrate.feeds.warnings import Warnings

__all__ = [
    "REPORT_COLUMN_PREFIX", "Change", "Choice", "Disclosure", "Feed", "Item", "Offer", "Product", "Proposal",
    "Question", "Rejected", "UnreadableFeed", "Warnings", "open_feed", "prepare", "propose", "refused_currency",
]  # fmt: skip
