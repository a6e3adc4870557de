"""Checks the templates against the AWS Solutions rules of cdk-nag at every synthesis.

A finding makes the synthesis fail, unless our code accepts this finding with `acknowledge` and a reason.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def enable(app: cdk.App) -> None:
    """Check the templates of `app` against the AWS Solutions rules at every synthesis."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept the findings of a rule in `construct` and its children.

    rule: the id of the finding, e.g. `L1` or `IAM5[Resource::*]`. reason: why the finding is acceptable.
    """
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def acknowledge_wildcard(construct: IConstruct, arn: str, reason: str) -> None:
    """Accept the finding that a policy allows access to an ARN with `*`.

    The id of the finding contains the ARN, with placeholders in the place of CDK tokens.
    """
    arn_in_rule = arn.replace(cdk.Aws.PARTITION, "<AWS::Partition>").replace(cdk.Aws.ACCOUNT_ID, "<AWS::AccountId>")
    acknowledge(construct, f"IAM5[Resource::{arn_in_rule}]", reason)
