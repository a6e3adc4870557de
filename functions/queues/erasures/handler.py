"""Erasures: erase the data of persons."""

from wecelebrate import jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.erasures.worker import run
from wecelebrate.jobs import dead_letters

subscriptions.connect()
handler = consume(jobs.worker("erasure", run), on_dead_letter=dead_letters.record_message)
