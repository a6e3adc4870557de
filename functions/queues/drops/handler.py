"""Drops: files that ERP systems put into the bucket become jobs."""

from wecelebrate import syncs
from wecelebrate.queue import consume

handler = consume(syncs.receive)
