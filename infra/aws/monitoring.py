"""The monitoring for operators: alarms, a dashboard, a check of the public endpoint, and a budget.

All alarms go to one topic. If the operator has set `alarm_email`, the topic sends a mail for each alarm. Grafana and
Sentry can read the same metrics and logs. The platform does not need these programs.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.aws.alarms import Alarm, api_alarms, database_alarms, function_alarms, platform_alarms, queue_alarms
from infra.aws.api import Api
from infra.aws.checks import acknowledge
from infra.aws.dashboard import widgets
from infra.aws.edge import Edge
from infra.aws.stack import PlatformStack
from infra.environments import Environment
from infra.functions import FunctionSpec

CANARY_PATH = "/v1/health"
RUNBOOK = "docs/runbook.md"


class Monitoring(PlatformStack):
    """The stack of the alarms and the dashboard. It depends on the other stacks, and no stack depends on it."""

    def __init__(
        self, scope: Construct, environment: Environment, apis: Sequence[Api], edge: Edge, specs: Sequence[FunctionSpec]
    ) -> None:
        super().__init__(scope, "monitoring", environment)
        self._environment = environment
        self.topic = self._create_topic()
        api_ids = {api.settings.name: api.api.api_id for api in apis}
        for alarm in (
            *function_alarms(environment, specs),
            *queue_alarms(environment, specs),
            *database_alarms(environment),
            *api_alarms(api_ids),
            *platform_alarms(environment),
        ):
            self._add(alarm)
        self._add_canary(edge.host)
        self._add_budget()
        dashboard = cloudwatch.Dashboard(self, "dashboard", dashboard_name=environment.resource("platform"))
        dashboard.add_widgets(*widgets(environment, api_ids, specs))

    def _create_topic(self) -> sns.Topic:
        topic = sns.Topic(self, "alarms", topic_name=self._environment.resource("alarms"), enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[
                    iam.ServicePrincipal(service) for service in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
                ],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
        acknowledge(topic, "SNS2", "An alarm contains no data of clients, and CloudWatch could not use the default key")
        email = self._environment.settings.alarm_email
        if email:
            topic.add_subscription(subscriptions.EmailSubscription(email))
        cdk.CfnOutput(self, "topic", value=topic.topic_arn)
        return topic

    def _add(self, alarm: Alarm) -> None:
        comparison = cloudwatch.ComparisonOperator
        created = cloudwatch.Alarm(
            self,
            alarm.name,
            alarm_name=self._environment.resource(alarm.name),
            alarm_description=f"{alarm.target or 'The platform'}: {alarm.summary}. See {RUNBOOK}, Alarm {alarm.kind}.",
            metric=cloudwatch.Metric(
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                dimensions_map=alarm.dimensions,
                statistic=alarm.statistic,
                period=cdk.Duration.minutes(alarm.minutes),
            ),
            threshold=alarm.threshold,
            comparison_operator=comparison.LESS_THAN_THRESHOLD
            if alarm.below
            else comparison.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=alarm.periods,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if alarm.below
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        created.add_alarm_action(actions.SnsAction(self.topic))
        created.add_ok_action(actions.SnsAction(self.topic))

    def _add_canary(self, host: str) -> None:
        """Add a health check that requests the public URL of the API from several continents every 30 seconds."""
        check = route53.CfnHealthCheck(
            self,
            "health-check",
            health_check_config=route53.CfnHealthCheck.HealthCheckConfigProperty(
                type="HTTPS",
                fully_qualified_domain_name=host,
                resource_path=CANARY_PATH,
                port=443,
                request_interval=30,
                failure_threshold=3,
                enable_sni=True,
            ),
            health_check_tags=[
                route53.CfnHealthCheck.HealthCheckTagProperty(key="Name", value=self._environment.resource("canary"))
            ],
        )
        dimensions = {"HealthCheckId": check.ref}
        silent = "the public endpoint does not answer"
        self._add(Alarm("canary", "", silent, "AWS/Route53", "HealthCheckStatus", "Minimum", 1, dimensions, True, 1, 3))

    def _add_budget(self) -> None:
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)
        budget = budgets.CfnBudget(
            self,
            "budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._environment.resource("budget"),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self._environment.budget, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:environment${self._environment.name}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN", notification_type=kind, threshold=threshold
                    ),
                    subscribers=[subscriber],
                )
                for kind, threshold in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )
        budget.node.add_dependency(self.topic)
