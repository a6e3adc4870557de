"""Catalog syncs: load files from the drops bucket into their catalogs."""

from wecelebrate import feeds, jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.ingestion.sync.run import run
from wecelebrate.jobs import dead_letters

subscriptions.connect()
feeds.prepare()
handler = consume(jobs.worker("catalog_sync", run), on_dead_letter=dead_letters.record_message)
