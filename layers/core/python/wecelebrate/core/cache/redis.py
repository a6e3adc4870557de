"""The Redis client: Upstash's REST API, with our own timeout and circuit breaker.

The client of `upstash-redis` has no timeout, and retries after 3 s, which may run a script twice. This client gives a
call TIMEOUT_SECONDS and does not retry. After a failure the breaker opens for a while, so a failing Redis costs one
request in many its timeout, and no request an error.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from wecelebrate.core import metrics
from wecelebrate.core.settings import settings

logger = Logger()

TIMEOUT_SECONDS = 0.2
"""The timeout of a call."""
MIN_OPEN_SECONDS, MAX_OPEN_SECONDS = 1.0, 15.0
"""How long the breaker stays open after a failure. Doubles with each consecutive failure."""


class CacheDown(Exception):
    """Redis did not answer, returned an error, or the breaker is open."""


@dataclass(frozen=True)
class Script:
    """A Lua script in this folder. The shared prelude is put before it."""

    name: str

    @cached_property
    def text(self) -> str:
        folder = Path(__file__).parent
        return "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in ("prelude", self.name))

    @cached_property
    def sha1(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Redis:
    """The client of this instance. It is not shared between threads: an instance handles one event at a time."""

    def __init__(self, url: str, token: str) -> None:
        from wecelebrate.core.cache.upstash import Upstash

        self._client = Upstash(url, token, TIMEOUT_SECONDS)
        self._open_seconds = 0.0
        self._open_until = 0.0

    def run(self, script: Script, keys: Sequence[str], *arguments: str, urgent: bool = False) -> Any:
        """Run a script and return its result. An urgent call ignores the breaker. Raises CacheDown."""
        return self._call(lambda: self._evaluate(script, list(keys), list(arguments)), urgent)

    def execute(self, *command: str) -> Any:
        """Run a command and return its result. Raises CacheDown."""
        return self._call(lambda: self._client.execute(list(command)))

    def info(self) -> dict[str, str]:
        """The memory section of INFO. Empty if the server refuses the command, which Upstash may do."""
        try:
            text = str(self._client.execute(["INFO", "memory"]))
        except Exception:  # a refusal is not a failure of Redis
            return {}
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def _evaluate(self, script: Script, keys: list[str], arguments: list[str]) -> Any:
        from upstash_redis.errors import UpstashError

        try:
            return self._client.evalsha(script.sha1, keys, arguments)
        except UpstashError as error:
            if "NOSCRIPT" not in str(error):
                raise
            return self._client.eval(script.text, keys, arguments)

    def _call(self, call: Any, urgent: bool = False) -> Any:
        if not urgent and time.monotonic() < self._open_until:
            metrics.count("CacheDown")
            raise CacheDown("the circuit breaker of Redis is open")
        try:
            result = call()
        except Exception as error:  # no failure of the cache may fail a request
            self._open_seconds = min(max(self._open_seconds * 2, MIN_OPEN_SECONDS), MAX_OPEN_SECONDS)
            self._open_until = time.monotonic() + self._open_seconds
            logger.warning("Redis failed", error=f"{type(error).__name__}: {error}"[:500], open=self._open_seconds)
            metrics.count("CacheDown")
            raise CacheDown(str(error)) from error
        self._open_seconds = self._open_until = 0.0
        return result


@cache
def redis() -> Redis:
    """The Redis of this function. Raises CacheDown if the function does not declare the use of cache."""
    config = settings()
    if not config.cache_url:
        raise CacheDown("function.toml does not declare the use of cache")
    return Redis(config.cache_url, config.cache_token)
