"""Catalog syncs: a dropped file becomes products of its catalog."""

from wecelebrate import syncs
from wecelebrate.queue import consume

handler = consume(syncs.run)
