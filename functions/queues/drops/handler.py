"""Drops: create a job for each new file in the drops bucket, after its upload or when a schedule is due."""

from wecelebrate import subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.ingestion import sync
from wecelebrate.jobs import dead_letters

subscriptions.connect()
handler = consume(sync.receive, on_dead_letter=dead_letters.record_message)
