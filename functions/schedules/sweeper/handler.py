"""The sweeper: send unsent cache invalidations and lost messages, write the heartbeat, start due schedules."""

from typing import Any

from wecelebrate import subscriptions, sweeper
from wecelebrate.core import metrics

subscriptions.connect()


def handler(event: dict[str, Any], context: Any) -> None:
    sweeper.run()
    metrics.flush()
