"""The network of functions and database.

Functions run in private subnets behind a NAT gateway, because they call Upstash and fetch the signing keys of tokens
over the internet. The database is in isolated subnets, which have no route to the internet.

Only S3 has a VPC endpoint. A gateway endpoint is free and keeps the largest traffic (ERP files) off the NAT. Interface
endpoints for other services are not worth their price: each costs 7.30 USD a month per zone, which pays off above about
160 GB a month per zone. Functions send only megabytes to SQS, read no secret at run time, and sign IAM tokens for the
database locally.
"""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.aws.retention import log_group
from infra.aws.stack import PlatformStack
from infra.environments import Environment


class Network(PlatformStack):
    """One VPC that spans the zones of the environment."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "network", environment)
        self.vpc = ec2.Vpc(
            self,
            "vpc",
            availability_zones=list(environment.zones),
            nat_gateways=environment.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                # Functions share network interfaces today. The large subnet leaves room for more interfaces.
                ec2.SubnetConfiguration(name="functions", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
                ec2.SubnetConfiguration(name="data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
            gateway_endpoints={"s3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
            # CDK would add a custom resource with a function, only to empty a security group that nothing here uses.
            restrict_default_security_group=False,
        )
        # Rejected traffic only. A log of all traffic would be the largest log of the account.
        self.vpc.add_flow_log(
            "refused",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log_group(self, "flow-log", environment, f"/wecelebrate/{environment.name}/refused-traffic")
            ),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
