"""The sweeper: end in the cache what nobody ended, and keep the heart beating that readers are judged by."""

from typing import Any

from wecelebrate import metrics, sweeper


def handler(event: dict[str, Any], context: Any) -> None:
    sweeper.run()
    metrics.flush()
