"""Writes orders in the formats of four modules of the old application."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.kv.store.gifts import Gift, Gifts
from tests.kv.store.plan import Sizes, in_words, iso, milliseconds, moment
from tests.kv.store.tenants import Document, Tenants
from tests.kv.store.truth import Record, row

ORDERS_PER_USER = 20
_SNAKE = {
    "orderNumber": "order_number",
    "giftId": "gift_id",
    "giftName": "gift_name",
    "siteId": "site_id",
    "clientId": "client_id",
    "userId": "user_id",
    "userEmail": "user_email",
    "userName": "user_name",
    "shippingAddress": "shipping_address",
    "totalValue": "total_value",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "estimatedDelivery": "estimated_delivery",
}
_STATES = ("pending", "processing", "shipped", "delivered", "cancelled")


@dataclass
class Orders:
    """The facts about orders that the lists need."""

    by_user: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def _changes(
    number: int, gift: Gift, created: datetime, other_client: str, other_number: str
) -> dict[str, Callable[[Document], object]]:
    """Map each kind of damage inside the document to the changed fields. All other kinds affect the key or a list."""
    return {
        "order_number_twice": lambda d: d.update(orderNumber=other_number),
        "order_site_missing": lambda d: d.pop("siteId"),
        "order_site_unknown": lambda d: d.update(siteId=f"site-removed-{number}"),
        "order_client_of_another_site": lambda d: d.update(clientId=other_client),
        "order_gift_unknown": lambda d: d.update(giftId=f"gift-removed-{number}"),
        "order_total_missing": lambda d: d.pop("totalValue"),
        "order_total_zero": lambda d: d.update(totalValue=0),
        "order_total_disagrees": lambda d: d.update(totalValue=d["totalValue"] + 1),
        "order_email_missing": lambda d: d.pop("userEmail") if number % 2 else d.update(userEmail=""),
        "order_gift_nested": lambda d: (d.pop("giftId"), d.pop("giftName"), d.update(gift=_nested(gift))),
        "order_address_text": lambda d: d.update(shippingAddress="Hauptstraße 1, 10115 Berlin, Germany"),
        "order_address_missing": lambda d: d.pop("shippingAddress"),
        "order_quantity_bad": lambda d: d.update(quantity=(0, -1, "some", 1.5, None, True)[number % 6]),
        "order_too_many_lines": lambda d: d.update(items=[{"giftId": gift.id, "quantity": 1}] * 1001),
        "order_date_bad": lambda d: d.update(createdAt=("2025-02-30T00:00:00Z", "yesterday", "31.13.2025")[number % 3]),
        "order_date_missing": lambda d: d.pop("createdAt"),
        "order_deleted": lambda d: d.update(({"deleted": True}, {"deletedAt": iso(created)})[number % 2]),
    }


def _nested(gift: Gift) -> Document:
    return {"id": gift.id, "name": gift.name, "sku": gift.sku, "price": gift.cents / 100, "status": "active"}


def _document(number: int, order_id: str, gift: Gift, site: tuple[str, str], created: datetime) -> Document:
    quantity = 1 + number % 3
    user = number // ORDERS_PER_USER
    return {
        "id": order_id,
        "orderNumber": f"#{number + 1:06}",
        "userId": f"user-{user}",
        "userEmail": f"user-{user}@staff.example",
        "userName": f"User {user}",
        "siteId": site[0],
        "clientId": site[1],
        "giftId": gift.id,
        "giftName": gift.name,
        "quantity": quantity,
        "unitPrice": gift.cents / 100,
        "totalValue": gift.cents * quantity / 100,
        "currency": "EUR",
        "status": _STATES[number % 5],
        "shippingAddress": {
            "fullName": f"User {user}",
            "street": "Hauptstraße 1",
            "city": "Berlin",
            "postalCode": "10115",
            "country": "Germany",
        },
        "estimatedDelivery": in_words(created + timedelta(days=7)),
        "timeline": [{"status": "pending", "timestamp": iso(created)}],
        "createdAt": iso(created),
        "updatedAt": iso(created),
    }


def write_orders(sizes: Sizes, tenants: Tenants, gifts: Gifts, orders: Orders) -> Iterator[Record]:
    """Write the documents of the orders. An order refers to a document in quarantine only if this reference is the
    damage of the order."""
    plan = sizes.plan("order")
    for number in range(sizes.orders):
        damage = plan.damaged.get(number)
        partner = plan.partners.get(number, number)
        created = moment(number, step=10)
        site = tenants.sites[partner % len(tenants.sites)]
        gift = gifts.healthy[number * 7 % len(gifts.healthy)]
        order_id = f"ORD-{milliseconds(created)}-{number % 1000}"
        key, family = f"order:{order_id}", "order:<id>"
        match damage:
            case "order_key_is_id":
                uuid = UUID(int=plan.rng.getrandbits(128), version=4)
                order_id = key = f"order:{site[0]}:{uuid}"
                family = "order:<environment or site>:<id>"
            case "order_environment_key":
                order_id = f"ORD-{100_000 + number:08}-{plan.rng.getrandbits(16):04x}"
                key, family = f"order:production:{order_id}", "order:<environment or site>:<id>"
            case "order_plural_key":
                order_id = f"ORD-{milliseconds(created)}"
                key = f"orders:{order_id}"
        document: Any = _document(number, order_id, gift, site, created)
        if damage == "order_key_is_id":  # a visitor without an account placed this order
            del document["userId"]
            document["orderNumber"] = f"ORD-2025-{number:06}"
        other_client = next(client for client in tenants.clients if client != site[1])
        if damage == "order_snake_case":
            document = {_SNAKE.get(name, name): value for name, value in document.items()}
        elif damage and damage.startswith("order_state_"):
            document["status"] = damage.removeprefix("order_state_")
        elif change := _changes(number, gift, created, other_client, f"#{partner + 1:06}").get(damage or ""):
            change(document)
        yield Record(key, document, row(key, family, "order", order_id, damage))
        if damage not in ("order_key_is_id", "order_unlisted"):
            orders.by_user[f"user-{number // ORDERS_PER_USER}"].append(order_id)
