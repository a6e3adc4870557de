"""Webhooks: deliver events to the endpoints that subscribe to them."""

from wecelebrate import webhooks
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(webhooks.work, on_dead_letter=dead_letters.record_message)
