"""Drops: files that ERP systems put into the bucket become jobs, at once or when a schedule is due."""

from wecelebrate.core.queue import consume
from wecelebrate.ingestion import sync

handler = consume(sync.receive)
