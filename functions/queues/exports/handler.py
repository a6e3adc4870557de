"""Exports: write the files of exports."""

from wecelebrate import jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.exports.worker import run
from wecelebrate.jobs import dead_letters

subscriptions.connect()
handler = consume(jobs.worker("data_export", run), on_dead_letter=dead_letters.record_message)
