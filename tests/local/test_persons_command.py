"""Tests `wecelebrate persons report`, which exports the stored data about a person at this person's request."""

import json
from uuid import uuid4

from tests.command import Command
from tests.platform import Platform


def test_the_export_contains_only_the_data_of_the_person(wecelebrate: Command, platform: Platform) -> None:
    shop = platform.tenant()
    product = platform.product(shop, inventory_count=10)
    ann, bob = (f"{name}-{uuid4().hex[:8]}@example.com" for name in ("ann", "bob"))
    order = platform.order(shop, (product, 1), customer_email=ann)
    platform.order(shop, (product, 1), customer_email=bob)
    wecelebrate("orders", "ship", order["order_number"], "--tracking", "JD01")
    platform.eventually(
        lambda: (
            len(json.loads(wecelebrate("persons", "report", "--client", shop.slug, "--email", ann).stdout)["mails"])
            == 2
        )
    )
    result = wecelebrate("persons", "report", "--client", shop.slug, "--email", ann.upper())
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    (exported,) = document["orders"]
    assert (exported["order_number"], exported["shipments"][0]["tracking_number"]) == (order["order_number"], "JD01")
    assert {event["type"] for event in exported["events"]} >= {"placed", "shipped"}
    assert {mail["recipient"] for mail in document["mails"]} == {ann}
    assert all(mail["text"] for mail in document["mails"])
    assert bob not in result.stdout


def test_the_export_of_an_unknown_person_states_that_no_data_is_stored(
    wecelebrate: Command, platform: Platform
) -> None:
    shop = platform.tenant()
    result = wecelebrate("persons", "report", "--client", shop.slug, "--email", "nobody@example.com")
    assert (result.returncode, json.loads(result.stdout)["orders"]) == (0, [])
    assert "nothing is stored about this person" in result.stderr
    assert wecelebrate("persons", "report", "--client", shop.slug, "--email", "nobody").returncode == 2
