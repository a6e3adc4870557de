"""Tests CloudFront in front of the API: its cache, its firewall, its secret, and the headers about the visitor."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.aws.edge import _VIEWER_REQUEST, CACHED_PATHS
from infra.http_api import PATHS_OUTPUT
from tests.infra.aws.templates import Templates


def distribution(cloud: Templates) -> dict[str, Any]:
    config: dict[str, Any] = cloud.only("edge", "AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def _text(cloud: Templates, stack: str) -> str:
    return json.dumps(cloud.templates[stack])


def secret_of(value: Any) -> str:
    """Return the logical id of the stack output that contains the secret of a dynamic reference."""
    parts = value["Fn::Join"][1]
    assert parts[0] == "{{resolve:secretsmanager:"
    reference = parts[1]
    return str(reference["Fn::GetStackOutput"]["OutputName"] if "Fn::GetStackOutput" in reference else reference["Ref"])


def test_functions_accept_the_newest_and_the_previous_secret_of_cloudfront(
    named: Templates,
) -> None:
    first, *others = distribution(named)["Origins"]
    assert all(origin["OriginCustomHeaders"] == first["OriginCustomHeaders"] for origin in others)
    (header,) = first["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-origin-secret"
    output = named.templates["functions"]["Outputs"][secret_of(header["HeaderValue"])]
    accepted = named.function("api-me-read")["Environment"]["Variables"]["WC_ORIGIN_SECRETS"]["Fn::Join"][1]
    references = [part["Ref"] for part in accepted if isinstance(part, dict)]
    assert [reference[: len("originsecret7")] for reference in references] == ["originsecret7", "originsecret6"]
    assert output["Value"] == {"Ref": references[0]}
    assert accepted[0].startswith("{{resolve:secretsmanager:")


def test_only_the_functions_of_the_api_get_the_secrets_of_cloudfront(dev: Templates) -> None:
    for function in dev.of_type("functions", "AWS::Lambda::Function").values():
        name = function.get("FunctionName", "")
        variables = function.get("Environment", {}).get("Variables", {})
        assert ("WC_ORIGIN_SECRETS" in variables) == name.startswith("wecelebrate-dev-api-")


def test_only_storefronts_and_problem_pages_are_cached(dev: Templates) -> None:
    config = distribution(dev)
    disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # the id of the managed policy CachingDisabled
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    cached = {each["PathPattern"] for each in config["CacheBehaviors"] if each["CachePolicyId"] != disabled}
    assert cached == set(CACHED_PATHS)
    policy = dev.only("edge", "AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    parameters = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert parameters["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert set(parameters["HeadersConfig"]["Headers"]) == {"Authorization", "Origin", "Accept", "Consistency-Token"}
    assert parameters["EnableAcceptEncodingBrotli"] and parameters["EnableAcceptEncodingGzip"]


def test_cloudfront_sends_each_request_to_the_api_that_serves_the_path(dev: Templates, named: Templates) -> None:
    for cloud in (dev, named):
        config = distribution(cloud)
        stack_of = {}
        for origin in config["Origins"]:
            id, suffix = origin["DomainName"]["Fn::Join"][1][0], origin["DomainName"]["Fn::Join"][1][1]
            assert suffix == ".execute-api.us-east-1."
            stack_of[origin["Id"]], _ = cloud.follow("edge", id)
        stacks = {each["PathPattern"]: stack_of[each["TargetOriginId"]] for each in config["CacheBehaviors"]}
        assert stacks == {
            "/v1/storefront/*": "storefront-api",
            "/v1/admin/*": "staff-api",
            "/problems": "api",
            "/problems/*": "api",
        }
        assert stack_of[config["DefaultCacheBehavior"]["TargetOriginId"]] == "api"
        sent = cloud.templates["edge"]["Outputs"][PATHS_OUTPUT]["Value"]
        assert sent == "/v1/storefront/* storefront-api, /v1/admin/* staff-api"


def test_cloudfront_uses_only_one_output_of_the_main_api(dev: Templates) -> None:
    """A deploy that moves paths updates `edge` before the main API. Therefore `edge` must work with the outputs of the
    previous release."""
    outputs = set(
        re.findall(r'"wecelebrate-dev-api", "Region": "us-east-1", "OutputName": "(\w+)"', _text(dev, "edge"))
    )
    assert outputs == {"PublishOutputRefhttpD8F39B445D275115"}
    assert dev.follow("api", dev.templates["api"]["Outputs"][outputs.pop()]["Value"]) == ("api", "httpD8F39B44")


def test_the_cache_behaviors_of_cloudfront_differ_only_in_their_cache_policy_and_their_api(dev: Templates) -> None:
    config = distribution(dev)
    different = {"PathPattern", "CachePolicyId", "TargetOriginId"}
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    same = [{key: value for key, value in each.items() if key not in different} for each in behaviors]
    assert all(each == same[0] for each in same)


def test_cloudfront_requires_tls_and_checks_each_request_with_the_firewall(dev: Templates, named: Templates) -> None:
    for cloud in (dev, named):
        config = distribution(cloud)
        assert config["HttpVersion"] == "http2and3"
        (firewall,) = cloud.of_type("edge", "AWS::WAFv2::WebACL")
        assert config["WebACLId"] == {"Fn::GetAtt": [firewall, "Arn"]}
        for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
            assert behavior["ViewerProtocolPolicy"] == "https-only"
            assert len(behavior["FunctionAssociations"]) == 1
    assert "Aliases" not in distribution(dev)
    assert distribution(named)["Aliases"] == ["api.example.com"]
    assert distribution(named)["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert named.templates["edge"]["Outputs"]["url"]["Value"] == "https://api.example.com"


def test_the_operator_can_set_how_many_requests_the_firewall_accepts_from_an_address(
    dev: Templates, named: Templates
) -> None:
    for templates, limit in ((dev, 3_000), (named, 9_000)):
        rule = templates.only("edge", "AWS::WAFv2::WebACL")["Rules"][0]
        assert rule["Statement"]["RateBasedStatement"]["Limit"] == limit


def test_the_firewall_limits_requests_per_ip_address_and_uses_the_managed_rules_of_aws(dev: Templates) -> None:
    rules = dev.only("edge", "AWS::WAFv2::WebACL")["Rules"]
    assert [rule["Priority"] for rule in rules] == list(range(len(rules)))
    assert rules[0]["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert rules[0]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    groups = [rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in rules[1:]]
    assert "AWSManagedRulesCommonRuleSet" in groups and "AWSManagedRulesKnownBadInputsRuleSet" in groups


def test_a_firewall_in_count_mode_blocks_no_request(named: Templates) -> None:
    first, *managed = named.only("edge", "AWS::WAFv2::WebACL")["Rules"]
    assert first["Action"] == {"Count": {}}
    assert [rule["OverrideAction"] for rule in managed] == [{"Count": {}}] * len(managed)


def test_firewall_rules_that_would_refuse_valid_requests_only_count_requests(dev: Templates) -> None:
    rules = {rule["Name"]: rule for rule in dev.only("edge", "AWS::WAFv2::WebACL")["Rules"]}
    group = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    assert all(override["ActionToUse"] == {"Count": {}} for override in group["RuleActionOverrides"])
    assert {override["Name"] for override in group["RuleActionOverrides"]} == {
        "SizeRestrictions_BODY",
        "SizeRestrictions_QUERYSTRING",
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",
    }


def test_the_names_of_global_resources_of_cloudfront_contain_the_environment(dev: Templates) -> None:
    assert dev.only("edge", "AWS::CloudFront::Function")["Name"] == "wecelebrate-dev-viewer-request"
    policy = dev.only("edge", "AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    assert policy["Name"] == "wecelebrate-dev-storefront"


def test_the_function_of_cloudfront_replaces_the_address_header_of_a_visitor() -> None:
    event = """{
      viewer: { ip: '2001:db8::7' },
      request: { headers: { host: { value: 'api.example.com' }, 'x-viewer-address': { value: '1.2.3.4' } } },
    }"""
    script = f"{_VIEWER_REQUEST.read_text()}; console.log(JSON.stringify(handler({event}).headers))"
    node = Path(sys.executable).with_name("node")
    result = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == (
        '{"host":{"value":"api.example.com"},"x-viewer-address":{"value":"2001:db8::7"},'
        '"x-viewer-host":{"value":"api.example.com"}}'
    )
