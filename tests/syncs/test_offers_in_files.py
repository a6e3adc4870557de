"""Tests offers in files. A dropped file starts, changes and ends offers, in the time zone of the client."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.imports.importing import import_rows
from tests.platform import Json, Platform, Tenant, ok

ZONE = ZoneInfo("Europe/Prague")
HEADER = "Kód;Název;Cena s DPH;Akční cena s DPH;Akce od;Akce do\n"


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    tenant = platform.tenant()
    platform.arrange("update clients set timezone = 'Europe/Prague' where id = %s", [tenant.client_id])
    return tenant


def day(offset: int) -> str:
    return (datetime.now(ZONE).date() + timedelta(days=offset)).strftime("%d.%m.%Y")


def midnight(offset: int) -> str:
    at = datetime.combine(datetime.now(ZONE).date() + timedelta(days=offset), datetime.min.time(), ZONE)
    return at.astimezone(ZoneInfo("UTC")).isoformat()


def products(tenant: Tenant) -> dict[str, Json]:
    return {each["sku"]: each for each in ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]}


def drop(platform: Platform, tenant: Tenant, rows: str, name: str = "akce.csv") -> Json:
    return platform.sync(tenant.catalog_id, name, (HEADER + rows).encode())


def test_products_from_a_file_have_the_offer_prices_during_the_offers(platform: Platform, tenant: Tenant) -> None:
    rows = (
        f"A;Vrtulník;1290,00;990,00;{day(-30)};{day(-1)}\nB;Stavebnice;949,00;799,00;{day(-1)};{day(0)}\n"
        f"C;Kostky;349,00;299,00;{day(1)};{day(9)}\nD;Jezevec;259,00;;;\n"
    )
    job = drop(platform, tenant, rows)
    assert job["counts"]["created"] == 4 and job["result"]["offers"] == {"running": 1, "waiting": 1}
    stored = products(tenant)
    assert [stored[sku]["price"] for sku in "ABCD"] == ["1290.00", "949.00", "349.00", "259.00"]
    assert [stored[sku]["offer_price"] for sku in "ABCD"] == [None, "799.00", None, None]
    assert stored["A"]["offers"] == stored["D"]["offers"] == []
    # The offer is valid until the end of its last day in the time zone of the client.
    assert stored["B"]["offers"] == [{"price": "799.00", "starts_at": midnight(-1), "ends_at": midnight(1)}]
    assert stored["C"]["offers"] == [{"price": "299.00", "starts_at": midnight(1), "ends_at": midnight(10)}]
    shown = {
        each["sku"]: (each["price"], each["regular_price"]) for each in platform.storefront_products(tenant.domain)
    }
    assert shown["B"] == ("799.00", "949.00") and shown["C"] == ("349.00", None)
    again = drop(platform, tenant, rows)["counts"]
    assert (again["unchanged"], again["updated"]) == (4, 0)
    # The new row of B has no offer, and the price of C changes.
    drop(platform, tenant, f"B;Stavebnice;949,00;;;\nC;Kostky;359,00;299,00;{day(1)};{day(9)}\n")
    stored = products(tenant)
    assert (stored["B"]["price"], stored["B"]["offers"], stored["B"]["offer_price"]) == ("949.00", [], None)
    assert (stored["C"]["price"], len(stored["C"]["offers"])) == ("359.00", 1)


def test_a_file_without_offer_columns_changes_only_the_usual_price(platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant, price="20.00", offers=[{"price": "15"}])
    job = platform.sync(tenant.catalog_id, "prices.csv", f"sku,name,price\n{product['sku']},Lamp,25.00\n".encode())
    assert job["counts"]["updated"] == 1
    stored = products(tenant)[product["sku"]]
    assert (stored["price"], stored["offer_price"], len(stored["offers"])) == ("25.00", "15.00", 1)


def test_a_dry_run_shows_the_changes_of_offers(platform: Platform, tenant: Tenant) -> None:
    drop(platform, tenant, "B;Stavebnice;949,00;;;\n")
    rows = [{"sku": "B", "offers": [{"price": "799.00", "ends_at": f"{datetime.now(ZONE).year + 1}-01-01T00:00:00Z"}]}]
    job = import_rows(tenant, rows, dry_run=True)
    assert job["result"]["offers"] == {"running": 1, "waiting": 0}
    [sample] = job["result"]["samples"]
    assert sample["changes"]["offers"]["from"] == []
    assert sample["changes"]["offers"]["to"][0]["price"] == "799.00"
    assert products(tenant)["B"]["offers"] == []


def test_a_file_that_declares_itself_a_delta_ends_no_offers(platform: Platform, tenant: Tenant) -> None:
    article = (
        "<ARTICLE><SUPPLIER_AID>B</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Stavebnice</DESCRIPTION_SHORT>"
        "</ARTICLE_DETAILS><ARTICLE_PRICE_DETAILS><ARTICLE_PRICE price_type='gros_list'><PRICE_AMOUNT>959.00"
        "</PRICE_AMOUNT></ARTICLE_PRICE></ARTICLE_PRICE_DETAILS></ARTICLE>"
    )
    update = f"<BMECAT version='1.2'><T_UPDATE_PRODUCTS prev_version='1'>{article}</T_UPDATE_PRODUCTS></BMECAT>"
    file = f"SKU;Name;Price;Special price;Special from;Special to\nB;Stavebnice;949.00;799.00;;{day(9)}\n"
    platform.sync(tenant.catalog_id, "full/offers.csv", file.encode())
    assert products(tenant)["B"]["offer_price"] == "799.00"
    job = platform.sync(tenant.catalog_id, "full/update.xml", update.encode())
    stored = products(tenant)["B"]
    assert (job["counts"]["updated"], stored["price"], stored["offer_price"]) == (1, "959.00", "799.00")
