"""Webhooks: what happened at clients' is told to the endpoints that asked for it."""

from wecelebrate import webhooks
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(webhooks.work, on_dead_letter=dead_letters.record_message)
