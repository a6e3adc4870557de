"""The network of the functions and the database.

The functions run in private subnets, and reach the internet through a NAT gateway. They need the internet to call
Upstash, and to fetch the public keys of the token issuer. The database is in isolated subnets, which have no route to
the internet.

Only S3 has a VPC endpoint. It is a gateway endpoint, which is free. With this endpoint, the largest part of the traffic
(ERP files) does not pass through the NAT gateway.

Other services would need interface endpoints. An interface endpoint costs 7.30 USD a month in each zone. In comparison
with the NAT gateway, this price is lower only for more than about 160 GB a month in each zone. The functions send far
less. They send only megabytes to SQS, and read no secret at run time. They sign the IAM tokens for the database without
a network call.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.aws.retention import log_group
from infra.aws.stack import PlatformStack
from infra.deploy.stacks import RELEASE_OUTPUT, SCHEMA_OUTPUT, ZONES_OUTPUT
from infra.environments import Environment


class Network(PlatformStack):
    """The stack of the VPC, which has subnets in all zones of the environment."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "network", environment)
        self.vpc = ec2.Vpc(
            self,
            "vpc",
            availability_zones=list(environment.zones),
            nat_gateways=environment.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                # All functions together use only a few network interfaces. These subnets have addresses for many more
                # interfaces.
                ec2.SubnetConfiguration(name="functions", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
                ec2.SubnetConfiguration(name="data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
            gateway_endpoints={"s3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
            # With the value True, CDK would add a function that removes all rules from the default security group.
            # No resource uses that group.
            restrict_default_security_group=False,
        )
        # Log only rejected traffic. A log of all traffic would be the largest log of the account.
        self.vpc.add_flow_log(
            "refused",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log_group(self, "flow-log", environment, f"/wecelebrate/{environment.name}/refused-traffic")
            ),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        cdk.CfnOutput(self, ZONES_OUTPUT, value=", ".join(environment.zones))
        # This stack is deployed before the migrations run. Therefore the output can name a release whose deploy failed
        # later.
        newest = self.node.try_get_context(SCHEMA_OUTPUT) or self.node.try_get_context(RELEASE_OUTPUT)
        cdk.CfnOutput(self, SCHEMA_OUTPUT, value=newest or "unknown")
