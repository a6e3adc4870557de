"""The access of ERP systems to the drops bucket: one role for each grant in `environments/<name>-erp.toml`.

The role may write the files of its catalogs and read their results, and it may read the order files of its destinations
and write files with changes of orders. A statement in the policy of the bucket denies the role all other access. Even
if an operator later adds a policy to the role, the role cannot access the files of other clients.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.aws.checks import acknowledge_wildcard
from infra.environments import Environment
from infra.operator_settings import ErpGrant


class ErpRoles(Construct):
    """The roles of all ERP systems."""

    def __init__(self, scope: Construct, environment: Environment, bucket: s3.Bucket, bucket_arn: str) -> None:
        """`bucket_arn` is the ARN of `bucket`, built from its name."""
        super().__init__(scope, "erp")
        for grant in environment.settings.erp:
            if grant.ended:
                continue
            role = self._role(environment, grant, bucket_arn)
            _deny_everything_else(bucket, bucket_arn, grant, role)
            output = cdk.CfnOutput(self, f"{grant.name}-role", value=role.role_arn)
            output.override_logical_id(grant.output)

    def _role(self, environment: Environment, grant: ErpGrant, bucket_arn: str) -> iam.Role:
        role = iam.Role(
            self,
            grant.name,
            role_name=environment.resource(f"erp-{grant.name}"),
            assumed_by=iam.ArnPrincipal(grant.principal).with_conditions(
                {"StringEquals": {"sts:ExternalId": grant.external_id}}
            ),
            description=f"The ERP system {grant.name} exchanges files in the drops bucket",
            max_session_duration=cdk.Duration.hours(12),
        )
        for actions, keys in (
            (["s3:PutObject", "s3:AbortMultipartUpload"], write_keys(grant)),
            (["s3:GetObject"], read_keys(grant)),
        ):
            objects = [f"{bucket_arn}/{key}" for key in keys]
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=objects))
            for arn in objects:
                acknowledge_wildcard(role, arn, "The ERP system chooses the names of files in its own folders")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket_arn],
                conditions={"StringLike": {"s3:prefix": [*write_keys(grant), *read_keys(grant)]}},
            )
        )
        return role


def write_keys(grant: ErpGrant) -> list[str]:
    """Return the patterns of the keys that the ERP system may write."""
    return [
        *(f"{catalog}/incoming/*" for catalog in grant.catalogs),
        *(f"orders/{destination}/incoming/*" for destination in grant.destinations),
    ]


def read_keys(grant: ErpGrant) -> list[str]:
    """Return the patterns of the keys that the ERP system may read."""
    return [
        *(f"{catalog}/results/*" for catalog in grant.catalogs),
        *(f"orders/{destination}/{folder}/*" for destination in grant.destinations for folder in ("out", "results")),
    ]


def _deny_everything_else(bucket: s3.Bucket, bucket_arn: str, grant: ErpGrant, role: iam.Role) -> None:
    allowed = [f"{bucket_arn}/{key}" for key in (*write_keys(grant), *read_keys(grant))]
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.ArnPrincipal(role.role_arn)],
            actions=["s3:*"],
            not_resources=[bucket_arn, *allowed],
        )
    )
