"""What tests of mail share: the package as a function runs it, orders, the mailbox, and events of SES."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from infra.functions import Bindings, functions
from infra.local.mailbox import SentMail, sent
from tests.platform import Json, Platform, Tenant, ok
from wecelebrate import mail
from wecelebrate.core import queue
from wecelebrate.core.database import Caller, Transaction, endpoints, writing
from wecelebrate.core.settings import settings

Inside = Callable[..., Any]
"""Does something in a transaction of a caller, as a function with a login would; what that answers."""

SignedIn = Callable[[str], AbstractContextManager[None]]
"""While the package has the environment of a function with a login."""

SERVICE = "service:test"


ORDER = """
insert into orders (client_id, site_id, customer_subject, customer_name, customer_email, total_amount, currency,
  shipping_address, items)
values (%(client_id)s, %(site_id)s, %(customer_subject)s, %(customer_name)s, %(customer_email)s, %(total_amount)s,
  %(currency)s, %(address)s, '[]')
returning id
"""


@pytest.fixture
def signed_in(platform: Platform, state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignedIn]:
    """The package in this process, bound to the cloud. Its endpoints and clients are let go at the end."""
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == "queues-emails")
    for name in [name for name in os.environ if name.startswith("WC_")]:
        monkeypatch.delenv(name)
    for name, value in spec.environment(bindings).items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def signed_in(login: str) -> Iterator[None]:
        monkeypatch.setenv("WC_DATABASE_LOGIN", login)
        monkeypatch.setenv("WC_DATABASE_PASSWORD", bindings.passwords[login])
        settings.cache_clear()
        try:
            yield
        finally:
            endpoints.writer.drop()
            settings.cache_clear()

    queue._sqs.cache_clear()
    yield signed_in
    queue._sqs.cache_clear()
    settings.cache_clear()


@pytest.fixture
def inside(signed_in: SignedIn) -> Inside:
    """Work of a function with a login, in a transaction of a caller."""

    def run(caller: Caller, does: Callable[[Transaction], Any], login: str = "wc_worker") -> Any:
        with signed_in(login), writing(caller) as tx:
            return does(tx)

    return run


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def stranger(platform: Platform) -> Tenant:
    return platform.tenant()


def address() -> str:
    """An address of nobody else's."""
    return f"{uuid4().hex[:12]}@example.test"


def order(platform: Platform, tenant: Tenant, email: str, **more: Any) -> UUID:
    """A new order of a tenant's site, with a line."""
    values = {
        "client_id": tenant.client_id,
        "site_id": tenant.site_id,
        "customer_subject": None,
        "customer_name": "Ada <b>Lovelace</b>",
        "customer_email": email,
        "total_amount": "19.90",
        "currency": "EUR",
        "address": Jsonb({"name": "Ada", "line1": "Street 1", "city": "Zürich"}),
        **more,
    }
    made = platform.database.execute(
        ORDER,
        values,
    ).fetchone()
    assert made is not None
    platform.arrange(
        "insert into order_lines (client_id, order_id, line, sku, name, quantity, unit_price)"
        " values (%s, %s, 1, 'MUG', 'Mug & saucer', 2, 9.95)",
        [tenant.client_id, made["id"]],
    )
    return UUID(str(made["id"]))


def service(tenant: Tenant) -> Caller:
    """A service of a tenant."""
    return Caller(subject=SERVICE, client_id=UUID(tenant.client_id))


def confirmed(platform: Platform, inside: Inside, tenant: Tenant, email: str, **more: Any) -> Json:
    """The mail that confirms a new order, once it is no longer queued."""
    placed = order(platform, tenant, email, **more)
    inside(service(tenant), lambda tx: mail.order_confirmation(tx, placed))
    return settled(platform, tenant, placed)


def settled(platform: Platform, tenant: Tenant, order_id: UUID) -> Json:
    """The mail about an order, once it is no longer queued."""
    found: list[Json] = []

    def look() -> bool:
        found[:] = ok(tenant.owner.get("/v1/mails", params={"order_id": str(order_id)}))["data"]
        return bool(found) and found[0]["state"] != "queued"

    platform.eventually(look)
    return found[0]


def received(platform: Platform, email: str) -> list[SentMail]:
    """What an address was sent, newest first."""
    return [one for one in sent(platform.endpoints.s3) if one.recipients == [email]]


def event(kind: str, of: Json, **more: Any) -> Json:
    """What SES tells of a mail, by EventBridge."""
    detail = {"eventType": kind, "mail": {"messageId": of["message_id"], "tags": {"mail": [of["id"]]}}, **more}
    return {"source": "aws.ses", "detail-type": "x", "detail": detail}


def tell(platform: Platform, kind: str, of: Json, **more: Any) -> None:
    """Have SES tell of a mail."""
    platform.send("mail-events", event(kind, of, **more))


def bounce(of: Json, kind: str = "Permanent") -> Json:
    """What a bounce says."""
    said = [{"emailAddress": of["recipient"], "diagnosticCode": "smtp; 550 5.1.1 user unknown"}]
    return {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": said}
