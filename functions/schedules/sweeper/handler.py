"""The sweeper: end in the cache what nobody ended, keep the heart beating, have done what is lost or due."""

from typing import Any

from wecelebrate import subscriptions, sweeper
from wecelebrate.core import metrics

subscriptions.connect()


def handler(event: dict[str, Any], context: Any) -> None:
    sweeper.run()
    metrics.flush()
