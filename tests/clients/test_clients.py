"""Tests that both generated clients work with the running API, and that every response has a type."""

import json
import time
from uuid import uuid4

import pytest

from tests.clients.conftest import Client
from tests.core.http_server import answer, serving
from tests.platform import Json, Platform, Tenant, ok

PRODUCTS = "sku,name,price\nU-1,Lamp,12.50\nU-2,Mug,9.00\n"


def token(tenant: Tenant) -> str:
    return str(tenant.owner.headers["authorization"]).removeprefix("Bearer ")


def expired(platform: Platform) -> str:
    return platform.issuer.token("customer:ann", expires_in=-60)


def test_the_client_returns_a_list_as_a_typed_page(client: Client, platform: Platform) -> None:
    tenant = platform.tenant()
    catalog = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}"))
    page = client.scenario("list_all_catalogs", api=platform.endpoints.api, token=token(tenant))
    assert page == {"names": [catalog["name"]], "has_more": False, "years": [int(catalog["created_at"][:4])]}


def test_a_search_without_a_token_follows_the_cursor_to_the_last_page(
    client: Client, platform: Platform, tenant: Tenant
) -> None:
    word = f"w{uuid4().hex[:8]}"
    for number in range(5):
        platform.product(tenant, name=f"{word} {number}", price=f"{number}.50")
    platform.wait_for_replica()
    results = client.scenario("search_a_shop", api=platform.endpoints.api, domain=tenant.domain, q=word)
    names = [f"{word} {number}" for number in (4, 3, 2, 1, 0)]
    assert results == {"names": names, "prices": ["4.50", "3.50", "2.50", "1.50", "0.50"], "pages": 3}


def test_the_client_waits_until_an_import_of_rows_has_ended(client: Client, platform: Platform) -> None:
    tenant = platform.tenant()
    result = client.scenario("import_rows", api=platform.endpoints.api, token=token(tenant), catalog=tenant.catalog_id)
    [[sku, _reason]] = result.pop("errors")
    assert sku == "A-2"
    assert result == {"status": "completed", "created": 1, "rejected": 1, "listed": True}


def test_a_file_is_uploaded_to_its_presigned_url_and_imported(client: Client, platform: Platform) -> None:
    tenant = platform.tenant()
    arguments = {"token": token(tenant), "catalog": tenant.catalog_id, "content": PRODUCTS}
    result = client.scenario("upload_a_file", api=platform.endpoints.api, **arguments)
    assert result == {"status": "completed", "created": 2}


def test_an_expired_token_returns_the_error_message_of_the_gateway(client: Client, platform: Platform) -> None:
    error = client.scenario("read_my_account", api=platform.endpoints.api, token=expired(platform))
    assert error == {"status": 401, "type": "GatewayMessage", "message": "Unauthorized"}


def test_an_expired_token_returns_a_problem_if_the_token_is_optional(
    client: Client, platform: Platform, tenant: Tenant
) -> None:
    arguments = {"token": expired(platform), "domain": tenant.domain}
    error = client.scenario("read_the_shop_of_a_customer", api=platform.endpoints.api, **arguments)
    assert error == {"status": 401, "type": "Problem", "code": "unauthenticated", "pointers": []}


def test_a_path_without_a_route_returns_a_problem(client: Client, platform: Platform, tenant: Tenant) -> None:
    # No operation documents the status of the response, because the base URL is wrong.
    error = client.scenario("read_my_account", api=f"{platform.endpoints.api}/v0", token=token(tenant))
    assert error == {"status": 404, "type": "Problem", "code": "unknown_path", "pointers": []}


def test_a_missing_object_returns_a_problem(client: Client, platform: Platform, tenant: Tenant) -> None:
    arguments = {"token": token(tenant), "domain": f"{uuid4()}.test"}
    error = client.scenario("read_the_shop_of_a_customer", api=platform.endpoints.api, **arguments)
    assert error == {"status": 404, "type": "Problem", "code": "not_found", "pointers": []}


def test_the_error_for_an_invalid_field_contains_its_pointer(
    client: Client, platform: Platform, tenant: Tenant
) -> None:
    arguments = {"token": token(tenant), "catalog": tenant.catalog_id}
    error = client.scenario("create_an_invalid_product", api=platform.endpoints.api, **arguments)
    assert error == {"status": 422, "type": "Problem", "code": "invalid", "pointers": ["/price"]}


def test_the_error_for_an_outdated_etag_contains_the_current_etag(
    client: Client, platform: Platform, tenant: Tenant
) -> None:
    product = platform.product(tenant, description="old")
    path = f"/v1/products/{product['id']}"
    etag = tenant.owner.get(path).headers["etag"]
    ok(tenant.owner.patch(path, json={"price": "11.00"}))
    arguments = {"token": token(tenant), "product": product["id"], "etag": etag}
    result = client.scenario("change_a_product", api=platform.endpoints.api, **arguments)
    problem = {"status": 412, "type": "Problem", "code": "precondition_failed", "pointers": []}
    assert result == {**problem, "price": "13.00", "description": None}


def test_the_error_for_an_exceeded_limit_contains_the_seconds_to_wait(client: Client, platform: Platform) -> None:
    tenant = platform.tenant()
    ok(tenant.owner.get("/v1/me"))
    minute = str(int(time.time()) // 60)
    platform.redis.hincrby(f"v1:local:{tenant.client_id}:limit:requests", minute, 1000)
    error = client.scenario("read_my_account", api=platform.endpoints.api, token=token(tenant))
    assert 0 < error.pop("retry_after") <= 3600
    assert error == {"status": 429, "type": "Problem", "code": "rate_limited", "pointers": []}


def test_the_result_of_a_response_without_a_body_is_none(client: Client, platform: Platform, tenant: Tenant) -> None:
    product = platform.product(tenant)["id"]
    platform.wait_for_replica()
    arguments = {"token": token(tenant), "product": product}
    result = client.scenario("read_and_deactivate_a_product", api=platform.endpoints.api, **arguments)
    assert result == {"statuses": [304, 204], "bodies": [None, None]}


def ask(client: Client, status: int, media_type: str, body: str, retry_after: str | None = None) -> Json:
    """Let the client read its account from a test server that sends the given response. Return the result."""
    response = answer(status, body.encode(), content_type=media_type)
    if retry_after is not None:
        response = answer(status, body.encode(), content_type=media_type, retry_after=retry_after)
    with serving(response) as server:
        return client.scenario("read_my_account", api=f"http://127.0.0.1:{server.port}", token="t")


@pytest.mark.parametrize(("status", "message"), [(429, "Too Many Requests"), (503, "Service Unavailable")])
def test_an_error_contains_the_message_of_the_gateway(client: Client, status: int, message: str) -> None:
    error = ask(client, status, "application/json", json.dumps({"message": message}))
    assert error == {"status": status, "type": "GatewayMessage", "message": message}


def test_an_html_error_page_becomes_an_error_with_the_response_headers(client: Client) -> None:
    error = ask(client, 503, "text/html", "<h1>Maintenance</h1>", retry_after="7")
    assert error == {"status": 503, "type": "GatewayMessage", "message": "503 So", "retry_after": 7}


def test_the_client_accepts_an_error_code_of_a_later_release(client: Client) -> None:
    problem = {"type": "https://api.test/problems/new", "title": "A new problem.", "status": 409, "code": "new"}
    error = ask(client, 409, "application/problem+json", json.dumps(problem))
    assert error == {"status": 409, "type": "Problem", "code": "new", "pointers": []}
