"""Fixtures and helper functions for the tests of mail: they run the package as a function, create orders, read mails,
and send events."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from infra.bindings import Bindings
from infra.functions import functions
from infra.local.mailbox import SentMail
from tests.platform import Json, Platform, Tenant, ok
from wecelebrate import mail
from wecelebrate.core import queue
from wecelebrate.core.database import Caller, Transaction, endpoints, writing
from wecelebrate.core.settings import settings

RunAs = Callable[..., Any]
"""The type of the fixture `run_as`, which runs a callable in a transaction of a caller and returns the result."""

AsLogin = Callable[[str], AbstractContextManager[None]]
"""The type of the fixture `as_login`.

The argument of the fixture is a database login, and the result is a context manager. In the context, the package has
the environment of a function with this login.
"""

SERVICE = "service:test"


ORDER = """
insert into orders (client_id, site_id, customer_subject, customer_name, customer_email, total_amount, currency,
  shipping_address, items)
values (%(client_id)s, %(site_id)s, %(customer_subject)s, %(customer_name)s, %(customer_email)s, %(total_amount)s,
  %(currency)s, %(address)s, '[]')
returning id
"""


@pytest.fixture
def as_login(platform: Platform, state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsLogin]:
    """Return a function that lets the package in this process use the local cloud with a given database login.

    The database connections are closed when the context ends. The SQS client is discarded after the test.
    """
    bindings = Bindings(**json.loads((state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == "queues-emails")
    for name in [name for name in os.environ if name.startswith("WC_")]:
        monkeypatch.delenv(name)
    for name, value in spec.environment(bindings).items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def as_login(login: str) -> Iterator[None]:
        monkeypatch.setenv("WC_DATABASE_LOGIN", login)
        monkeypatch.setenv("WC_DATABASE_PASSWORD", bindings.passwords[login])
        settings.cache_clear()
        try:
            yield
        finally:
            endpoints.writer.drop()
            settings.cache_clear()

    queue._sqs.cache_clear()
    yield as_login
    queue._sqs.cache_clear()
    settings.cache_clear()


@pytest.fixture
def run_as(as_login: AsLogin) -> RunAs:
    """Return a function that runs a callable in a transaction of a caller. The default login is `wc_worker`."""

    def run(caller: Caller, work: Callable[[Transaction], Any], login: str = "wc_worker") -> Any:
        with as_login(login), writing(caller) as tx:
            return work(tx)

    return run


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def stranger(platform: Platform) -> Tenant:
    return platform.tenant()


def address() -> str:
    """Return a new e-mail address."""
    return f"{uuid4().hex[:12]}@example.test"


def create_order(platform: Platform, tenant: Tenant, email: str, **more: Any) -> UUID:
    """Create an order with one line at a tenant's site. Return the id of the order."""
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
    row = platform.database.execute(ORDER, values).fetchone()
    assert row is not None
    platform.arrange(
        "insert into order_lines (client_id, order_id, line, sku, name, quantity, unit_price)"
        " values (%s, %s, 1, 'MUG', 'Mug & saucer', 2, 9.95)",
        [tenant.client_id, row["id"]],
    )
    return UUID(str(row["id"]))


def service(tenant: Tenant) -> Caller:
    """Return a service caller that acts for a tenant."""
    return Caller(subject=SERVICE, client_id=UUID(tenant.client_id))


def send_confirmation(platform: Platform, run_as: RunAs, tenant: Tenant, email: str, **more: Any) -> Json:
    """Create an order and enqueue its confirmation. Wait until the mail is no longer queued, and return the mail."""
    order_id = create_order(platform, tenant, email, **more)
    run_as(service(tenant), lambda tx: mail.order_confirmation(tx, order_id))
    return wait_until_settled(platform, tenant, order_id)


def wait_until_settled(platform: Platform, tenant: Tenant, order_id: UUID) -> Json:
    """Wait until the mail about an order is no longer queued, and return the mail."""
    mails: list[Json] = []

    def is_settled() -> bool:
        mails[:] = ok(tenant.owner.get("/v1/mails", params={"order_id": str(order_id)}))["data"]
        return bool(mails) and mails[0]["state"] != "queued"

    platform.eventually(is_settled)
    return mails[0]


def mails_sent_to(platform: Platform, email: str) -> list[SentMail]:
    """Return the mails that were sent to an address, newest first."""
    return platform.mails_sent_to(email)


def ses_event(kind: str, mail_row: Json, **more: Any) -> Json:
    """Return an SES event about a mail, in the format that EventBridge delivers."""
    tags = {"mail": [mail_row["id"]]}
    detail = {"eventType": kind, "mail": {"messageId": mail_row["message_id"], "tags": tags}, **more}
    return {"source": "aws.ses", "detail-type": "x", "detail": detail}


def send_event(platform: Platform, kind: str, mail_row: Json, **more: Any) -> None:
    """Put an SES event about a mail into the queue of mail events."""
    platform.send("mail-events", ses_event(kind, mail_row, **more))


def bounce(mail_row: Json, kind: str = "Permanent") -> Json:
    """Return the `bounce` object of a bounce event."""
    recipients = [{"emailAddress": mail_row["recipient"], "diagnosticCode": "smtp; 550 5.1.1 user unknown"}]
    return {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": recipients}
