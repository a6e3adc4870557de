"""Test doubles: a clock that only tests move, and a Redis that the cache calls without HTTP."""

from collections.abc import Callable
from typing import Any, TypeAlias

import valkey

from wecelebrate.core.cache.redis import Script

RedisClient: TypeAlias = Any
"""A `valkey.Valkey`. It is typed as Any because its own types declare every result as possibly awaitable."""


class Clock:
    """Epoch milliseconds. The time changes only in `pass_seconds`."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class DirectRedis:
    """Runs the scripts of the cache on Redis without HTTP, for tests that make very many calls."""

    def __init__(self, client: RedisClient) -> None:
        self.client = client
        self.before_call: Callable[[str], object] = lambda name: None
        """Called with the name of a script or command before it runs."""

    def run(self, script: Script, keys: list[str], *arguments: str, urgent: bool = False) -> Any:
        self.before_call(script.name)
        try:
            return self.client.evalsha(script.sha1, len(keys), *keys, *arguments)
        except valkey.exceptions.NoScriptError:
            return self.client.eval(script.text, len(keys), *keys, *arguments)

    def execute(self, *command: str) -> Any:
        self.before_call(command[0].lower())
        return self.client.execute_command(*command)
