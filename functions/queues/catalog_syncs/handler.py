"""Catalog syncs: a dropped file becomes products of its catalog."""

from wecelebrate import jobs
from wecelebrate.core.queue import consume
from wecelebrate.ingestion import sync

handler = consume(jobs.worker("catalog_sync", sync.run))
