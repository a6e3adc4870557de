"""What a synthesis is checked against beyond CloudFormation's own rules: the AWS Solutions rules of cdk-nag.

A finding fails the synthesis unless the construct that it is about acknowledges it, with a reason.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def add_to(app: cdk.App) -> None:
    """Have every synthesis of `app` checked."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept the finding `rule` (`L1`, `IAM5[Resource::*]`) in `construct` and below it, for this reason."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def acknowledge_wildcard(construct: IConstruct, arn: str, reason: str) -> None:
    """Accept a resource with a `*` in it, which the rules call by how it reads before it is deployed."""
    read = arn.replace(cdk.Aws.PARTITION, "<AWS::Partition>").replace(cdk.Aws.ACCOUNT_ID, "<AWS::AccountId>")
    acknowledge(construct, f"IAM5[Resource::{read}]", reason)
