"""Converts commands of Upstash to commands of Redis, which differ in two points.

First, Upstash refuses some commands of Redis. Second, Upstash accepts scripts that start with `#!lua
flags=allow-key-locking`. Such a script locks only its keys, and not the whole database. Redis rejects this flag, so the
adapter removes it from the script. The adapter also replaces the SHA1 in calls of the script, because clients use the
SHA1 of the original text.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from infra.local.upstash.resp import ErrorReply, Value

_BLOCKING = "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF"
_SUBSCRIBING = "MONITOR PSUBSCRIBE PSYNC PUNSUBSCRIBE REPLCONF SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE"
_CONNECTION = "ASKING AUTH CLIENT DISCARD EXEC HELLO MULTI QUIT READONLY READWRITE RESET SELECT UNWATCH WATCH"
_ADMINISTRATION = """
    ACL BGREWRITEAOF BGSAVE CLUSTER COMMAND COMMANDLOG CONFIG DEBUG FAILOVER LASTSAVE LATENCY LOLWUT MEMORY MIGRATE
    MODULE MOVE OBJECT PFDEBUG PFSELFTEST REPLICAOF RESTORE-ASKING ROLE SAVE SHUTDOWN SLAVEOF SLOWLOG SWAPDB
"""
REFUSED = frozenset(" ".join((_BLOCKING, _SUBSCRIBING, _CONNECTION, _ADMINISTRATION)).encode().split())
"""The commands that Upstash refuses over REST. Some of these commands wait. In the adapter, such a command would delay
all other requests, because all requests share one connection."""

_EVAL = frozenset((b"EVAL", b"EVAL_RO"))
_EVALSHA = frozenset((b"EVALSHA", b"EVALSHA_RO"))
_SHEBANG = re.compile(rb"\A#!lua([^\n]*)")
_UPSTASH_FLAG = b"allow-key-locking"
_MAX_REMEMBERED_SCRIPTS = 1000


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """A command that can be sent to Redis.

    answer: if not None, it replaces a successful reply of Redis. refusal: the error message if Upstash refuses the
    command, otherwise None. A refused command is not sent to Redis.
    """

    arguments: Sequence[bytes]
    answer: bytes | None = None
    refusal: str | None = None

    def result(self, reply: Value) -> Value:
        return self.answer if self.answer is not None and not isinstance(reply, ErrorReply) else reply


def refusal(arguments: Sequence[bytes]) -> str | None:
    """Return the error message if Upstash refuses this command over REST, otherwise None."""
    name = arguments[0].upper()
    second = arguments[1].upper() if len(arguments) > 1 else b""
    refused = (
        name in REFUSED
        or (name in {b"XREAD", b"XREADGROUP"} and _blocks(arguments))
        or (name == b"SCRIPT" and second in {b"DEBUG", b"KILL"})
    )
    if not refused:
        return None
    command = name.decode("utf-8", "replace")
    return f"ERR Command is not available: '{command}'. See https://upstash.com/docs/redis/overall/rediscompatibility"


def _blocks(arguments: Sequence[bytes]) -> bool:
    # Read only the options before STREAMS. The arguments after STREAMS are names of streams, and a stream can have the
    # name `block`.
    options = []
    for argument in arguments[1:]:
        if argument.upper() == b"STREAMS":
            break
        options.append(argument.upper())
    return b"BLOCK" in options


class Scripts:
    """Prepares commands for Redis.

    The object stores the SHA1 of each script from which the flag `allow-key-locking` was removed.
    """

    def __init__(self) -> None:
        self._redis_digests: OrderedDict[bytes, bytes] = OrderedDict()
        """SHA1 of a script with the flag → SHA1 of the script without it."""

    def prepare(self, arguments: Sequence[bytes]) -> PreparedCommand:
        """Convert a command of a client to the command for Redis."""
        refused = refusal(arguments)
        if refused:
            return PreparedCommand(arguments, refusal=refused)
        name = arguments[0].upper()
        if name in _EVAL and len(arguments) > 1:
            return PreparedCommand([arguments[0], self._remove_flag(arguments[1])[0], *arguments[2:]])
        if name in _EVALSHA and len(arguments) > 1:
            return PreparedCommand([arguments[0], self._redis_digest(arguments[1]), *arguments[2:]])
        if name == b"SCRIPT" and len(arguments) > 1:
            return self._prepare_script_command(arguments, arguments[1].upper())
        return PreparedCommand(arguments)

    def _prepare_script_command(self, arguments: Sequence[bytes], subcommand: bytes) -> PreparedCommand:
        if subcommand == b"LOAD" and len(arguments) == 3:
            plain, digest = self._remove_flag(arguments[2])
            return PreparedCommand([*arguments[:2], plain], answer=digest)
        if subcommand == b"EXISTS":
            return PreparedCommand([*arguments[:2], *map(self._redis_digest, arguments[2:])])
        if subcommand == b"FLUSH":
            self._redis_digests.clear()
        return PreparedCommand(arguments)

    def _redis_digest(self, digest: bytes) -> bytes:
        return self._redis_digests.get(digest.lower(), digest)

    def _remove_flag(self, script: bytes) -> tuple[bytes, bytes]:
        """Return the script without the flag, and the SHA1 of the original script. Store the SHA1 values of both
        scripts."""
        digest = hashlib.sha1(script, usedforsecurity=False).hexdigest().encode()
        plain = strip_flag(script)
        if plain != script:
            self._redis_digests[digest] = hashlib.sha1(plain, usedforsecurity=False).hexdigest().encode()
            self._redis_digests.move_to_end(digest)
            if len(self._redis_digests) > _MAX_REMEMBERED_SCRIPTS:
                self._redis_digests.popitem(last=False)
        return plain, digest


def strip_flag(script: bytes) -> bytes:
    """Remove the flag `allow-key-locking` from a script, and keep all other flags.

    The number of lines does not change, so that the line numbers in error messages are correct.
    """
    first = _SHEBANG.match(script)
    if not first or _UPSTASH_FLAG not in first[1]:
        return script
    options = []
    for option in first[1].split():
        key, _, value = option.partition(b"=")
        if key == b"flags":
            flags = [flag for flag in value.split(b",") if flag and flag != _UPSTASH_FLAG]
            if not flags:
                continue
            value = b",".join(flags)
        options.append(key + b"=" + value)
    shebang = b" ".join((b"#!lua", *options)) if options else b""
    return shebang + script[first.end() :]
