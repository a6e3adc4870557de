"""Tests `wecelebrate shop`. The deploy guide uses this command to create the first product of a storefront."""

from uuid import uuid4

from tests.command import Command
from tests.platform import Platform, ok


def test_a_new_shop_shows_its_product_to_visitors(platform: Platform, wecelebrate: Command) -> None:
    slug = f"shop-{uuid4().hex[:8]}"
    result = wecelebrate("shop", slug, "--currency", "EUR")
    assert result.returncode == 0, result.stderr
    url = result.stdout.strip()
    assert url.startswith(f"{platform.endpoints.api}/v1/storefront/{slug}-")
    products = ok(platform.api().get(url))["data"]
    assert [(each["name"], each["price"], each["currency"]) for each in products] == [("Mug", "12.00", "EUR")]
    again = wecelebrate("shop", slug)
    assert again.returncode == 5
    assert "already" in again.stderr
