"""Tests the properties of the network on which the runbook depends."""

from tests.infra.aws.conftest import prod, specs, stub_layers
from tests.infra.aws.templates import Templates

__all__ = ["prod", "specs", "stub_layers"]


def test_the_third_zone_of_prod_uses_the_nat_gateway_of_the_first_zone(prod: Templates) -> None:
    """The runbook states which zone loses its access to the internet if another zone fails."""
    routes = prod.of_type("network", "AWS::EC2::Route")
    gateways = {
        name[name.index("functionsSubnet") :].removeprefix("functionsSubnet")[0]: route["NatGatewayId"]["Ref"]
        for name, route in routes.items()
        if "NatGatewayId" in route
    }
    assert gateways.keys() == {"1", "2", "3"}
    assert gateways["3"] == gateways["1"] != gateways["2"]


def test_the_subnets_and_route_tables_have_the_tags_that_the_runbook_uses(prod: Templates) -> None:
    for kind in ("AWS::EC2::Subnet", "AWS::EC2::RouteTable"):
        for resource in prod.of_type("network", kind).values():
            tags = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
            assert (tags["platform"], tags["environment"]) == ("wecelebrate", "prod")
            assert tags["Name"].startswith("network/vpc/")
