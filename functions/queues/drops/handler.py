"""Drops: files that ERP systems put into the bucket become jobs, at once or when a schedule is due."""

from wecelebrate import syncs
from wecelebrate.queue import consume

handler = consume(syncs.receive)
