"""The way to Redis: Upstash's REST API, with a timeout and a breaker of our own.

The client of `upstash-redis` waits for ever, and tries again after 3 s, which may run a script twice. Here a call gets
TIMEOUT and no second try; a Redis that failed is left alone for a while, so that it costs one request in many its
timeout, and none an error.
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

TIMEOUT = 0.2
"""Seconds that a call may take."""
SHORTEST_REST, LONGEST_REST = 1.0, 15.0
"""Seconds for which Redis is left alone after it failed; doubled each time it fails again."""


class CacheDown(Exception):
    """Redis did not answer, refused, or is left alone for now."""


@dataclass(frozen=True)
class Script:
    """A Lua script beside this module, after the prelude that all share."""

    name: str

    @cached_property
    def text(self) -> str:
        folder = Path(__file__).parent
        return "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in ("prelude", self.name))

    @cached_property
    def sha1(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Redis:
    """One client an instance. Not shared between threads: an instance has one event at a time."""

    def __init__(self, url: str, token: str) -> None:
        from wecelebrate.core.cache.upstash import Upstash

        self._client = Upstash(url, token, TIMEOUT)
        self._rest = 0.0
        self._resting_until = 0.0

    def run(self, script: Script, keys: Sequence[str], *arguments: str, urgent: bool = False) -> Any:
        """What a script returns; what is urgent is tried even while Redis is left alone. Raises CacheDown."""
        return self._once(lambda: self._evaluate(script, list(keys), list(arguments)), urgent)

    def execute(self, *command: str) -> Any:
        """What a command answers. Raises CacheDown."""
        return self._once(lambda: self._client.execute(list(command)))

    def info(self) -> dict[str, str]:
        """What the server says of its memory; nothing where it does not say (Upstash may refuse the command)."""
        try:
            said = str(self._client.execute(["INFO", "memory"]))
        except Exception:  # as above: but a refusal is no failure
            return {}
        return dict(line.split(":", 1) for line in said.splitlines() if ":" in line)

    def _evaluate(self, script: Script, keys: list[str], arguments: list[str]) -> Any:
        from upstash_redis.errors import UpstashError

        try:
            return self._client.evalsha(script.sha1, keys, arguments)
        except UpstashError as error:
            if "NOSCRIPT" not in str(error):
                raise
            return self._client.eval(script.text, keys, arguments)

    def _once(self, call: Any, urgent: bool = False) -> Any:
        if not urgent and time.monotonic() < self._resting_until:
            metrics.count("CacheDown")
            raise CacheDown("Redis is left alone")
        try:
            answer = call()
        except Exception as error:  # whatever is wrong with the cache, nothing is wrong with the answer
            self._rest = min(max(self._rest * 2, SHORTEST_REST), LONGEST_REST)
            self._resting_until = time.monotonic() + self._rest
            logger.warning("the cache failed", error=f"{type(error).__name__}: {error}"[:500], rest=self._rest)
            metrics.count("CacheDown")
            raise CacheDown(str(error)) from error
        self._rest = self._resting_until = 0.0
        return answer


@cache
def redis() -> Redis:
    """The Redis of this function. Raises CacheDown for a function that has none."""
    chosen = settings()
    if not chosen.cache_url:
        raise CacheDown("function.toml does not declare the use of cache")
    return Redis(chosen.cache_url, chosen.cache_token)
