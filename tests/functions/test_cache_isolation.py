"""Users of many clients, in all roles, send concurrent requests. A user never gets cached data of another client.

The names of each client's rows contain a unique text, the mark. The members of all clients request the same paths. Most
requests have forged headers that name another client as the sender. `make test` sends 1,000 requests, and `make faults`
sends 10,000 requests.
"""

import os
import random
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.platform import TLS, Platform, address

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"
REQUESTS = 10_000 if FULL else 1000
CLIENTS = 50
THREADS = 8
ADDRESSES_PER_THREAD = 4
"""The number of addresses from which a thread sends. One address is allowed to send 600 requests a minute."""
CALLERS_PER_ROUND = 5
"""The number of callers that send requests in one round. Each caller sends its request twice."""
WRITE_SHARE = 0.2
"""The share of rounds in which a row is changed. After a change, the cache must load values again."""

MARK = re.compile(r"mark-[0-9a-f]{12}")
ROLES = ("owner", "editor", "viewer")
LISTS = ("/v1/clients", "/v1/sites", "/v1/catalogs", "/v1/me")
"""The paths that all members request. The response depends on the caller."""

MEMBER: LiteralString = "insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, %s)"
ARRANGE: LiteralString = """
with client as (
  insert into clients (name, slug) values (%(mark)s, %(mark)s) returning id
), catalog as (
  insert into catalogs (owner_client_id, name, type, status) select id, %(mark)s, 'erp', 'active' from client
  returning id, owner_client_id
), site as (
  insert into sites (client_id, catalog_id, name, domain, domain_verified_at, status)
  select owner_client_id, id, %(mark)s, %(mark)s || '.test', now(), 'active' from catalog returning id
), product as (
  insert into products (catalog_id, sku, name, price) select id, %(mark)s, %(mark)s, 1 from catalog returning id
)
select client.id::text as client, catalog.id::text as catalog, site.id::text as site, product.id::text as product
from client, catalog, site, product
"""


@dataclass(frozen=True)
class MarkedClient:
    """A client whose rows contain the text `mark`. The other fields are the ids of these rows."""

    mark: str
    client: str
    catalog: str
    site: str
    product: str

    @property
    def member_paths(self) -> list[str]:
        """The paths of the client that only its members are allowed to read."""
        return [
            f"/v1/clients/{self.client}",
            f"/v1/sites/{self.site}",
            f"/v1/catalogs/{self.catalog}",
            f"/v1/products/{self.product}",
            f"/v1/catalogs/{self.catalog}/products",
        ]

    @property
    def storefront_paths(self) -> list[str]:
        """The paths of the client that everybody is allowed to read."""
        storefront = f"/v1/storefront/{self.mark}.test"
        return [storefront, f"{storefront}/products", f"{storefront}/products/{self.product}"]


@dataclass(frozen=True)
class Caller:
    """A user with a token, or a visitor without a token."""

    role: str
    clients: tuple[MarkedClient, ...] = ()
    token: str | None = field(default=None, repr=False)

    @property
    def marks(self) -> set[str]:
        return {client.mark for client in self.clients}


@dataclass
class Results:
    """The results of the requests."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Maps each result in the Cache-Status header to the number of responses with this result."""
    errors: list[str] = field(default_factory=list)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    """The latest ETag of each list of each client. A key consists of the client's mark and a path in LISTS."""


@pytest.fixture(scope="module")
def clients(platform: Platform) -> list[MarkedClient]:
    marks = [f"mark-{uuid4().hex[:12]}" for _ in range(CLIENTS)]
    rows = [platform.database.execute(ARRANGE, {"mark": mark}).fetchone() for mark in marks]
    return [MarkedClient(mark, **row) for mark, row in zip(marks, rows, strict=True) if row is not None]


@pytest.fixture(scope="module")
def callers(platform: Platform, clients: list[MarkedClient]) -> list[Caller]:
    """Return callers: visitors, members in every role, members of two clients, customers, admins and support."""
    callers = [Caller("visitor")] * (2 * CLIENTS)
    for client, other_client in zip(clients, [*clients[1:], clients[0]], strict=True):
        for role in ROLES:
            callers.append(Caller(role, (client,), platform.issuer.token(platform.member(client.client, role))))
        subject = platform.member(client.client, "viewer")
        platform.database.execute(MEMBER, [other_client.client, subject, f"{subject}@example.test", "owner"])
        callers.append(Caller("member of two clients", (client, other_client), platform.issuer.token(subject)))
        callers.append(Caller("customer", (), platform.issuer.token(f"customer:{client.mark}")))
    staff = [Caller(subject, (), platform.issuer.token(subject)) for subject in ("admin", "support")]
    return callers + staff * (CLIENTS // 10)


@contextmanager
def clients_at_many_addresses(platform: Platform) -> Iterator[list[httpx.Client]]:
    """Yield HTTP clients, each of which sends from a different address."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                httpx.Client(
                    base_url=platform.endpoints.api,
                    timeout=30,
                    transport=httpx.HTTPTransport(verify=TLS, local_address=address()),
                )
            )
            for _ in range(ADDRESSES_PER_THREAD)
        ]


def forged_headers(victim: MarkedClient) -> dict[str, str]:
    """Return headers that name the client `victim` as the sender of a request. The API must ignore these headers."""
    domain = f"{victim.mark}.test"
    return {
        "host": domain,
        "x-forwarded-host": domain,
        "x-original-host": domain,
        "x-site-domain": domain,
        "forwarded": f"for=127.0.0.1;host={domain}",
        "x-forwarded-for": "127.0.0.1",
        "x-real-ip": "127.0.0.1",
        "x-tenant-id": victim.client,
        "x-client-id": victim.client,
        "x-user-id": "admin",
        "x-role": "app_admin",
        "x-amzn-oidc-identity": "admin",
        "x-original-url": f"/v1/clients/{victim.client}",
        "x-http-method-override": "GET",
        "cookie": f"client_id={victim.client}; tenant={victim.client}; session=admin",
        "consistency-token": victim.client,
        "cache-control": "only-if-cached",
    }


@dataclass(frozen=True)
class Query:
    """A GET request, the expected status of its response, and the marks that the response must contain."""

    caller: Caller
    victim: MarkedClient
    """The client that the forged headers name as the sender of the request."""
    path: str
    marks: set[str]
    status: int = 200

    @classmethod
    def of(cls, caller: Caller, list_path: str, clients: list[MarkedClient], rng: random.Random) -> "Query":
        """Return a random query for a caller."""
        victim, any_client = rng.choice(clients), rng.choice(clients)
        if caller.role in ("visitor", "customer"):
            return cls(caller, victim, rng.choice(any_client.storefront_paths), {any_client.mark})
        if not caller.clients:
            return cls(caller, victim, f"/v1/products/{any_client.product}", {any_client.mark})
        if rng.random() < 0.5:
            return cls(caller, victim, list_path, caller.marks)
        client = rng.choice([*caller.clients, victim])
        path = rng.choice(client.member_paths)
        if client in caller.clients:
            return cls(caller, victim, path, {client.mark})
        return cls(caller, victim, path, set(), 404)


def send(api: httpx.Client, query: Query, rng: random.Random, results: Results) -> None:
    """Send a query and check its response."""
    caller, victim, path = query.caller, query.victim, query.path
    headers = forged_headers(victim) if rng.random() < 0.8 else {}
    if caller.token:
        headers["authorization"] = f"Bearer {caller.token}"
    tag = results.tags.get((victim.mark, path))
    if tag and victim.mark not in query.marks:
        # `tag` is the ETag of the victim's response. The caller's response is different, so a 304 would be wrong.
        headers["if-none-match"] = tag
    response = api.get(path, headers=headers)
    marks = set(MARK.findall(response.text))
    if (response.status_code, marks) != (query.status, query.marks):
        results.errors.append(f"{query}: {response.status_code} {marks}")
    if caller.role in ROLES and path == "/v1/me" and f'"role":"{caller.role}"' not in response.text:
        results.errors.append(f"{query}: {response.text}")
    if response.headers.get("cache-control", "").startswith("public") != (caller.role == "visitor"):
        results.errors.append(f"{query}: {response.headers}")
    if caller.role == "owner" and path in LISTS and response.status_code == 200:
        results.tags[caller.clients[0].mark, path] = response.headers["etag"]
    outcome = response.headers.get("cache-status", "; not cached").partition("; ")[2]
    results.outcomes[outcome] += 1


def change(api: httpx.Client, caller: Caller, rng: random.Random, results: Results) -> None:
    """Change a row of the caller's client. This change invalidates all cached values that contain the row."""
    (client,) = caller.clients
    headers = {"authorization": f"Bearer {caller.token}", "if-match": "*"}
    path, body = rng.choice(
        [
            (f"/v1/products/{client.product}", {"price": f"{rng.randrange(1, 1000)}.00"}),
            (f"/v1/sites/{client.site}", {"branding": {"color": rng.randrange(1000)}}),
            (f"/v1/catalogs/{client.catalog}", {"sync_settings": {"currency": rng.choice(["EUR", "USD"])}}),
        ]
    )
    response = api.patch(path, json=body, headers=headers)
    if response.status_code != 200 or set(MARK.findall(response.text)) != caller.marks:
        results.errors.append(f"{path} {response.status_code} {response.text}")
    results.outcomes["write"] += 1


@pytest.mark.skipif(sys.platform != "linux", reason="on this operating system all visitors share one address")
def test_callers_never_get_cached_data_of_another_client(
    platform: Platform, clients: list[MarkedClient], callers: list[Caller]
) -> None:
    seed = random.randrange(2**32)
    results, merging = Results(), threading.Lock()
    editors = [caller for caller in callers if caller.role in ("owner", "editor")]

    def work(thread: int) -> None:
        rng, thread_results = random.Random(seed + thread), Results(tags=results.tags)
        with clients_at_many_addresses(platform) as apis:
            while thread_results.outcomes.total() < REQUESTS // THREADS:
                if rng.random() < WRITE_SHARE:
                    change(rng.choice(apis), rng.choice(editors), rng, thread_results)
                    continue
                path = rng.choice(LISTS)
                queries = [Query.of(caller, path, clients, rng) for caller in rng.sample(callers, CALLERS_PER_ROUND)]
                for query in queries * 2:
                    send(rng.choice(apis), query, rng, thread_results)
        with merging:
            results.outcomes.update(thread_results.outcomes)
            results.errors.extend(thread_results.errors)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert not results.errors, f"seed {seed}: {len(results.errors)} of {REQUESTS}: {results.errors[:5]}"
    assert results.outcomes.total() >= REQUESTS
    # Each query is sent twice. The cache answers the second request unless a row was changed between the two requests.
    assert results.outcomes["hit"] > 0.3 * REQUESTS, results.outcomes
