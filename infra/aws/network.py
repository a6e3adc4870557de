"""The network: where functions run, and where the database stands.

Functions are in private subnets behind NAT, for they call Upstash and fetch the signing keys of tokens over the
internet; the database is in isolated ones, with no way out.

Only S3 has an endpoint of its own: a gateway endpoint costs nothing and takes the bulk (ERP files) off the NAT. An
interface endpoint costs 7.30 USD a month in each zone, so it pays above about 160 GB a month a zone through the NAT;
what functions send to SQS is megabytes, they read no secret at run time, and IAM tokens for the database are signed
without a call.
"""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.aws.retention import log_group
from infra.aws.stack import PlatformStack
from infra.environments import Environment


class Network(PlatformStack):
    """One VPC over the environment's zones."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "network", environment)
        self.vpc = ec2.Vpc(
            self,
            "vpc",
            availability_zones=list(environment.zones),
            nat_gateways=environment.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                # Lambda shares a network interface among functions; the room is for the day when it needs more of them.
                ec2.SubnetConfiguration(name="functions", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
                ec2.SubnetConfiguration(name="data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
            gateway_endpoints={"s3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
            # A custom resource and its function, to empty a group that nothing here uses.
            restrict_default_security_group=False,
        )
        # Only what was refused: all traffic would be the largest log of the account.
        self.vpc.add_flow_log(
            "refused",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log_group(self, "flow-log", environment, f"/wecelebrate/{environment.name}/refused-traffic")
            ),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
