"""Tests the adapter for the REST protocol of Upstash.

The tests use Upstash's own clients, and compare the responses with Upstash's documentation.
"""

import asyncio
import hashlib
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from uuid import uuid4

import httpx
import pytest
import upstash_redis
import upstash_redis.asyncio
from upstash_ratelimit import FixedWindow, Ratelimit, SlidingWindow, TokenBucket
from upstash_ratelimit.asyncio import Ratelimit as AsyncRatelimit
from upstash_redis.errors import UpstashError

from infra.local.processes import free_port
from infra.local.redis import Redis
from infra.local.upstash import Upstash
from tests.platform import TLS

INCREMENT = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
FLAGGED_INCREMENT = f"#!lua flags=allow-key-locking\n{INCREMENT}"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstash]:
    with Redis(tmp_path_factory.mktemp("upstash"), free_port()) as redis, Upstash(redis, free_port()) as adapter:
        yield adapter


@pytest.fixture(scope="module")
def client(adapter: Upstash) -> Iterator[upstash_redis.Redis]:
    with upstash_redis.Redis(adapter.url, adapter.token) as redis:
        yield redis


@pytest.fixture
def http(adapter: Upstash) -> Iterator[httpx.Client]:
    with httpx.Client(verify=TLS, base_url=adapter.url, headers={"Authorization": f"Bearer {adapter.token}"}) as client:
        yield client


@pytest.fixture
def key() -> str:
    return f"key:{uuid4()}"


# Tests with the clients of Upstash.


@pytest.mark.parametrize("text", ["plain", "", "OK", "Grüße 🎁 \u0000 \r\n", "x" * 1_000_000])
@pytest.mark.parametrize("encoding", ["base64", None])
def test_strings_are_returned_unchanged(adapter: Upstash, key: str, text: str, encoding: str | None) -> None:
    with upstash_redis.Redis(adapter.url, adapter.token, rest_encoding=encoding) as client:  # type: ignore[arg-type]
        assert client.set(key, text, ex=100)
        assert client.get(key) == text
        assert client.ttl(key) == 100
        assert client.get(f"{key}:missing") is None


def test_the_adapter_does_not_reformat_the_numbers_in_commands(
    client: upstash_redis.Redis, http: httpx.Client, key: str
) -> None:
    assert client.incrbyfloat(key, 1.5) == 1.5
    assert client.incrby(f"{key}:i", 2**53 + 1) == 2**53 + 1
    http.post("/", content=f'["SET", "{key}", 1.10]')
    assert client.get(key) == "1.10"


def test_the_adapter_supports_hashes_and_lists_and_sets_and_sorted_sets(client: upstash_redis.Redis, key: str) -> None:
    assert client.hset(f"{key}:h", values={"name": "Käse", "price": 3}) == 2
    assert client.hgetall(f"{key}:h") == {"name": "Käse", "price": "3"}
    assert client.hmget(f"{key}:h", "name", "none") == ["Käse", None]
    assert client.rpush(f"{key}:l", "a", "b") == 2
    assert client.lrange(f"{key}:l", 0, -1) == ["a", "b"]
    assert client.sadd(f"{key}:s", "one", "two") == 2
    assert client.sismember(f"{key}:s", "one") is True
    assert client.zadd(f"{key}:z", {"first": 1, "second": 2.5}) == 2
    assert client.zrange(f"{key}:z", 0, -1, withscores=True) == [("first", 1.0), ("second", 2.5)]
    assert client.zscore(f"{key}:z", "second") == 2.5
    cursor, keys = client.scan(0, match=f"{key}:*", count=10_000)
    assert (cursor, sorted(keys)) == (0, [f"{key}:{kind}" for kind in "hlsz"])
    assert client.type(f"{key}:z") == "zset"


def test_a_pipeline_returns_its_results_in_the_order_of_its_commands(client: upstash_redis.Redis, key: str) -> None:
    pipeline = client.pipeline()
    pipeline.set(key, 1)
    pipeline.incr(key)
    pipeline.get(key)
    pipeline.hgetall(f"{key}:none")
    assert pipeline.exec() == [True, 2, "2", {}]


def test_concurrent_transactions_are_not_interleaved(adapter: Upstash, key: str) -> None:
    async def run_transactions() -> list[list[object]]:
        async with upstash_redis.asyncio.Redis(adapter.url, adapter.token) as client:

            async def add() -> list[object]:
                transaction = client.multi()
                for _ in range(20):
                    transaction.incr(key)
                return list(await transaction.exec())

            return await asyncio.gather(*(add() for _ in range(10)))

    for numbers in asyncio.run(run_transactions()):
        first = numbers[0]
        assert isinstance(first, int)
        assert numbers == list(range(first, first + 20))


def test_the_asyncio_client_works(adapter: Upstash, key: str) -> None:
    async def use() -> list[object]:
        async with upstash_redis.asyncio.Redis(adapter.url, adapter.token) as client:
            await client.set(key, "🎁")
            return [
                await client.get(key),
                await client.eval(FLAGGED_INCREMENT, [f"{key}:n"], ["2"]),
                await client.ping(),
            ]

    assert asyncio.run(use()) == ["🎁", 2, "PONG"]


@pytest.mark.parametrize("script", [INCREMENT, FLAGGED_INCREMENT])
def test_a_script_can_be_called_by_its_text_or_by_its_digest(
    client: upstash_redis.Redis, key: str, script: str
) -> None:
    digest = hashlib.sha1(script.encode()).hexdigest()
    client.script_flush()
    with pytest.raises(UpstashError, match="NOSCRIPT"):
        client.evalsha(digest, [key], ["1"])
    assert client.script_load(script) == digest
    assert client.script_exists(digest, "0" * 40) == [True, False]
    assert client.evalsha(digest, [key], ["1"]) == 1
    assert client.evalsha(digest.upper(), [key], ["1"]) == 2
    client.script_flush()
    assert client.eval(script, [key], ["1"]) == 3
    assert client.evalsha(digest, [key], ["1"]) == 4


def test_results_of_scripts_keep_their_structure(client: upstash_redis.Redis) -> None:
    assert client.eval("return {1, 'zwei', {3, false}, redis.status_reply('OK')}") == [1, "zwei", [3, None], "OK"]


@pytest.mark.parametrize(
    ("limiter", "allowed"),
    [
        (FixedWindow(max_requests=3, window=10), 3),
        (SlidingWindow(max_requests=3, window=10), 3),
        (TokenBucket(max_tokens=3, refill_rate=1, interval=10), 3),
    ],
)
def test_the_rate_limiters_of_upstash_work(
    client: upstash_redis.Redis,
    key: str,
    limiter: FixedWindow | SlidingWindow | TokenBucket,
    allowed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The test stops the clock of the limiter in the middle of a time window, so that the window does not end during the
    # test.
    middle = int(time.time()) // 10 * 10 + 5
    monkeypatch.setattr("upstash_ratelimit.limiter.now_ms", lambda: middle * 1000)
    limits = Ratelimit(redis=client, limiter=limiter)
    assert [limits.limit(key).allowed for _ in range(5)] == [True] * allowed + [False] * (5 - allowed)
    assert limits.limit(f"{key}:another").allowed
    assert limits.get_remaining(key) == 0


def test_the_asyncio_rate_limiter_of_upstash_works_with_concurrent_callers(adapter: Upstash, key: str) -> None:
    async def count_allowed() -> int:
        async with upstash_redis.asyncio.Redis(adapter.url, adapter.token) as client:
            limits = AsyncRatelimit(redis=client, limiter=TokenBucket(max_tokens=7, refill_rate=1, interval=60))
            return sum(result.allowed for result in await asyncio.gather(*(limits.limit(key) for _ in range(20))))

    assert asyncio.run(count_allowed()) == 7


# Tests of the protocol


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}])
def test_a_wrong_token_is_rejected(adapter: Upstash, headers: dict[str, str]) -> None:
    for path in ("/", "/get/key", "/pipeline", "/multi-exec"):
        response = httpx.post(adapter.url + path, headers=headers, json=["PING"], verify=TLS)
        assert response.status_code == 401
        assert response.json() == {"error": "WRONGPASS invalid or missing auth token"}


def test_the_token_can_be_given_as_a_query_parameter(adapter: Upstash, key: str) -> None:
    with httpx.Client(verify=TLS, base_url=adapter.url, params={"_token": adapter.token}) as http:
        assert http.get(f"/set/{key}/value").json() == {"result": "OK"}
        assert http.get(f"/get/{key}").json() == {"result": "value"}


def test_a_redis_command_can_be_given_in_the_path_of_the_request(http: httpx.Client, key: str) -> None:
    assert http.get(f"/set/{key}/a%2Fb%20c/EX/100").json() == {"result": "OK"}
    assert http.get(f"/GET/{key}").json() == {"result": "a/b c"}
    assert http.get(f"/ttl/{key}").json() == {"result": 100}
    assert http.get(f"/mget/{key}/none").json() == {"result": ["a/b c", None]}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_request_body_is_an_argument_between_path_and_query_parameters(
    http: httpx.Client, key: str, method: str
) -> None:
    body = b'{"binary": "\xff\x00"}'
    assert http.request(method, f"/set/{key}?EX=100&NX", content=body).json() == {"result": "OK"}
    assert http.get(f"/ttl/{key}").json() == {"result": 100}
    assert http.get(f"/get/{key}").json() == {"result": '{"binary": "\ufffd\x00"}'}
    encoded = http.get(f"/get/{key}", headers={"Upstash-Encoding": "base64"})
    assert encoded.json() == {"result": b64encode(body).decode()}


def test_the_base64_header_encodes_all_strings_in_results_except_ok(http: httpx.Client, key: str) -> None:
    http.headers["Upstash-Encoding"] = "base64"
    rows = [["SET", key, "value"], ["GET", key], ["PING"], ["STRLEN", key], ["MGET", key, "none"], ["NO-SUCH"]]
    results = http.post("/pipeline", json=rows).json()
    assert results[:-1] == [
        {"result": "OK"},
        {"result": "dmFsdWU="},
        {"result": "UE9ORw=="},
        {"result": 5},
        {"result": ["dmFsdWU=", None]},
    ]
    assert results[-1]["error"].startswith("ERR unknown command 'NO-SUCH'")


def test_a_failed_command_returns_status_400_and_the_error_of_redis(http: httpx.Client, key: str) -> None:
    http.post("/", json=["SET", key, "text"])
    for command, error in (
        (["INCR", key], "ERR value is not an integer or out of range"),
        (["LPUSH", key, "x"], "WRONGTYPE Operation against a key holding the wrong kind of value"),
        (["GET"], "ERR wrong number of arguments for 'get' command"),
    ):
        response = http.post("/", json=command)
        assert (response.status_code, response.json()) == (400, {"error": error})


def test_a_pipeline_continues_after_an_error(http: httpx.Client, key: str) -> None:
    response = http.post("/pipeline", json=[["SET", key, "x"], ["INCR", key], ["SUBSCRIBE", "c"], ["STRLEN", key]])
    assert response.status_code == 200
    assert [set(entry) for entry in response.json()] == [{"result"}, {"error"}, {"error"}, {"result"}]


def test_a_transaction_continues_after_a_failed_command(http: httpx.Client, key: str) -> None:
    response = http.post("/multi-exec", json=[["SET", key, "x"], ["INCR", key], ["APPEND", key, "y"]])
    assert response.json() == [
        {"result": "OK"},
        {"error": "ERR value is not an integer or out of range"},
        {"result": 2},
    ]


@pytest.mark.parametrize("bad", [["GET"], ["NO-SUCH"], ["BLPOP", "list", 0], ["SELECT", 1]])
def test_a_transaction_with_an_invalid_or_unsupported_command_changes_nothing(
    http: httpx.Client, key: str, bad: list[object]
) -> None:
    response = http.post("/multi-exec", json=[["SET", key, "x"], bad])
    assert response.status_code == 400
    assert response.json()["error"].startswith("ERR ")
    assert http.get(f"/exists/{key}").json() == {"result": 0}


@pytest.mark.parametrize(
    "command",
    [
        ["SUBSCRIBE", "channel"],
        ["monitor"],
        ["BLPOP", "list", 0],
        ["XREAD", "BLOCK", 0, "STREAMS", "s", "0"],
        ["SELECT", 1],
        ["MULTI"],
        ["WATCH", "key"],
        ["CLIENT", "REPLY", "OFF"],
        ["CONFIG", "SET", "maxmemory", 1],
        ["SHUTDOWN"],
        ["DEBUG", "SLEEP", 1],
        ["SCRIPT", "KILL"],
    ],
)
def test_commands_unsupported_by_upstash_are_rejected(http: httpx.Client, command: list[object]) -> None:
    response = http.post("/", json=command)
    assert response.status_code == 400
    assert response.json()["error"].startswith(f"ERR Command is not available: '{str(command[0]).upper()}'")
    assert http.get("/ping").json() == {"result": "PONG"}


def test_a_stream_with_the_key_block_can_be_read(http: httpx.Client) -> None:
    assert http.post("/", json=["XREAD", "COUNT", 1, "STREAMS", "block", "0"]).json() == {"result": None}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", b""),
        ("/", b"[]"),
        ("/", b"{}"),
        ("/", b"[not json"),
        ("/", b'["SET", "key", null]'),
        ("/", b'["SET", "key", ["nested"]]'),
        ("/pipeline", b"[]"),
        ("/pipeline", b'["GET", "key"]'),
        ("/pipeline", b"[[]]"),
        ("/multi-exec", b'{"a": 1}'),
    ],
)
def test_an_invalid_request_body_gets_status_400(http: httpx.Client, path: str, body: bytes) -> None:
    response = http.post(path, content=body)
    assert response.status_code == 400
    assert response.json()["error"].startswith("ERR ")


def test_unsupported_http_methods_get_status_405(http: httpx.Client) -> None:
    assert http.delete("/get/key").status_code == 405


def test_the_maximum_request_size_is_10_mb(http: httpx.Client, key: str) -> None:
    assert http.post(f"/set/{key}", content=b"x" * 9_999_000).json() == {"result": "OK"}
    response = http.post(f"/set/{key}", content=b"x" * 10_000_001)
    assert response.status_code == 400
    assert response.json()["error"].startswith("ERR max request size exceeded. Limit: 10000000 bytes")


def test_a_response_can_use_the_redis_protocol(http: httpx.Client, key: str) -> None:
    http.headers["Upstash-Response-Format"] = "resp2"
    rows = [["SET", key, "v"], ["GET", key], ["STRLEN", key], ["MGET", key, "none"], ["GET"]]
    response = http.post("/pipeline", json=rows)
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.content == (
        b"+OK\r\n$1\r\nv\r\n:1\r\n*2\r\n$1\r\nv\r\n$-1\r\n-ERR wrong number of arguments for 'get' command\r\n"
    )
    assert http.get("/ping", headers={"Upstash-Encoding": "base64"}).status_code == 400
    assert http.get("/ping", headers={"Upstash-Response-Format": "xml"}).status_code == 400


def test_the_response_to_a_write_has_a_sync_token(http: httpx.Client, key: str) -> None:
    assert http.post("/", json=["SET", key, "v"]).headers["upstash-sync-token"]


def test_the_adapter_recovers_when_redis_restarts(tmp_path: Path) -> None:
    with (
        Redis(tmp_path, free_port()) as redis,
        Upstash(redis, free_port()) as adapter,
        httpx.Client(verify=TLS, base_url=adapter.url, headers={"Authorization": f"Bearer {adapter.token}"}) as http,
    ):
        assert http.get("/ping").status_code == 200
        redis.stop()
        response = http.get("/ping")
        assert response.status_code == 503
        assert response.json()["error"].startswith("ERR Redis ")
        redis.start()
        assert http.get("/ping").json() == {"result": "PONG"}


BARE_SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the response is sent at once, as one packet

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "15")
        self.end_headers()
        self.wfile.write(b'{"result":null}')

    def log_message(self, *arguments):
        pass

server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.handle_request()
"""
"""A server that accepts one connection, and answers its requests without Redis."""


def test_the_adapter_is_at_most_four_times_as_slow_as_a_bare_server(
    adapter: Upstash,
) -> None:
    with subprocess.Popen([sys.executable, "-c", BARE_SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        connections = [HTTPConnection("127.0.0.1", port) for port in (adapter.port, int(server.stdout.readline()))]
        headers = {"Authorization": f"Bearer {adapter.token}"}
        durations: list[list[float]] = [[], []]
        for _ in range(300):
            # The requests to both servers alternate, because other tests can slow down the machine at any time.
            for connection, seconds in zip(connections, durations, strict=True):
                began = time.perf_counter()
                connection.request("POST", "/", b'["GET", "key"]', headers)
                connection.getresponse().read()
                seconds.append(time.perf_counter() - began)
        for connection in connections:
            connection.close()
        server.wait(10)
    through_adapter, bare = (median(seconds) for seconds in durations)
    assert through_adapter < 4 * bare, (through_adapter, bare)
