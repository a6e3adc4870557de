"""Checks of every synthesis beyond CloudFormation's own rules: the AWS Solutions rules of cdk-nag.

A finding fails the synthesis unless its construct acknowledges it with a reason.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def enable(app: cdk.App) -> None:
    """Check every synthesis of `app`."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept the finding `rule` (`L1`, `IAM5[Resource::*]`) in `construct` and its children, for this reason."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def acknowledge_wildcard(construct: IConstruct, arn: str, reason: str) -> None:
    """Accept an ARN that contains `*`. The rule id spells the ARN with placeholders instead of CDK tokens."""
    printed = arn.replace(cdk.Aws.PARTITION, "<AWS::Partition>").replace(cdk.Aws.ACCOUNT_ID, "<AWS::AccountId>")
    acknowledge(construct, f"IAM5[Resource::{printed}]", reason)
