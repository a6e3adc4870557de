"""CloudFront and its firewall in front of the HTTP APIs.

CloudFront compresses the pages of storefronts, and caches them for the time that their header `Cache-Control` states.
CloudFront adds a secret to each request, and the functions refuse requests without the secret
(`wecelebrate.core.edge`). CloudFront sends each request to the HTTP API to which its path belongs (`infra.http_api`).
The default endpoints of the HTTP APIs must stay enabled, because they are the origins of CloudFront.
"""

from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_secretsmanager as secrets
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.aws.api import Api
from infra.aws.checks import acknowledge_distribution
from infra.aws.stack import PlatformStack
from infra.environments import Environment
from infra.http_api import MAIN_API, PATHS_OUTPUT, PATTERNS, api_of, sent_paths
from wecelebrate.core.edge import SECRET_HEADER

_VIEWER_REQUEST = Path(__file__).with_name("viewer_request.js")
WAF_REGION = "us-east-1"
"""The only region in which a firewall of CloudFront can be created."""
CACHED_PATHS = ("/v1/storefront/*", "/problems", "/problems/*")
"""The paths whose responses can be public. Every other response has `Cache-Control: no-store`."""
_KEY_HEADERS = ("Authorization", "Origin", "Accept", "Consistency-Token")
"""The request headers on which a response can depend. The cache keeps one response for each combination of their
values."""
_MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
_COUNTED_RULES = (
    "SizeRestrictions_BODY",
    "SizeRestrictions_QUERYSTRING",
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "NoUserAgent_HEADER",
)
"""The rules of AWSManagedRulesCommonRuleSet that only count requests. If these rules blocked requests, they would
refuse bulk imports, product texts in HTML with links or paths, and programs that send no `User-Agent`. They would also
refuse query strings above 2 KiB, but a cursor may have 6 KiB, and requests to the key-value store contain lists of
keys. The functions check bodies and query strings themselves."""


class Edge(PlatformStack):
    """The stack of the CloudFront distribution of all HTTP APIs, and of its firewall."""

    def __init__(
        self, scope: Construct, environment: Environment, apis: Sequence[Api], secret: secrets.ISecret
    ) -> None:
        super().__init__(scope, "edge", environment)
        if environment.region != WAF_REGION:
            raise ValueError(
                f"the firewall of CloudFront must be in {WAF_REGION}: create its environment in this region"
            )
        self._environment = environment
        self.firewall = self._create_firewall(environment)
        self.distribution = self._create_distribution(environment, apis, secret)
        self.host = environment.settings.domain or self.distribution.distribution_domain_name
        cdk.CfnOutput(self, "url", value=f"https://{self.host}")
        cdk.CfnOutput(self, "target", value=self.distribution.distribution_domain_name)
        cdk.CfnOutput(self, PATHS_OUTPUT, value=", ".join(sent_paths()))

    def _create_distribution(
        self, environment: Environment, apis: Sequence[Api], secret: secrets.ISecret
    ) -> cloudfront.Distribution:
        origin_of = {api.settings.name: self._origin(environment, api, secret) for api in apis}
        settings = environment.settings
        certificate = (
            certificates.Certificate.from_certificate_arn(self, "certificate", settings.certificate)
            if settings.certificate
            else None
        )
        viewer_request = self._viewer_request()
        cached: cloudfront.ICachePolicy = self._create_cache_policy(environment)
        uncached: cloudfront.ICachePolicy = cloudfront.CachePolicy.CACHING_DISABLED
        policies = dict.fromkeys(PATTERNS, uncached) | dict.fromkeys(CACHED_PATHS, cached)
        distribution = cloudfront.Distribution(
            self,
            "api",
            comment=f"API of {environment.resource('platform')}",
            domain_names=[settings.domain] if settings.domain else None,
            certificate=certificate,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            web_acl_id=self.firewall.attr_arn,
            default_behavior=self._behavior(origin_of[MAIN_API.name], uncached, viewer_request),
            additional_behaviors={
                pattern: self._behavior(origin_of[api_of(pattern).name], policy, viewer_request)
                for pattern, policy in policies.items()
            },
        )
        reasons = {
            "CFR1": "The shops have customers in every country",
            "CFR3": "The gateway logs each request that misses the cache; a log of hits would only count readers",
        }
        acknowledge_distribution(distribution, reasons, has_certificate=certificate is not None)
        return distribution

    def _origin(self, environment: Environment, api: Api, secret: secrets.ISecret) -> cloudfront.IOrigin:
        return origins.HttpOrigin(
            f"{api.api.api_id}.execute-api.{environment.region}.{cdk.Aws.URL_SUFFIX}",
            custom_headers={SECRET_HEADER: secret.secret_value.unsafe_unwrap()},
            read_timeout=cdk.Duration.seconds(30),
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        )

    def _behavior(
        self, origin: cloudfront.IOrigin, cache_policy: cloudfront.ICachePolicy, viewer_request: cloudfront.Function
    ) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cached_methods=cloudfront.CachedMethods.CACHE_GET_HEAD,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            cache_policy=cache_policy,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            compress=True,
            function_associations=[
                cloudfront.FunctionAssociation(
                    event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=viewer_request
                )
            ],
        )

    def _viewer_request(self) -> cloudfront.Function:
        return cloudfront.Function(
            self,
            "viewer-request",
            # All environments would give this resource the same default name.
            function_name=self._environment.resource("viewer-request"),
            code=cloudfront.FunctionCode.from_inline(_VIEWER_REQUEST.read_text("utf-8")),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )

    def _create_cache_policy(self, environment: Environment) -> cloudfront.CachePolicy:
        """Cache a response for the time that its header `Cache-Control` states. A response without this header is not
        cached."""
        return cloudfront.CachePolicy(
            self,
            "storefront",
            cache_policy_name=environment.resource("storefront"),
            min_ttl=cdk.Duration.seconds(0),
            default_ttl=cdk.Duration.seconds(0),
            max_ttl=cdk.Duration.hours(1),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list(*_KEY_HEADERS),
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
            enable_accept_encoding_gzip=True,
            enable_accept_encoding_brotli=True,
        )

    def _create_firewall(self, environment: Environment) -> waf.CfnWebACL:
        counts = environment.settings.firewall == "count"
        managed = [_managed_rule(name, number, counts) for number, name in enumerate(_MANAGED_RULES, start=1)]
        rules = [_rate_rule(0, counts, environment.settings.requests_per_address), *managed]
        return waf.CfnWebACL(
            self,
            "firewall",
            name=environment.resource("api"),
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            rules=rules,
            visibility_config=_visibility("firewall"),
        )


def _rate_rule(priority: int, counts: bool, limit: int) -> waf.CfnWebACL.RuleProperty:
    block = {"customResponse": {"responseCode": 429, "responseHeaders": [{"name": "retry-after", "value": "60"}]}}
    return waf.CfnWebACL.RuleProperty(
        name="requests-per-address",
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(count={}) if counts else waf.CfnWebACL.RuleActionProperty(block=block),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                limit=limit, aggregate_key_type="IP", evaluation_window_sec=300
            )
        ),
        visibility_config=_visibility("requests-per-address"),
    )


def _managed_rule(name: str, priority: int, counts: bool) -> waf.CfnWebACL.RuleProperty:
    counted = _COUNTED_RULES if name == "AWSManagedRulesCommonRuleSet" else ()
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(**{"count" if counts else "none": {}}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    waf.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_visibility(name),
    )


def _visibility(metric: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
