"""What stays when its stack goes, and for how long logs are kept."""

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
    """Data of a lasting environment outlives its stack."""
    return cdk.RemovalPolicy.RETAIN if environment.lasting else cdk.RemovalPolicy.DESTROY


def log_group(scope: Construct, id: str, environment: Environment, name: str) -> logs.LogGroup:
    """A log group that forgets. The services would make one by themselves, and keep it forever."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        retention=_DAYS[environment.log_days],
        removal_policy=removal_policy(environment),
    )
