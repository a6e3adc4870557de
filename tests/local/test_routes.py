"""Tests that the gateway selects routes by the rules in the documentation of API Gateway."""

import pytest

from infra.local.routes import Routes

ROUTES = (
    "GET /pets",
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "POST /pets",
    "GET /{any}/dog",
    "GET /v1/sites/{site_id}/orders",
    "GET /v1/sites/{site_id}",
    "GET /v1/{kind}/new",
    "GET /{proxy+}",
)


@pytest.fixture(scope="module")
def routes() -> Routes[str]:
    routes: Routes[str] = Routes()
    for route in ROUTES:
        routes.add(route, route)
    return routes


@pytest.mark.parametrize(
    ("path", "route", "parameters"),
    [
        ("/pets", "GET /pets", {}),
        ("/pets/dog/1", "GET /pets/dog/1", {}),
        ("/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        # A route without a greedy variable has priority over a greedy route, even if the greedy route starts with more
        # fixed text.
        ("/pets/dog", "GET /{any}/dog", {"any": "pets"}),
        ("/test/5", "GET /{proxy+}", {"proxy": "test/5"}),
        ("/v1/sites/a%20b%2Fc/orders", "GET /v1/sites/{site_id}/orders", {"site_id": "a b/c"}),
        # In each segment, fixed text has priority over a variable. If the fixed text matches, but the rest of the path
        # does not match, the gateway tries the variable.
        ("/v1/sites/new", "GET /v1/sites/{site_id}", {"site_id": "new"}),
        ("/v1/clients/new", "GET /v1/{kind}/new", {"kind": "clients"}),
        # `/pets` and `/pets/` are different paths. Only a greedy variable matches an empty segment.
        ("/pets/", "GET /pets/{proxy+}", {"proxy": ""}),
        ("/v1/sites/", "GET /{proxy+}", {"proxy": "v1/sites/"}),
    ],
)
def test_the_most_specific_route_is_selected(
    routes: Routes[str], path: str, route: str, parameters: dict[str, str]
) -> None:
    assert routes.find("GET", path) == (route, parameters)


@pytest.mark.parametrize(("method", "path"), [("POST", "/pets/dog/1"), ("DELETE", "/pets"), ("POST", "/")])
def test_a_route_matches_only_its_own_method(routes: Routes[str], method: str, path: str) -> None:
    assert routes.find(method, path) is None
