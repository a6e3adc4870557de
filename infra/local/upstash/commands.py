"""What Upstash does to commands: some are refused, and scripts may begin with a flag of its own.

Upstash runs scripts that begin with `#!lua flags=allow-key-locking` (they lock their keys instead of the database).
Redis refuses the flag, so it is taken off; a script keeps the SHA1 that its author computes, of the text with the flag.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from infra.local.upstash.resp import Failure, Value

_BLOCKING = "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF"
_SUBSCRIBING = "MONITOR PSUBSCRIBE PSYNC PUNSUBSCRIBE REPLCONF SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE"
_OF_CONNECTIONS = "ASKING AUTH CLIENT DISCARD EXEC HELLO MULTI QUIT READONLY READWRITE RESET SELECT UNWATCH WATCH"
_OF_OPERATORS = """
    ACL BGREWRITEAOF BGSAVE CLUSTER COMMAND COMMANDLOG CONFIG DEBUG FAILOVER LASTSAVE LATENCY LOLWUT MEMORY MIGRATE
    MODULE MOVE OBJECT PFDEBUG PFSELFTEST REPLICAOF RESTORE-ASKING ROLE SAVE SHUTDOWN SLAVEOF SLOWLOG SWAPDB
"""
REFUSED = frozenset(" ".join((_BLOCKING, _SUBSCRIBING, _OF_CONNECTIONS, _OF_OPERATORS)).encode().split())
"""Refused over REST. Those that hold a connection would also stop every other request, which share one."""

_EVAL = frozenset((b"EVAL", b"EVAL_RO"))
_EVALSHA = frozenset((b"EVALSHA", b"EVALSHA_RO"))
_SHEBANG = re.compile(rb"\A#!lua([^\n]*)")
_OWN_FLAG = b"allow-key-locking"
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A command as Redis takes it, and the answer to give in place of Redis's where the two differ."""

    words: Sequence[bytes]
    answer: bytes | None = None
    refusal: str | None = None

    def result(self, reply: Value) -> Value:
        return self.answer if self.answer is not None and not isinstance(reply, Failure) else reply


def refusal(words: Sequence[bytes]) -> str | None:
    """Why Upstash would not run this command over REST; None when it would."""
    name = words[0].upper()
    second = words[1].upper() if len(words) > 1 else b""
    refused = (
        name in REFUSED
        or (name in {b"XREAD", b"XREADGROUP"} and _blocks(words))
        or (name == b"SCRIPT" and second in {b"DEBUG", b"KILL"})
    )
    if not refused:
        return None
    shown = name.decode("utf-8", "replace")
    return f"ERR Command is not available: '{shown}'. See https://upstash.com/docs/redis/overall/rediscompatibility"


def _blocks(words: Sequence[bytes]) -> bool:
    # Options end where the streams begin; a stream may be called `block`.
    options = []
    for word in words[1:]:
        if word.upper() == b"STREAMS":
            break
        options.append(word.upper())
    return b"BLOCK" in options


class Scripts:
    """Scripts whose flag was taken off, by the SHA1 of the text as it was sent."""

    def __init__(self) -> None:
        self._plain: OrderedDict[bytes, bytes] = OrderedDict()

    def prepare(self, words: Sequence[bytes]) -> Prepared:
        """The command to send to Redis for the command that came."""
        refused = refusal(words)
        if refused:
            return Prepared(words, refusal=refused)
        name = words[0].upper()
        if name in _EVAL and len(words) > 1:
            return Prepared([words[0], self._without_flag(words[1])[0], *words[2:]])
        if name in _EVALSHA and len(words) > 1:
            return Prepared([words[0], self._known(words[1]), *words[2:]])
        if name == b"SCRIPT" and len(words) > 1:
            return self._script(words, words[1].upper())
        return Prepared(words)

    def _script(self, words: Sequence[bytes], verb: bytes) -> Prepared:
        if verb == b"LOAD" and len(words) == 3:
            plain, digest = self._without_flag(words[2])
            return Prepared([*words[:2], plain], answer=digest)
        if verb == b"EXISTS":
            return Prepared([*words[:2], *map(self._known, words[2:])])
        if verb == b"FLUSH":
            self._plain.clear()
        return Prepared(words)

    def _known(self, digest: bytes) -> bytes:
        return self._plain.get(digest.lower(), digest)

    def _without_flag(self, script: bytes) -> tuple[bytes, bytes]:
        """The script as Redis takes it, and the SHA1 of the script as it came."""
        digest = hashlib.sha1(script, usedforsecurity=False).hexdigest().encode()
        plain = strip_flag(script)
        if plain != script:
            self._plain[digest] = hashlib.sha1(plain, usedforsecurity=False).hexdigest().encode()
            self._plain.move_to_end(digest)
            if len(self._plain) > _REMEMBERED:
                self._plain.popitem(last=False)
        return plain, digest


def strip_flag(script: bytes) -> bytes:
    """The script without `allow-key-locking`; other flags stay, and so do the line numbers of errors."""
    first = _SHEBANG.match(script)
    if not first or _OWN_FLAG not in first[1]:
        return script
    options = []
    for option in first[1].split():
        key, _, value = option.partition(b"=")
        if key == b"flags":
            flags = [flag for flag in value.split(b",") if flag and flag != _OWN_FLAG]
            if not flags:
                continue
            value = b",".join(flags)
        options.append(key + b"=" + value)
    shebang = b" ".join((b"#!lua", *options)) if options else b""
    return shebang + script[first.end() :]
