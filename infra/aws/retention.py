"""Removal policies of resources and retention of logs."""

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
    """Retain the data of a permanent environment when its stack is deleted. Destroy it in other environments."""
    return cdk.RemovalPolicy.RETAIN if environment.permanent else cdk.RemovalPolicy.DESTROY


def log_group(scope: Construct, id: str, environment: Environment, name: str) -> logs.LogGroup:
    """A log group with the retention of the environment. AWS services would create one that never expires."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        retention=_DAYS[environment.log_days],
        removal_policy=removal_policy(environment),
    )
