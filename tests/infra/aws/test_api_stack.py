"""Tests that the HTTP APIs on AWS together serve the declared routes, and that each path belongs to one API."""

import json
from itertools import combinations

import pytest

from infra.functions import DEFAULT_ROUTE, FunctionSpec, encoded_routes
from infra.http_api import APIS, CORS, MAIN_API, MAX_ROUTES, STAFF_API, USABLE_ROUTES, HttpApi, api_of, path_of
from tests.infra.aws.templates import Resource, Templates

ROUTE = "AWS::ApiGatewayV2::Route"
EACH_API = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


def routes(cloud: Templates, api: HttpApi) -> dict[str, Resource]:
    """Map each route key of an API to the properties of the route."""
    return {route["RouteKey"]: route for route in cloud.of_type(api.name, ROUTE).values()}


@EACH_API
def test_each_api_has_exactly_the_declared_routes_of_its_paths(
    dev: Templates, specs: tuple[FunctionSpec, ...], api: HttpApi
) -> None:
    functions = {}
    for key, route in routes(dev, api).items():
        integration = dev.templates[api.name]["Resources"][route["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
        stack, function = dev.follow(api.name, integration["IntegrationUri"])
        functions[key] = dev.templates[stack]["Resources"][function]["Properties"]["FunctionName"]
    assert functions == {
        route: f"wecelebrate-dev-{spec.name}"
        for spec in specs
        for route in spec.served_routes
        if route == DEFAULT_ROUTE or api_of(path_of(route)) == api
    }


def test_each_declared_route_is_in_exactly_one_of_the_apis(dev: Templates, specs: tuple[FunctionSpec, ...]) -> None:
    created = [key for api in APIS for key in routes(dev, api) if key != DEFAULT_ROUTE]
    declared = [route for spec in specs for route in spec.served_routes if route != DEFAULT_ROUTE]
    assert sorted(created) == sorted(declared)
    assert all(DEFAULT_ROUTE in routes(dev, api) for api in APIS)


def test_the_staff_api_has_all_paths_below_admin_and_no_other_path(dev: Templates) -> None:
    for api in APIS:
        for key in routes(dev, api).keys() - {DEFAULT_ROUTE}:
            assert (api == STAFF_API) == path_of(key).startswith("/v1/admin/"), key


def test_no_path_prefix_of_an_api_begins_with_the_path_prefix_of_another_api() -> None:
    """CloudFront uses the first pattern that matches. If the prefixes overlapped, their order would be important."""
    prefixes = [prefix for api in APIS for prefix in api.prefixes]
    assert all(prefix.startswith("/") and prefix.endswith("/") for prefix in prefixes)
    for first, second in combinations(prefixes, 2):
        assert not first.startswith(second) and not second.startswith(first)


@EACH_API
def test_only_routes_that_require_a_token_have_the_authorizer(
    dev: Templates, specs: tuple[FunctionSpec, ...], api: HttpApi
) -> None:
    authorizers = list(dev.of_type(api.name, "AWS::ApiGatewayV2::Authorizer"))
    required = [spec.auth == "required" for spec in specs for _ in spec.routes_in(api)]
    assert len(authorizers) == any(required)
    for spec in specs:
        for key in spec.routes_in(api):
            route = routes(dev, api)[key]
            if spec.auth == "required":
                assert route["AuthorizationType"] == "JWT"
                assert route["AuthorizerId"] == {"Ref": authorizers[0]}
            else:
                assert route["AuthorizationType"] == "NONE"
                assert "AuthorizerId" not in route


def test_every_route_of_the_staff_api_requires_a_token(dev: Templates) -> None:
    for key, route in routes(dev, STAFF_API).items():
        assert (route["AuthorizationType"] == "JWT") == (key != DEFAULT_ROUTE), key


def test_the_staff_api_accepts_tokens_of_the_console_and_not_of_machines(named: Templates) -> None:
    jwt = named.only(STAFF_API.name, "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    main = named.only(MAIN_API.name, "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    (audience,) = jwt["Audience"]
    stack, console = named.follow(STAFF_API.name, audience)
    client = named.templates[stack]["Resources"][console]["Properties"]
    assert client["AllowedOAuthFlows"] == ["code"]
    assert (jwt["Issuer"], audience) == (main["Issuer"], main["Audience"][0])
    assert len(main["Audience"]) == 3


def test_the_authorizer_accepts_tokens_of_the_console_and_of_each_machine(dev: Templates, named: Templates) -> None:
    for cloud, machines in ((dev, 0), (named, 2)):
        jwt = cloud.only("api", "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
        stack, pool = cloud.follow("api", jwt["Issuer"])
        assert cloud.templates[stack]["Resources"][pool]["Properties"]["UserPoolName"] == "wecelebrate-dev-staff"
        ids = [cloud.follow("api", each)[1] for each in jwt["Audience"]]
        clients = [cloud.templates[stack]["Resources"][id]["Properties"] for id in ids]
        flows = [["code"], *[["client_credentials"]] * machines]
        assert [client["AllowedOAuthFlows"] for client in clients] == flows
        assert all(client["UserPoolId"] == {"Ref": pool} for client in clients)
        assert len(set(ids)) == len(ids)


@EACH_API
def test_each_function_of_an_api_has_one_integration_and_one_permission_for_this_api(
    dev: Templates, specs: tuple[FunctionSpec, ...], api: HttpApi
) -> None:
    count = sum(bool(spec.routes_in(api)) for spec in specs)
    permissions = dev.of_type(api.name, "AWS::Lambda::Permission").values()
    assert len(dev.of_type(api.name, "AWS::ApiGatewayV2::Integration")) == count
    assert len({str(permission["FunctionName"]) for permission in permissions}) == len(permissions) == count
    (created,) = dev.of_type(api.name, "AWS::ApiGatewayV2::Api")
    assert all({"Ref": created} in permission["SourceArn"]["Fn::Join"][1] for permission in permissions)


@EACH_API
def test_the_cors_settings_equal_the_settings_of_the_local_cloud(dev: Templates, api: HttpApi) -> None:
    assert dev.only(api.name, "AWS::ApiGatewayV2::Api")["CorsConfiguration"] == {
        "AllowOrigins": list(CORS.allow_origins),
        "AllowMethods": list(CORS.allow_methods),
        "AllowHeaders": list(CORS.allow_headers),
        "ExposeHeaders": list(CORS.expose_headers),
        "MaxAge": CORS.max_age,
    }


@EACH_API
def test_each_api_throttles_requests_and_logs_no_tokens_or_query_strings(dev: Templates, api: HttpApi) -> None:
    stage = dev.only(api.name, "AWS::ApiGatewayV2::Stage")
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == api.rate > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == api.burst > 0
    groups = [group["LogGroupName"] for group in dev.of_type(api.name, "AWS::Logs::LogGroup").values()]
    assert groups == [f"/aws/vendedlogs/wecelebrate-dev-{api.name}"]
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"request_id", "route", "status", "ms"} <= fields.keys()
    assert not any("query" in value.lower() or "header" in value.lower() for value in fields.values())


def test_the_limits_of_all_apis_together_are_well_below_the_limit_of_an_account() -> None:
    assert sum(api.rate for api in APIS) <= 5_000, "an account can have 10,000 requests per second"


@EACH_API
def test_each_api_has_at_most_80_percent_of_the_routes_that_aws_allows(dev: Templates, api: HttpApi) -> None:
    """Each GET route needs a second route for HEAD, but no second integration or permission."""
    count = len(routes(dev, api))
    left = USABLE_ROUTES - count
    assert left >= 0, (
        f"{api.name} has {count} routes, {-left} more than 80 % of the {MAX_ROUTES} that AWS allows: give paths of this"
        " API to another API in infra/http_api.py (docs/deploy.md, Routes)"
    )


def test_each_stack_of_an_api_has_far_fewer_resources_than_its_quota(dev: Templates) -> None:
    for stack, template in dev.templates.items():
        assert len(template["Resources"]) <= 440, f"{stack}: a stack can have 500 resources"


@EACH_API
def test_many_requests_without_a_route_are_throttled_before_they_reach_a_function(dev: Templates, api: HttpApi) -> None:
    stage = dev.only(api.name, "AWS::ApiGatewayV2::Stage")
    (default,) = stage["RouteSettings"].values()
    assert list(stage["RouteSettings"]) == ["$default"]
    assert 0 < default["ThrottlingRateLimit"] <= stage["DefaultRouteSettings"]["ThrottlingRateLimit"] / 10
    assert default["ThrottlingBurstLimit"] > 0
    (resource,) = (
        resource
        for resource in dev.templates[api.name]["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Stage"
    )
    default_route = next(id for id, route in dev.of_type(api.name, ROUTE).items() if route["RouteKey"] == "$default")
    assert default_route in resource["DependsOn"]


def test_the_fallback_function_has_a_reserved_concurrency_and_no_permissions(
    prod: Templates,
) -> None:
    fallback = prod.function("api-fallback")
    assert fallback["ReservedConcurrentExecutions"] <= 4
    variables = fallback["Environment"]["Variables"]
    assert not {"WC_SIGNING_KEY", "WC_DATABASE_WRITER", "WC_CACHE_TOKEN"} & variables.keys()
    (group,) = fallback["VpcConfig"]["SecurityGroupIds"]
    security_group = prod.of_type("functions", "AWS::EC2::SecurityGroup")[group["Fn::GetAtt"][0]]
    assert [rule["CidrIp"] for rule in security_group["SecurityGroupEgress"]] == ["255.255.255.255/32"]


def test_the_route_table_in_the_environment_variables_uses_at_most_half_of_the_quota(
    specs: tuple[FunctionSpec, ...],
) -> None:
    """AWS allows 4 KB. The route table must leave space for twice as many routes."""
    assert len(encoded_routes(specs)) <= 2_000
