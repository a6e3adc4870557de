"""Catalog syncs: a dropped file becomes products of its catalog."""

from wecelebrate import jobs, syncs
from wecelebrate.queue import consume

handler = consume(jobs.worker("catalog_sync", syncs.run))
