"""The Redis client. It calls the REST API of Upstash, and has a timeout and a circuit breaker.

The client of `upstash-redis` has no timeout. It retries a failed call after 3 s, so a script can run twice. In
contrast, this client stops waiting after TIMEOUT_SECONDS, and does not retry.

After a failure, the circuit breaker is open for some seconds. While the breaker is open, calls fail immediately.
Therefore, if Redis fails, only a few requests wait for the timeout, and no request fails.
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
"""The timeout of one call."""
MIN_OPEN_SECONDS, MAX_OPEN_SECONDS = 1.0, 15.0
"""The minimum and maximum time for which a failure opens the breaker. Each consecutive failure doubles the time."""


class CacheDown(Exception):
    """Redis did not answer or returned an error, or the circuit breaker is open."""


@dataclass(frozen=True)
class Script:
    """A Lua script in this folder. Its text begins with the shared code in prelude.lua."""

    name: str

    @cached_property
    def text(self) -> str:
        folder = Path(__file__).parent
        return "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in ("prelude", self.name))

    @cached_property
    def sha1(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Redis:
    """The Redis client of this instance. Only one thread uses it, because an instance handles one event at a time."""

    def __init__(self, url: str, token: str) -> None:
        from wecelebrate.core.cache.upstash import Upstash

        self._client = Upstash(url, token, TIMEOUT_SECONDS)
        self._open_seconds = 0.0
        self._open_until = 0.0

    def run(self, script: Script, keys: Sequence[str], *arguments: str, urgent: bool = False) -> Any:
        """Run a script and return its result. An urgent call is sent even if the breaker is open. Raises CacheDown."""
        return self._call(lambda: self._evaluate(script, list(keys), list(arguments)), urgent)

    def execute(self, *command: str) -> Any:
        """Run a command and return its result. Raises CacheDown."""
        return self._call(lambda: self._client.execute(list(command)))

    def info(self) -> dict[str, str]:
        """Return the memory section of the INFO command.

        The result is empty if the server (e.g. Upstash) refuses the command.
        """
        try:
            text = str(self._client.execute(["INFO", "memory"]))
        except Exception:  # A refused command does not mean that Redis is down, so the breaker stays closed.
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
        except Exception as error:  # Every failure becomes CacheDown, so that no request fails because of the cache.
            self._open_seconds = min(max(self._open_seconds * 2, MIN_OPEN_SECONDS), MAX_OPEN_SECONDS)
            self._open_until = time.monotonic() + self._open_seconds
            logger.warning("Redis failed", error=f"{type(error).__name__}: {error}"[:500], open=self._open_seconds)
            metrics.count("CacheDown")
            raise CacheDown(str(error)) from error
        self._open_seconds = self._open_until = 0.0
        return result


@cache
def redis() -> Redis:
    """Return the Redis client of this function. Raises CacheDown if function.toml does not declare the cache."""
    config = settings()
    if not config.cache_url:
        raise CacheDown("WC_CACHE_URL is not set: add `cache` to `uses` in function.toml")
    return Redis(config.cache_url, config.cache_token)
