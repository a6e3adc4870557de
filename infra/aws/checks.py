"""Checks the templates against the AWS Solutions rules of cdk-nag at every synthesis.

A finding makes the synthesis fail. The code can accept a finding with `acknowledge` and a reason.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
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


def acknowledge_value(construct: IConstruct, reason: str) -> None:
    """Accept a value that CDK's check does not know, e.g. a version that is newer than the check."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id="CloudFormation-Validate::E9006", reason=reason))


def acknowledge_distribution(
    distribution: cloudfront.Distribution, reasons: Mapping[str, str], *, has_certificate: bool
) -> None:
    """Accept the findings of rules in a CloudFront distribution.

    reasons: maps each rule to the reason why its findings are acceptable.

    has_certificate: whether the operator has set a domain and its certificate. If not, the function also accepts that
    browsers can use an old version of TLS (rule CFR4).
    """
    own_domain = {} if has_certificate else {"CFR4": "CloudFront's own domains have no newer minimum version of TLS"}
    for rule, reason in {**reasons, **own_domain}.items():
        acknowledge(distribution, rule, reason)


def acknowledge_wildcard(construct: IConstruct, arn: str, reason: str) -> None:
    """Accept the finding that a policy allows access to an ARN with `*`.

    The id of the finding contains the ARN, with placeholders in the place of CDK tokens.
    """
    arn_in_rule = arn.replace(cdk.Aws.PARTITION, "<AWS::Partition>").replace(cdk.Aws.ACCOUNT_ID, "<AWS::AccountId>")
    acknowledge(construct, f"IAM5[Resource::{arn_in_rule}]", reason)
