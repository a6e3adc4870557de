"""Measures how fast the platform accepts the events of visitors, and how fast it stores them.

The targets are 2,000 events a second, and 50 ms p50 for a request. At reference speed (`infra.bench.pages`), 8
connections make 536 requests a second to `/v1/health`, and one connection has a p50 of 1.93 ms. So the limits are
2,000 / 536 = 3.73 events for each request to `/v1/health`, and 50 / 1.93 = 25.9 times its p50.
"""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

from infra.bench import catalogs
from infra.bench.load import Connect, Send, Timings, get, load
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.local.processes import LocalCloudError

RUNS = 5
SECONDS = 2.0
RATE_SECONDS = 6.0
"""The duration of a run that measures a rate, in seconds. It is long, because a worker waits up to 1 s for a full
batch."""
CONNECTIONS = 8
EVENTS = 20
"""The number of events in each request. A visitor who looks at a page for some seconds causes about this number of
events."""
STORE_TIMEOUT = 300.0
"""The longest time until all accepted events are stored, in seconds."""
RATE_LIMIT = Limit.at_least(3.73)
P50_LIMIT = Limit.at_most(25.9)


@measures("events-p50", "events-accepted-rate", "events-stored-rate")
def events(platform: BenchPlatform) -> Iterator[Row]:
    """Measure requests with 20 events each, and how fast the events are stored."""
    domain = platform.create_site(catalogs.create_filled_catalog(platform, 100))
    health = get(platform.endpoints.api, {}, lambda: "/v1/health")
    sending = _post(platform.endpoints.api, domain)
    # All requests come from one IP address. The rate limit of an address would reject most requests.
    with platform.kill_switches(limits="off"):
        load(sending, CONNECTIONS, 1.0)
        pairs = [(load(sending, 1, SECONDS), load(health, 1, SECONDS)) for _ in range(RUNS)]
        p50s = [(figure.p50, floor.p50) for figure, floor in pairs]
        note = f"{EVENTS} events a request"
        yield Row.of_pairs("events-p50", p50s, "ms p50", floor_name="/v1/health", limit=P50_LIMIT, note=note)
        accepted, stored = zip(*(_rates(platform, sending, health) for _ in range(RUNS)), strict=True)
    floor_name = "requests to /v1/health"
    yield Row.of_pairs("events-accepted-rate", accepted, "events/s", floor_name=floor_name, limit=RATE_LIMIT, note=note)
    note = "until the last event is stored"
    yield Row.of_pairs("events-stored-rate", stored, "events/s", floor_name=floor_name, limit=RATE_LIMIT, note=note)


def _rates(platform: BenchPlatform, sending: Connect, health: Connect) -> tuple[tuple[float, float], ...]:
    """Send events for some seconds, and wait until they are stored.

    Return two rates, each with its floor: the rate of accepted events, and the rate of stored events.
    """
    before = _wait_until_stored(platform, 0)
    began = time.monotonic()
    timings = load(sending, CONNECTIONS, RATE_SECONDS)
    count = timings.requests * EVENTS
    _wait_until_stored(platform, before + count)
    stored_in = time.monotonic() - began
    floor: Timings = load(health, CONNECTIONS, RATE_SECONDS)
    return (count / timings.seconds, floor.per_second), (count / stored_in, floor.per_second)


def _wait_until_stored(platform: BenchPlatform, count: int) -> int:
    """Wait until the database has at least `count` events, and the number of events no longer grows. Return this
    number."""
    deadline, last = time.monotonic() + STORE_TIMEOUT, -1
    while True:
        row = platform.database.execute("select count(*) from event_receipts").fetchone()
        assert row is not None
        if row[0] >= count and (count or row[0] == last):
            return int(row[0])
        if time.monotonic() > deadline:
            raise LocalCloudError(f"only {row[0]:,} of {count:,} events were stored in {STORE_TIMEOUT:.0f} s")
        last = row[0]
        time.sleep(0.05 if count else 3)


def _post(api: str, domain: str) -> Connect:
    """Return a function that opens an HTTP connection and yields `send`. Each call of `send` sends new events."""

    @contextmanager
    def connect() -> Iterator[Send]:
        connection = http.client.HTTPConnection(urlsplit(api).netloc, timeout=30)

        def send() -> str:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/v1/storefront/{domain}/events", json.dumps(_batch()), headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 202:
                raise LocalCloudError(f"POST events: {response.status} {body[:300]!r}")
            return str(response.status)

        try:
            yield send
        finally:
            connection.close()

    return connect


def _batch() -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    session = uuid4().hex
    events = [
        {
            "id": str(uuid4()),
            "type": "product_view",
            "at": now,
            "session_id": session,
            "data": {"product_id": str(uuid4()), "path": f"/products/{number}", "position": number},
        }
        for number in range(EVENTS)
    ]
    return {"sent_at": now, "events": events}
