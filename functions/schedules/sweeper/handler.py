"""Sweeper: send unsent cache invalidations, resend lost messages, write the heartbeat, and run due schedules."""

from typing import Any

from wecelebrate import subscriptions, sweeper
from wecelebrate.core import deadline, metrics

subscriptions.connect()


def handler(event: dict[str, Any], context: Any) -> None:
    with deadline.invocation(context):
        sweeper.run()
    metrics.flush()
