"""Tests that the HTTP API on AWS serves the declared routes."""

import json

from infra.functions import FunctionSpec, encoded_routes
from infra.http_api import CORS
from tests.infra.aws.templates import Resource, Templates

ROUTE = "AWS::ApiGatewayV2::Route"


def routes(cloud: Templates) -> dict[str, Resource]:
    """Map each route key to the properties of the route."""
    return {route["RouteKey"]: route for route in cloud.of_type("api", ROUTE).values()}


def test_the_api_has_exactly_the_declared_routes_and_each_route_calls_its_function(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    functions = {}
    for key, route in routes(dev).items():
        integration = dev.templates["api"]["Resources"][route["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
        stack, function = dev.follow("api", integration["IntegrationUri"])
        functions[key] = dev.templates[stack]["Resources"][function]["Properties"]["FunctionName"]
    assert functions == {route: f"wecelebrate-dev-{spec.name}" for spec in specs for route in spec.served_routes}


def test_only_routes_that_require_a_token_have_the_authorizer(dev: Templates, specs: tuple[FunctionSpec, ...]) -> None:
    (authorizer,) = dev.of_type("api", "AWS::ApiGatewayV2::Authorizer")
    for spec in specs:
        for key in spec.served_routes:
            route = routes(dev)[key]
            if spec.auth == "required":
                assert route["AuthorizationType"] == "JWT"
                assert route["AuthorizerId"] == {"Ref": authorizer}
            else:
                assert route["AuthorizationType"] == "NONE"
                assert "AuthorizerId" not in route


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


def test_each_function_has_one_integration_and_one_permission_for_this_api(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    count = sum(spec.kind == "api" for spec in specs)
    permissions = dev.of_type("api", "AWS::Lambda::Permission").values()
    assert len(dev.of_type("api", "AWS::ApiGatewayV2::Integration")) == count
    assert len({str(permission["FunctionName"]) for permission in permissions}) == len(permissions) == count
    (api,) = dev.of_type("api", "AWS::ApiGatewayV2::Api")
    assert all({"Ref": api} in permission["SourceArn"]["Fn::Join"][1] for permission in permissions)


def test_the_cors_settings_are_the_same_as_in_the_local_cloud(dev: Templates) -> None:
    assert dev.only("api", "AWS::ApiGatewayV2::Api")["CorsConfiguration"] == {
        "AllowOrigins": list(CORS.allow_origins),
        "AllowMethods": list(CORS.allow_methods),
        "AllowHeaders": list(CORS.allow_headers),
        "ExposeHeaders": list(CORS.expose_headers),
        "MaxAge": CORS.max_age,
    }


def test_the_stage_throttles_requests_and_its_log_has_no_tokens_or_query_strings(dev: Templates) -> None:
    stage = dev.only("api", "AWS::ApiGatewayV2::Stage")
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"request_id", "route", "status", "ms"} <= fields.keys()
    assert not any("query" in value.lower() or "header" in value.lower() for value in fields.values())


def test_the_routes_and_resources_stay_well_below_the_quotas_of_aws(dev: Templates) -> None:
    """HEAD adds one route, but no integration and no permission, for each route GET."""
    assert len(routes(dev)) <= 295, "an HTTP API can have 300 routes"
    for stack, template in dev.templates.items():
        assert len(template["Resources"]) <= 440, f"{stack}: a stack can have 500 resources"


def test_a_flood_of_requests_without_a_route_is_throttled_before_it_reaches_a_function(dev: Templates) -> None:
    stage = dev.only("api", "AWS::ApiGatewayV2::Stage")
    (default,) = stage["RouteSettings"].values()
    assert list(stage["RouteSettings"]) == ["$default"]
    assert default["ThrottlingRateLimit"] <= stage["DefaultRouteSettings"]["ThrottlingRateLimit"] / 10
    (resource,) = (
        resource
        for resource in dev.templates["api"]["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Stage"
    )
    default_route = next(id for id, route in dev.of_type("api", ROUTE).items() if route["RouteKey"] == "$default")
    assert default_route in resource["DependsOn"]


def test_the_function_of_requests_without_a_route_has_no_permissions_and_a_reserved_concurrency(
    prod: Templates,
) -> None:
    fallback = prod.function("api-fallback")
    assert fallback["ReservedConcurrentExecutions"] <= 4
    variables = fallback["Environment"]["Variables"]
    assert not {"WC_SIGNING_KEY", "WC_DATABASE_WRITER", "WC_CACHE_TOKEN"} & variables.keys()
    (group,) = fallback["VpcConfig"]["SecurityGroupIds"]
    security_group = prod.of_type("functions", "AWS::EC2::SecurityGroup")[group["Fn::GetAtt"][0]]
    assert [rule["CidrIp"] for rule in security_group["SecurityGroupEgress"]] == ["255.255.255.255/32"]


def test_the_environment_of_each_function_fits_in_half_of_the_quota(specs: tuple[FunctionSpec, ...]) -> None:
    """AWS allows 4 KB. The route table must leave space for twice as many routes."""
    assert len(encoded_routes(specs)) <= 2_000
