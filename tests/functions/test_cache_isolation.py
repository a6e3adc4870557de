"""The same requests from many clients, in every role, at once: whatever the cache holds, nobody is shown another's.

Each client's rows carry a mark. What is asked for is spelt the same by all, and dressed up as another client's request.
`make test` asks 1,000 times, `make faults` 10,000 times.
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
AT_ONCE = 8
ADDRESSES = 4
"""Of each thread: an address may send 600 requests a minute."""
TURNS = 5
"""Callers who ask in turn, each twice."""
WRITES = 0.2
"""Changes for each round of turns, so that values are loaded again and again."""

MARK = re.compile(r"mark-[0-9a-f]{12}")
ROLES = ("owner", "editor", "viewer")
LISTS = ("/v1/clients", "/v1/sites", "/v1/catalogs", "/v1/me")
"""What all members ask in the same words."""

MEMBER: LiteralString = "insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, %s)"
ARRANGE: LiteralString = """
with client as (
  insert into clients (name, slug) values (%(mark)s, %(mark)s) returning id
), catalog as (
  insert into catalogs (owner_client_id, name, type, status) select id, %(mark)s, 'erp', 'active' from client
  returning id, owner_client_id
), site as (
  insert into sites (client_id, catalog_id, name, domain, status)
  select owner_client_id, id, %(mark)s, %(mark)s || '.test', 'active' from catalog returning id
), product as (
  insert into products (catalog_id, sku, name, price) select id, %(mark)s, %(mark)s, 1 from catalog returning id
)
select client.id::text as client, catalog.id::text as catalog, site.id::text as site, product.id::text as product
from client, catalog, site, product
"""


@dataclass(frozen=True)
class Marked:
    """A client whose rows are marked."""

    mark: str
    client: str
    catalog: str
    site: str
    product: str

    @property
    def own(self) -> list[str]:
        """What its members alone may read."""
        return [
            f"/v1/clients/{self.client}",
            f"/v1/sites/{self.site}",
            f"/v1/catalogs/{self.catalog}",
            f"/v1/products/{self.product}",
            f"/v1/catalogs/{self.catalog}/products",
        ]

    @property
    def shop(self) -> list[str]:
        """What anybody may."""
        place = f"/v1/storefront/{self.mark}.test"
        return [place, f"{place}/products", f"{place}/products/{self.product}"]


@dataclass(frozen=True)
class Caller:
    """Somebody with a token, or nobody."""

    role: str
    clients: tuple[Marked, ...] = ()
    token: str | None = field(default=None, repr=False)

    @property
    def marks(self) -> set[str]:
        return {client.mark for client in self.clients}


@dataclass
class Seen:
    """What came of the requests."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Requests, by whether the cache had the answer."""
    wrong: list[str] = field(default_factory=list)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    """The ETag that a client was last shown of what all ask in the same words."""


@pytest.fixture(scope="module")
def clients(platform: Platform) -> list[Marked]:
    marks = [f"mark-{uuid4().hex[:12]}" for _ in range(CLIENTS)]
    rows = [platform.database.execute(ARRANGE, {"mark": mark}).fetchone() for mark in marks]
    return [Marked(mark, **row) for mark, row in zip(marks, rows, strict=True) if row is not None]


@pytest.fixture(scope="module")
def callers(platform: Platform, clients: list[Marked]) -> list[Caller]:
    """Members of each client in each role, members of two, customers, visitors, and the platform's own people."""
    found = [Caller("visitor")] * (2 * CLIENTS)
    for client, other in zip(clients, [*clients[1:], clients[0]], strict=True):
        for role in ROLES:
            found.append(Caller(role, (client,), platform.issuer.token(platform.member(client.client, role))))
        both = platform.member(client.client, "viewer")
        platform.database.execute(MEMBER, [other.client, both, f"{both}@example.test", "owner"])
        found.append(Caller("several", (client, other), platform.issuer.token(both)))
        found.append(Caller("customer", (), platform.issuer.token(f"customer:{client.mark}")))
    people = [Caller(subject, (), platform.issuer.token(subject)) for subject in ("admin", "support")]
    return found + people * (CLIENTS // 10)


@contextmanager
def from_many_addresses(platform: Platform) -> Iterator[list[httpx.Client]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                httpx.Client(
                    base_url=platform.endpoints.api,
                    timeout=30,
                    transport=httpx.HTTPTransport(verify=TLS, local_address=address()),
                )
            )
            for _ in range(ADDRESSES)
        ]


def disguise(victim: Marked) -> dict[str, str]:
    """Headers that claim to be another client's: of no meaning to us, whatever stands before us makes of them."""
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
class Question:
    """What somebody asks, and whose marks the answer must carry."""

    caller: Caller
    victim: Marked
    path: str
    marks: set[str]
    status: int = 200

    @classmethod
    def of(cls, caller: Caller, listed: str, clients: list[Marked], dice: random.Random) -> "Question":
        victim, any_client = dice.choice(clients), dice.choice(clients)
        if caller.role in ("visitor", "customer"):
            return cls(caller, victim, dice.choice(any_client.shop), {any_client.mark})
        if not caller.clients:
            return cls(caller, victim, f"/v1/products/{any_client.product}", {any_client.mark})
        if dice.random() < 0.5:
            return cls(caller, victim, listed, caller.marks)
        client = dice.choice([*caller.clients, victim])
        path = dice.choice(client.own)
        if client in caller.clients:
            return cls(caller, victim, path, {client.mark})
        return cls(caller, victim, path, set(), 404)


def ask(api: httpx.Client, question: Question, dice: random.Random, seen: Seen) -> None:
    """One request, and what is wrong with its answer."""
    caller, victim, path = question.caller, question.victim, question.path
    headers = disguise(victim) if dice.random() < 0.8 else {}
    if caller.token:
        headers["authorization"] = f"Bearer {caller.token}"
    tag = seen.tags.get((victim.mark, path))
    if tag and victim.mark not in question.marks:
        headers["if-none-match"] = tag  # of another's page, which is another page
    answer = api.get(path, headers=headers)
    found = set(MARK.findall(answer.text))
    if (answer.status_code, found) != (question.status, question.marks):
        seen.wrong.append(f"{question}: {answer.status_code} {found}")
    if caller.role in ROLES and path == "/v1/me" and f'"role":"{caller.role}"' not in answer.text:
        seen.wrong.append(f"{question}: {answer.text}")
    if answer.headers.get("cache-control", "").startswith("public") != (caller.role == "visitor"):
        seen.wrong.append(f"{question}: {answer.headers}")
    if caller.role == "owner" and path in LISTS and answer.status_code == 200:
        seen.tags[caller.clients[0].mark, path] = answer.headers["etag"]
    kept = answer.headers.get("cache-status", "; not kept").partition("; ")[2]
    seen.outcomes[kept] += 1


def change(api: httpx.Client, caller: Caller, dice: random.Random, seen: Seen) -> None:
    """Change something of the caller's own, which ends what shows it."""
    (client,) = caller.clients
    headers = {"authorization": f"Bearer {caller.token}", "if-match": "*"}
    path, body = dice.choice(
        [
            (f"/v1/products/{client.product}", {"price": f"{dice.randrange(1, 1000)}.00"}),
            (f"/v1/sites/{client.site}", {"branding": {"color": dice.randrange(1000)}}),
            (f"/v1/catalogs/{client.catalog}", {"sync_settings": {"currency": dice.choice(["EUR", "USD"])}}),
        ]
    )
    answer = api.patch(path, json=body, headers=headers)
    if answer.status_code != 200 or set(MARK.findall(answer.text)) != caller.marks:
        seen.wrong.append(f"{path} {answer.status_code} {answer.text}")
    seen.outcomes["write"] += 1


@pytest.mark.skipif(sys.platform != "linux", reason="visitors have one address here, and its limit")
def test_nobody_is_shown_what_the_cache_holds_for_another(
    platform: Platform, clients: list[Marked], callers: list[Caller]
) -> None:
    seed = random.randrange(2**32)
    seen, counting = Seen(), threading.Lock()
    editors = [caller for caller in callers if caller.role in ("owner", "editor")]

    def work(number: int) -> None:
        dice, mine = random.Random(seed + number), Seen(tags=seen.tags)
        with from_many_addresses(platform) as apis:
            while mine.outcomes.total() < REQUESTS // AT_ONCE:
                if dice.random() < WRITES:
                    change(dice.choice(apis), dice.choice(editors), dice, mine)
                    continue
                listed = dice.choice(LISTS)
                questions = [Question.of(caller, listed, clients, dice) for caller in dice.sample(callers, TURNS)]
                for question in questions * 2:
                    ask(dice.choice(apis), question, dice, mine)
        with counting:
            seen.outcomes.update(mine.outcomes)
            seen.wrong.extend(mine.wrong)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))
    assert not seen.wrong, f"seed {seed}: {len(seen.wrong)} of {REQUESTS}: {seen.wrong[:5]}"
    assert seen.outcomes.total() >= REQUESTS
    # It was the cache that was asked: what was asked twice it had, unless it was changed in between.
    assert seen.outcomes["hit"] > 0.3 * REQUESTS, seen.outcomes
