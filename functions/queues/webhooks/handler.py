"""Webhooks: what happened at clients' is told to the endpoints that asked for it."""

from wecelebrate import webhooks
from wecelebrate.core.queue import consume

handler = consume(webhooks.work)
