"""Visitors of storefronts who read products, read lists and place orders, run by locust.

`wecelebrate load` starts this program and controls it over pipes. All lines are JSON:

    stdin, first line   {"api": …, "think": [1, 5], "shops": [{"domain": …, "categories": […], "products": [id, …]}]}
    stdin, each step    {"users": 500, "settle": 10, "seconds": 60}
    stdout, each step   {"users": 500, "seconds": 60.01, "cpu_seconds": 3.2, "kinds": {"product": {…}, …, "all": {…}}}

At the start of a step, the number of visitors changes to `users`. Requests in the first `settle` seconds are not
counted. The program ends when its stdin is closed. Therefore it also ends when the program that controls it is killed.
"""

from gevent import monkey

monkey.patch_all()  # comes before all other imports, because it replaces functions of the standard library

import http.client
import itertools
import json
import os
import random
import resource
import sys
import time
from collections import Counter, defaultdict
from statistics import quantiles
from urllib.parse import quote, urlsplit

import gevent
from gevent.fileobject import FileObject
from gevent.queue import Queue
from locust import User, task
from locust.env import Environment

SPAWN_SECONDS = 5.0
"""The time in which a step starts its new visitors, in seconds. Their first requests are distributed over this time."""
TIMEOUT = 30.0
"""The maximum duration of a request, in seconds."""
PAGE_SIZE = 50


class Shops:
    """The sites and products that visitors choose. The choice follows Zipf's law: a few sites and products get most of
    the visits."""

    def __init__(self, shops: list[dict]) -> None:
        self._shops = shops
        self._shop_weights = _zipf(len(shops))
        self._weights = {
            count: _zipf(count) for shop in shops for count in map(len, (shop["categories"], shop["products"]))
        }

    def shop(self) -> dict:
        return random.choices(self._shops, cum_weights=self._shop_weights)[0]

    def one_of(self, values: list[str]) -> str:
        return random.choices(values, cum_weights=self._weights[len(values)])[0]


def _zipf(count: int) -> list[float]:
    return list(itertools.accumulate(1 / rank for rank in range(1, count + 1)))


class Visitor(User):
    """A visitor of a storefront with a connection and an IP address of its own."""

    shops: Shops
    think: tuple[float, float]
    numbers = itertools.count()

    def on_start(self) -> None:
        self.number = next(self.numbers)
        self.shop = self.shops.shop()
        source = None
        if sys.platform == "linux":  # only Linux accepts each address of 127.0.0.0/8
            source = (f"127.{64 + (self.number >> 16)}.{self.number >> 8 & 255}.{self.number & 255}", 0)
        self.connection = http.client.HTTPConnection(urlsplit(self.host).netloc, timeout=TIMEOUT, source_address=source)

    def on_stop(self) -> None:
        self.connection.close()

    def wait_time(self) -> float:
        """Return how long the visitor thinks before the next request, in seconds."""
        return random.uniform(*self.think)

    @task(70)
    def read_product(self) -> None:
        self._request("product", "GET", f"products/{self.shops.one_of(self.shop['products'])}")

    @task(28)
    def read_list(self) -> None:
        """Read the first page of all products or, with equal probability, of one category."""
        path = f"products?limit={PAGE_SIZE}"
        if random.random() < 0.5:
            path += f"&category={quote(self.shops.one_of(self.shop['categories']))}"
        self._request("list", "GET", path)

    @task(2)
    def place_order(self) -> None:
        products = {self.shops.one_of(self.shop["products"]) for _ in range(2)}
        order = {
            "lines": [{"product_id": product, "quantity": 1} for product in products],
            "customer_name": f"Visitor {self.number}",
            "customer_email": f"visitor-{next(self.numbers)}@example.com",
            "shipping_address": {
                **{"line1": "1 Main Street", "city": "Springfield", "region": "IL"},
                **{"country": "US", "postal_code": "62701"},
            },
        }
        self._request("order", "POST", "orders", json.dumps(order))

    def _request(self, kind: str, method: str, path: str, body: str | None = None) -> None:
        began = time.perf_counter()
        error, content, hit = None, b"", False
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            self.connection.request(method, f"/v1/storefront/{self.shop['domain']}/{path}", body, headers)
            response = self.connection.getresponse()
            content = response.read()
            hit = "hit" in response.headers.get("cache-status", "")
            if response.status not in (200, 201):
                error = http.client.HTTPException(f"{response.status} {_code(content)}".strip())
        except (OSError, http.client.HTTPException) as failure:
            self.connection.close()  # the next request opens a new connection
            error = failure
        self.environment.events.request.fire(
            request_type=method,
            name=kind,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=len(content),
            exception=error,
            context={"hit": hit},
        )


def _code(content: bytes) -> str:
    """Return the code of a problem document, or an empty text if the body is no problem document."""
    try:
        return str(json.loads(content).get("code", ""))
    except (ValueError, AttributeError):
        return ""


class Recorder:
    """Records the requests of one step."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = defaultdict(list)
        self.hits: Counter[str] = Counter()
        self.errors: dict[str, Counter[str]] = defaultdict(Counter)

    def request(self, name: str, response_time: float, exception: Exception | None, context: dict, **_: object) -> None:
        """Record a request. Locust calls this method for its event `request`."""
        self.milliseconds[name].append(response_time)
        self.hits[name] += context["hit"]
        if exception is not None:
            self.errors[name][f"{type(exception).__name__}: {exception}"] += 1

    def kinds(self) -> dict[str, dict]:
        """Map each kind of request, and `all`, to the counts and durations of its requests."""
        kinds = {kind: self._summary([kind]) for kind in ("product", "list", "order")}
        return kinds | {"all": self._summary(list(kinds))}

    def _summary(self, kinds: list[str]) -> dict:
        milliseconds = sorted(itertools.chain.from_iterable(self.milliseconds[kind] for kind in kinds))
        errors = sum((self.errors[kind] for kind in kinds), Counter())
        cuts = quantiles(milliseconds, n=100, method="inclusive") if len(milliseconds) > 1 else milliseconds * 99
        return {
            "requests": len(milliseconds),
            "hits": sum(self.hits[kind] for kind in kinds),
            "errors": dict(errors.most_common()),
            **({"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": milliseconds[-1]} if milliseconds else {}),
        }


def main() -> None:
    """Run the steps that stdin describes."""
    random.seed(7)  # with a fixed seed, the visits are the same in each run
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # each visitor needs a file descriptor for its socket
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65_536, hard))
    lines: Queue = Queue()
    gevent.spawn(_read, lines)
    plan = json.loads(lines.get())
    Visitor.shops, Visitor.think = Shops(plan["shops"]), plan["think"]
    environment = Environment(user_classes=[Visitor], host=plan["api"])
    runner = environment.create_local_runner()
    while True:
        step = json.loads(lines.get())
        spawned = abs(step["users"] - runner.user_count)
        runner.start(step["users"], spawn_rate=max(spawned / SPAWN_SECONDS, 1.0))
        runner.spawning_greenlet.join()
        gevent.sleep(step["settle"])
        recorder = Recorder()
        environment.events.request.add_listener(recorder.request)
        began, cpu = time.perf_counter(), time.process_time()
        gevent.sleep(step["seconds"])
        environment.events.request.remove_listener(recorder.request)
        result = {
            "users": runner.user_count,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - cpu,
            "kinds": recorder.kinds(),
        }
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


def _read(lines: Queue) -> None:
    """Read the lines of stdin. Ends this program when stdin is closed."""
    with FileObject(sys.stdin.fileno(), "rb", close=False) as stdin:
        for line in stdin:
            lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
