"""Tests order documents that had no row when the personal data in them was erased."""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.kv.moving import Move, order

ANN = "Ann@Mail.example"
PERSON = {"userEmail": ANN, "userName": "Ann Example", "shippingAddress": {"fullName": "Ann Example", "country": "DE"}}


def erase(move: Move, email: str = ANN, client: str = "client:a", until: str = "infinity", size: int = 2) -> None:
    """Mark the documents of a person, as the erasure worker does."""
    key: str | None = ""
    while key is not None:
        key = move.value(
            "select kv.mark_erased_orders(%s, %s, %s::timestamptz, %s, %s)",
            move.id(client), [email.lower()], until, key, size,
        )  # fmt: skip


@pytest.fixture
def client(move: Move) -> UUID:
    """Create the row of the client `a`."""
    move.run()
    return move.id("client:a")


DOCUMENTS: list[tuple[str, Any]] = [
    ("order:o-1", order("o-1", **PERSON)),
    ("orders:o-1", {**order("o-1"), "userEmail": None, "customer_email": "  ann@mail.EXAMPLE "}),
    ("order:production:o-1", order("o-1", userEmail=None, shippingAddress={"contact": {"mail": ANN}})),
    ("user_orders:u", ["x", order("o-1", **PERSON)]),
    ("order:s-a:0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d", order("0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d", **PERSON)),
]


@pytest.mark.parametrize(("key", "value"), DOCUMENTS)
def test_an_order_document_of_an_erased_person_never_becomes_a_row(
    move: Move, client: UUID, key: str, value: Any
) -> None:
    move.put(key, value)
    erase(move)
    move.run()
    [row] = move.rows("select key from kv.ids where entity = 'order'")
    assert move.reason(row["key"]) == "person_erased"
    assert move.value("select count(*) from orders where client_id = %s", client) == 0
    move.put(key, [{**v, "status": "delivered"} if isinstance(v, dict) else v for v in value]
             if isinstance(value, list) else {**value, "status": "delivered"})  # fmt: skip
    move.run()
    assert move.value("select count(*) from orders where client_id = %s", client) == 0


def test_an_order_document_that_was_unreadable_during_the_erasure_is_recognised_later(move: Move, client: UUID) -> None:
    move.put("order:o-1", order("o-1", quantity="?", **PERSON))
    move.put("order:o-2", order("o-2", siteId="s-late", **PERSON))
    move.run()
    erase(move)
    move.put("order:o-1", order("o-1", **PERSON))
    move.put("site:s-late", {"id": "s-late", "name": "Late", "clientId": "a"})
    move.run()
    assert move.reason("order:o-1") == move.reason("order:o-2") == "person_erased"


def test_an_order_document_that_is_encoded_as_a_json_string_is_recognised(move: Move, client: UUID) -> None:
    move.put("order:o-1", json.dumps(order("o-1", **PERSON)))
    erase(move)
    move.run()
    assert move.reason("order:o-1") == "person_erased"


def test_the_orders_of_other_persons_and_other_clients_become_rows(move: Move, client: UUID) -> None:
    move.tenant("b")
    move.put("order:o-1", order("o-1", userEmail="joann@mail.example"))
    move.put("order:o-2", order("o-2", userEmail="ann@mail.example.org"))
    move.put("order:o-3", order("o-3", userEmail="ann%mail_example"))
    move.put("order:o-4", order("o-4", note="Ask ann@mail.example about it"))
    move.put("order:o-5", order("o-5", siteId="s-b", giftId="g-b", **PERSON))
    erase(move)
    move.run()
    for number in range(1, 6):
        assert move.reason(f"order:o-{number}") is None
    assert move.row("orders", "order:o-5")["customer_email"] == ANN


def test_an_order_that_the_person_places_after_the_erasure_becomes_a_row(move: Move, client: UUID) -> None:
    move.put("order:o-1", order("o-1", **PERSON))
    move.put("order:o-2", order("o-2", **PERSON, createdAt="2026-03-02T00:00:00Z"))
    move.put("order:o-3", order("o-3", **PERSON) | {"createdAt": None})
    erase(move, until="2026-03-01T00:00:00Z")
    move.put("order:o-4", order("o-4", **PERSON, createdAt="2026-03-02T00:00:00Z"))
    move.run()
    reasons = [move.reason(f"order:o-{number}") for number in range(1, 5)]
    assert reasons == ["person_erased", None, "no_date", None]


def test_the_recorded_key_of_an_erased_order_contains_no_personal_data(move: Move, client: UUID) -> None:
    move.put("order:o-1", order("o-1", **PERSON))
    erase(move)
    erase(move)
    marks = move.rows("select * from kv.erased_orders")
    move.run()
    assert marks == [{"order_id": move.id("order:o-1"), "client_id": client}]
    for table in ("kv.ids", "kv.remainders", "kv.notes", "kv.quarantine", "kv.erased_orders"):
        assert move.value(f"select count(*) from {table} t where t::text ilike '%%ann%%mail%%'") == 0
