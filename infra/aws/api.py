"""The HTTP APIs: their routes, which the functions declare, and the authorizers that protect these routes."""

import json
from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from constructs import Construct

from infra.aws.checks import acknowledge
from infra.aws.identity import TokenIssuers
from infra.aws.lambda_function import LambdaFunction
from infra.aws.retention import log_group
from infra.aws.stack import PlatformStack
from infra.environments import Environment
from infra.functions import DEFAULT_ROUTE
from infra.http_api import CORS, HttpApi

_ACCESS_LOG = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "address": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
    "authorizer_error": "$context.authorizer.error",
    "subject": "$context.authorizer.claims.sub",
}


class Api(PlatformStack):
    """The stack of one HTTP API of one environment. Its JWT authorizer protects the routes of functions that declare
    `auth = "required"`. Functions that declare `auth = "optional"` verify tokens themselves.

    The API gets only the routes of `functions` that belong to the HTTP API `settings` by their path.
    """

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        settings: HttpApi,
        issuers: TokenIssuers,
        functions: Iterable[LambdaFunction],
    ) -> None:
        super().__init__(scope, settings.name, environment)
        self.settings = settings
        self.api = gateway.HttpApi(
            self,
            "http",
            api_name=environment.resource(settings.name),
            create_default_stage=False,
            cors_preflight=gateway.CorsPreflightOptions(
                allow_origins=list(CORS.allow_origins),
                allow_methods=[gateway.CorsHttpMethod(method) for method in CORS.allow_methods],
                allow_headers=list(CORS.allow_headers),
                expose_headers=list(CORS.expose_headers),
                max_age=cdk.Duration.seconds(CORS.max_age),
            ),
        )
        self.stage = self._add_stage(environment)
        staff = issuers.staff
        audiences = [staff.console] if settings.only_staff else staff.audiences
        authorizer = authorizers.HttpJwtAuthorizer("jwt", staff.url, jwt_audience=list(audiences))
        for function in functions:
            self._add_routes(function, authorizer)
        cdk.CfnOutput(
            self, "origin", value=self.api.api_endpoint, description="Refuses requests that CloudFront did not send"
        )

    def _add_stage(self, environment: Environment) -> gateway.CfnStage:
        # All log groups with the prefix /aws/vendedlogs share one resource policy. With any other prefix, each log
        # group would need its own policy.
        logs = log_group(self, "log", environment, f"/aws/vendedlogs/{environment.resource(self.settings.name)}")
        return gateway.CfnStage(
            self,
            "default",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=gateway.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True,
                throttling_rate_limit=self.settings.rate,
                throttling_burst_limit=self.settings.burst,
            ),
            # The limit for requests that match no route. Above this rate, the gateway returns 429. Callers send few
            # such requests.
            route_settings={
                DEFAULT_ROUTE: {
                    "DetailedMetricsEnabled": True,
                    "ThrottlingRateLimit": min(100, self.settings.rate // 10),
                    "ThrottlingBurstLimit": min(50, self.settings.burst // 10),
                }
            },
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=logs.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
        )

    def _add_routes(self, function: LambdaFunction, authorizer: gateway.IHttpRouteAuthorizer) -> None:
        """Add those routes of a function that belong to the API. The routes share one integration and one
        permission."""
        integration = integrations.HttpLambdaIntegration(
            function.spec.name, function.function, scope_permission_to_route=False
        )
        for route in function.spec.routes_in(self.settings):
            method, _, path = route.partition(" ")
            is_default = route == DEFAULT_ROUTE
            http_route = gateway.HttpRoute(
                self.api,
                "default" if is_default else f"{method}{path}",
                http_api=self.api,
                route_key=gateway.HttpRouteKey.DEFAULT
                if is_default
                else gateway.HttpRouteKey.with_(path, gateway.HttpMethod(method)),
                integration=integration,
                authorizer=authorizer if function.spec.auth == "required" else None,
            )
            if is_default:
                self.stage.node.add_dependency(http_route)
            if function.spec.auth != "required":
                acknowledge(
                    http_route,
                    "APIG4",
                    f"The declaration opens {route} to visitors without a token; "
                    "the function verifies any token that a request has",
                )
