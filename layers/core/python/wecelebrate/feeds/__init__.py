"""Feeds: files of ERP systems and shops as validated products. No database, storage or network is touched here.

    with open_feed(stream, "articles.csv", mapping, "EUR") as feed:
        for item in feed:
            match item:
                case Product(): ...
                case Rejected(): ...

Rows are read lazily in constant memory; the rows of all items add up to `feed.rows_read`. A bad row is a Rejected and
stops nothing. A file that cannot be read at all raises UnreadableFeed with a message for whoever dropped it.
`propose` tells from a sample how a file would be read.
"""

from wecelebrate.feeds.feed import Feed, open_feed
from wecelebrate.feeds.items import Item, Product, Rejected, UnreadableFeed
from wecelebrate.feeds.plan import OWN_COLUMNS
from wecelebrate.feeds.proposal import Proposal, propose

__all__ = ["OWN_COLUMNS", "Feed", "Item", "Product", "Proposal", "Rejected", "UnreadableFeed", "open_feed", "propose"]
