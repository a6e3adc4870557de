"""Test doubles: a clock that advances only if a test advances it, and a Redis client that does not use HTTP."""

from collections.abc import Callable
from typing import Any, TypeAlias

import valkey

from wecelebrate.core.cache.redis import Script

RedisClient: TypeAlias = Any
"""The type of a `valkey.Valkey`. The alias is Any, because the type hints of valkey allow an awaitable for every
result.
"""


class Clock:
    """A clock that counts epoch milliseconds. Its time changes only if `pass_seconds` is called."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class DirectRedis:
    """Runs the cache's scripts in Redis without HTTP. Tests with many calls are faster without HTTP."""

    def __init__(self, client: RedisClient) -> None:
        self.client = client
        self.before_call: Callable[[str], object] = lambda name: None
        """A function that is called before each script or command, with the name of the script or command."""

    def run(self, script: Script, keys: list[str], *arguments: str, urgent: bool = False) -> Any:
        self.before_call(script.name)
        try:
            return self.client.evalsha(script.sha1, len(keys), *keys, *arguments)
        except valkey.exceptions.NoScriptError:
            return self.client.eval(script.text, len(keys), *keys, *arguments)

    def execute(self, *command: str) -> Any:
        self.before_call(command[0].lower())
        return self.client.execute_command(*command)
