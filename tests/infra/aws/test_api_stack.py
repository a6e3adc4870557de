"""The HTTP API on AWS serves the routes that are declared."""

import json

from infra.functions import FunctionSpec
from infra.http_api import CORS
from tests.infra.aws.templates import Cloud, Resource

ROUTE = "AWS::ApiGatewayV2::Route"


def routes(cloud: Cloud) -> dict[str, Resource]:
    """Route key → properties."""
    return {route["RouteKey"]: route for route in cloud.of_type("api", ROUTE).values()}


def test_every_declared_route_is_served_by_its_function_and_no_other_is(
    dev: Cloud, specs: tuple[FunctionSpec, ...]
) -> None:
    served = {}
    for key, route in routes(dev).items():
        integration = dev.templates["api"]["Resources"][route["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
        stack, function = dev.follow("api", integration["IntegrationUri"])
        served[key] = dev.templates[stack]["Resources"][function]["Properties"]["FunctionName"]
    assert served == {route: f"wecelebrate-dev-{spec.name}" for spec in specs for route in spec.routes}


def test_a_route_has_the_authorizer_exactly_when_a_token_is_required(
    dev: Cloud, specs: tuple[FunctionSpec, ...]
) -> None:
    (authorizer,) = dev.of_type("api", "AWS::ApiGatewayV2::Authorizer")
    for spec in specs:
        for key in spec.routes:
            route = routes(dev)[key]
            if spec.auth == "required":
                assert route["AuthorizationType"] == "JWT"
                assert route["AuthorizerId"] == {"Ref": authorizer}
            else:
                assert route["AuthorizationType"] == "NONE"
                assert "AuthorizerId" not in route


def test_tokens_are_those_of_the_user_pool_for_its_client(dev: Cloud) -> None:
    jwt = dev.only("api", "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    _, pool = dev.follow("api", jwt["Issuer"])
    _, client = dev.follow("api", jwt["Audience"][0])
    assert list(dev.of_type("identity", "AWS::Cognito::UserPool")) == [pool]
    assert list(dev.of_type("identity", "AWS::Cognito::UserPoolClient")) == [client]


def test_a_function_has_one_integration_and_one_permission_for_this_api(
    dev: Cloud, specs: tuple[FunctionSpec, ...]
) -> None:
    count = sum(spec.kind == "api" for spec in specs)
    permissions = dev.of_type("api", "AWS::Lambda::Permission").values()
    assert len(dev.of_type("api", "AWS::ApiGatewayV2::Integration")) == count
    assert len({str(each["FunctionName"]) for each in permissions}) == len(permissions) == count
    (api,) = dev.of_type("api", "AWS::ApiGatewayV2::Api")
    assert all({"Ref": api} in each["SourceArn"]["Fn::Join"][1] for each in permissions)


def test_cors_is_that_of_both_clouds(dev: Cloud) -> None:
    assert dev.only("api", "AWS::ApiGatewayV2::Api")["CorsConfiguration"] == {
        "AllowOrigins": list(CORS.allow_origins),
        "AllowMethods": list(CORS.allow_methods),
        "AllowHeaders": list(CORS.allow_headers),
        "ExposeHeaders": list(CORS.expose_headers),
        "MaxAge": CORS.max_age,
    }


def test_the_stage_throttles_and_logs_requests_without_tokens_or_queries(dev: Cloud) -> None:
    stage = dev.only("api", "AWS::ApiGatewayV2::Stage")
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"request_id", "route", "status", "ms"} <= fields.keys()
    assert not any("query" in value.lower() or "header" in value.lower() for value in fields.values())
