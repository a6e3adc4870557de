"""How long data is kept: the removal policy of resources, and log groups with a retention."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.environments import Environment

_DAYS = {
    1: logs.RetentionDays.ONE_DAY,
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def removal_policy(environment: Environment) -> cdk.RemovalPolicy:
    """Return the policy that decides whether data is kept when its stack is deleted.

    A permanent environment keeps the data. All other environments destroy the data. If the first deploy of a stack
    fails, its resources are deleted, so that the next attempt can create resources with the same names.
    """
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if environment.permanent else cdk.RemovalPolicy.DESTROY


def log_group(scope: Construct, id: str, environment: Environment, name: str) -> logs.LogGroup:
    """Create a log group with the retention of the environment.

    Otherwise the AWS service that writes the log would create a log group whose entries never expire. The log group is
    deleted with its stack. If it still existed, the next deploy of the stack would fail, because the name of the log
    group is fixed.
    """
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        retention=_DAYS[environment.log_days],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
